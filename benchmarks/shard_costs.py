#!/usr/bin/env python3
"""What train.shards costs a step: with a shard a rank, and with eight shards on one rank.

    shard_costs.py PROGRAMS [--rounds 5]

With and without shards take turns; a round's ratio is of two runs that follow each other.
"""

import argparse
import json
import pathlib
import statistics
import subprocess

from ranks import on_ranks

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMON = ["--synthetic", "--json", "--warm-up", "1", ROOT / "configs/train/resnet50.json", "train.precision=fp32",
          "train.threads=1", "model.stem=imagenet", "optimizer.groups=[]"]
# Images a step are 32 a shard; ranks of the first row share the machine's two cores as they would two hosts.
CASES = [
    ("2 ranks, 2 shards", 2, 2, ["model.name=resnet18", "augment.size=64"], 8),
    ("2 ranks, 2 shards", 2, 2, ["model.name=resnet50", "augment.size=64"], 4),
    ("2 ranks, 2 shards", 2, 2, ["model.name=resnet50", "augment.size=128"], 2),
    ("1 rank, 8 shards", 1, 8, ["model.name=resnet18", "augment.size=64"], 3),
    ("1 rank, 8 shards", 1, 8, ["model.name=resnet50", "augment.size=64"], 2),
    ("1 rank, 8 shards", 1, 8, ["model.name=resnet50", "augment.size=128"], 1),
]


def step_ms(programs, ranks, shards, batch, steps, model):
    """Milliseconds a step by the clock, as the first rank has it."""
    line = [programs / "imgcls", "bench", "step", *COMMON, *model, f"train.batch={batch}",
            f"train.shards={shards}", "--steps", str(steps)]
    if ranks > 1:
        line = on_ranks(ranks, line)
    return json.loads(subprocess.check_output(line, text=True))["step_ms"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print("| network | images | ranks, shards | without, ms | by shards, ms | ratio | of rounds |\n| --- | --- | --- | --- | --- | --- | --- |")
    for name, ranks, shards, model, steps in CASES:
        times = {0: [], shards: []}
        for turn in range(arguments.rounds):
            for kind in (0, shards) if turn % 2 == 0 else (shards, 0):
                times[kind].append(step_ms(arguments.programs.resolve(), ranks, kind, 32 * shards, steps, model))
        ratios = sorted(by / without for without, by in zip(times[0], times[shards]))
        size = model[1].split("=")[1]
        print(f"| {model[0].split('=')[1]} | {size} x {size} | {name} | {statistics.median(times[0]):.0f} "
              f"| {statistics.median(times[shards]):.0f} | {statistics.median(ratios):.3f} "
              f"| {ratios[0]:.3f} to {ratios[-1]:.3f} |", flush=True)


if __name__ == "__main__":
    main()
