#!/usr/bin/env bash
# Three learning rates, one page (README.md, docs/report.md).
source "$(dirname "$0")/job.sh"
typed "for lr in 0.02 0.1 0.5; do
    imgcls train configs/data/fashion-mnist.json configs/train/demo.json model.width=4 train.threads=1 \
        train.max_steps=30 eval.batch=1000 log.every=5 optimizer.lr=\$lr run.dir=runs/lr-\$lr
done"
typed "imgcls report runs -o rates.html --png rates --title 'Three rates'"
says "rates.html: 3 runs"
for rate in 0.02 0.1 0.5; do grep -q "lr-$rate" rates.html || fail "lr-$rate is not in the page"; done
! grep -qE "(src|href)=.?https?:" rates.html || fail "the page asks for something"
python3 "$source_folder/tests/report/check_report.py" rates.html runs/lr-0.02 runs/lr-0.1 runs/lr-0.5
for plot in step_vs_acc1 time_vs_acc1; do has "rates/$plot.png"; done
done_with_it
