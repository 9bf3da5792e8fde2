#!/usr/bin/env bash
# A run in TensorBoard and at Weights & Biases (docs/report.md).
source "$(dirname "$0")/job.sh"
typed "imgcls train configs/data/fashion-mnist.json configs/train/demo.json model.width=4 train.threads=1 \
    train.max_steps=20 eval.batch=1000 log.every=5 log.wandb=true log.wandb_project=rates run.dir=runs/first"
says "imgcls wandb sync runs/first"
has runs/first/events.out.tfevents.*
missing=()

tensorboard=${IMGCLS_TENSORBOARD_PYTHON:-}
if [[ -n $tensorboard ]]; then
  typed "$tensorboard -m tensorboard.main --logdir runs --inspect --tag acc1"
  says "Event statistics for tag acc1 in runs/first/val"
  says "num_steps +1"
else
  missing+=("IMGCLS_TENSORBOARD_PYTHON names no Python with tensorboard")
fi

wandb=${IMGCLS_WANDB_PYTHON:-}
if [[ -n $wandb ]]; then
  mkdir "$work/client"
  printf '#!/bin/sh\nexec %s -m wandb "$@"\n' "$wandb" >"$work/client/wandb"
  chmod +x "$work/client/wandb"
  typed "PATH=$work/client:\$PATH python3 $source_folder/tests/support/wandb_server.py arrived.json \
      imgcls wandb sync runs/first"
  python3 - arrived.json <<'END'
import json, sys
arrived = json.load(open(sys.argv[1]))
assert arrived["project"] == "rates" and arrived["name"] == "first", arrived
assert [row["step"] for row in arrived["history"] if "train/loss" in row] == [5, 10, 15, 20], arrived["history"]
assert 0 < arrived["history"][-1]["val/acc1"] < 100, arrived["history"][-1]
END
else
  missing+=("IMGCLS_WANDB_PYTHON names no Python with wandb")
fi
done_with_it
((${#missing[@]} == 0)) || skip "$(printf '%s; ' "${missing[@]}")the run itself was written"
