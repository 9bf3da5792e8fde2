#!/usr/bin/env python3
"""What ingredients of a recipe cost beside the step they belong to: a plain step of ResNet-18 on 128
images of 32 px and one with each ingredient, by turns, a process each.

    python3 benchmarks/recipe_costs.py build/bin/imgcls [ROUNDS [STEPS]]

Prints the median over the rounds of the ratio of times to that of the plain steps just before, by
the clock and by the processor time of the process, which other programs on the machine disturb less.
"""
import json
import os
import resource
import statistics
import subprocess
import sys

PLAIN = ["train.batch=128", "augment.size=32", "model.name=resnet18", "optimizer.lr=0.01",
         "optimizer.momentum=0.9", "train.threads=1"]
EMA = ["average.name=ema"]
NORM = ["clip.name=norm"]
MIX = ["mix.kinds=[\"mixup\",\"cutmix\"]"]
INGREDIENTS = {
    "nothing (noise)": [],
    "EMA": EMA,
    "clip by norm": NORM,
    "mixup and cutmix, by batch": MIX,
    "mixup and cutmix, by pair": MIX + ["mix.by=pair"],
    "mixup and cutmix, by element": MIX + ["mix.by=element"],
    "EMA, clip by norm, mix by batch": EMA + NORM + MIX,
}


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(program, more, steps):
    """Milliseconds of a step by the clock, and the processor's seconds for the whole process."""
    before = processor_seconds()
    output = subprocess.run(
        [program, "bench", "step", "--synthetic", "--json", "--warm-up", "1", "--steps",
         str(steps), *PLAIN, *more], check=True, capture_output=True, text=True).stdout
    return json.loads(output)["step_ms"], processor_seconds() - before


def main():
    program = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    ratios = {name: ([], []) for name in INGREDIENTS}
    # What a process needs before its steps: its first step is in the difference, too.
    start = measure(program, [], 1)[1]
    start -= (measure(program, [], 1 + steps)[1] - start) / steps * 2
    plain = []
    for _ in range(rounds):
        for name, more in INGREDIENTS.items():
            clock, processor = measure(program, [], steps)
            with_clock, with_processor = measure(program, more, steps)
            plain.append(1e3 * (processor - start) / (steps + 1))
            ratios[name][0].append(with_clock / clock)
            ratios[name][1].append((with_processor - start) / (processor - start))
            print(name, clock, with_clock, processor, with_processor, file=sys.stderr)
    print(f"plain: {statistics.median(plain):.0f} ms of one core a step; {rounds} rounds of {steps} "
          f"steps; load averages {', '.join(f'{x:.2f}' for x in os.getloadavg())}")
    print("| with | clock | processor | of these, least and most |\n| --- | --- | --- | --- |")
    for name, (clock, processor) in ratios.items():
        print(f"| {name} | {statistics.median(clock):.3f} | {statistics.median(processor):.3f} | "
              f"{min(processor):.3f}, {max(processor):.3f} |")


if __name__ == "__main__":
    main()
