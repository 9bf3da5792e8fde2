#!/usr/bin/env bash
# A run of two ranks that Ctrl-C stops, goes on in another folder on one rank, and is then trained for more epochs than
# were planned (docs/runs.md).
source "$(dirname "$0")/job.sh"
run="train.epochs=1 train.epoch_size=20000 train.threads=1 model.width=4 log.every=5 eval.batch=1000"
interrupted runs/a/steps.csv "imgcls launch -n 2 -- imgcls train configs/data/fashion-mnist.json \
    configs/train/demo.json $run run.dir=runs/a"
says "stopped by .* after step [0-9]+; saved runs/a/checkpoints/step-"
says "the same command resumes"
stopped=$(sed -nE 's/.* after step ([0-9]+); saved.*/\1/p' "$said")

typed "mkdir elsewhere && cp -a runs/a elsewhere/b"
typed "imgcls train elsewhere/b/config.json run.dir=elsewhere/b"
says "resuming from elsewhere/b/checkpoints/step-0*$stopped: step $stopped of 78"
says "done: top-1 .*; 78 steps"
is_at_least "top-1" "$(sed -nE 's/.*done: top-1 ([0-9.]+) %.*/\1/p' "$said")" 60

typed "imgcls train elsewhere/b/config.json run.dir=elsewhere/b"
says "nothing left to do, the run had ended already"
says "longer +train.epochs=N checkpoint.resume=changed"
typed_wrong 1 "imgcls train elsewhere/b/config.json run.dir=elsewhere/b train.epochs=2"
says "train.epochs: 1 before, 2 now"
typed "imgcls train elsewhere/b/config.json run.dir=elsewhere/b train.epochs=2 checkpoint.resume=changed"
says "resuming from .*: step 78 of 156"
says "done: top-1 .*; 156 steps"
[[ $(wc -l <elsewhere/b/train_log.csv) == 3 ]] || fail "train_log.csv has not a row for each epoch"
done_with_it
