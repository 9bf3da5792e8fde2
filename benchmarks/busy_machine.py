#!/usr/bin/env python3
"""What a step costs where other processes use the same cores, by how long OpenMP's threads spin.

    busy_machine.py IMGCLS [CONFIG... key=value...] [--others 0 1 2] [--rounds 5] [--steps 20]

IMGCLS is build/bin/imgcls. Each setting is run in turn, alone and beside so many processes that compute
(`yes`), round after round, so that what else the machine does meets all of them. Printed are medians of
images/s, and the share of the best setting of the same round, whose median and lowest say how far a setting
is from the best. GOMP_SPINCOUNT=300000 is what libgomp does by itself. Needs Python's own library alone.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess

SETTINGS = {
    "spin 300000": {"GOMP_SPINCOUNT": "300000"},
    "spin 10000": {"GOMP_SPINCOUNT": "10000"},
    "spin 3000": {"GOMP_SPINCOUNT": "3000"},
    "spin 1000": {"GOMP_SPINCOUNT": "1000"},
    "spin 500": {"GOMP_SPINCOUNT": "500"},
    "spin 200": {"GOMP_SPINCOUNT": "200"},
    "passive": {"OMP_WAIT_POLICY": "passive"},
}
STEP = ["configs/train/resnet50.json", "model.name=resnet18", "augment.size=64", "train.batch=16", "train.precision=fp32"]


def rate(program, words, steps, setting):
    environment = {key: value for key, value in os.environ.items() if key not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    environment.update(setting)
    source = [] if any("data/" in word for word in words) else ["--synthetic"]
    line = [program, "bench", "step", "--json", *source, "--steps", str(steps), "--warm-up", "2", *words]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["images_per_second"]


def beside(others):
    return [subprocess.Popen(["yes"], stdout=subprocess.DEVNULL) for _ in range(others)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("words", nargs="*", default=STEP)
    parser.add_argument("--others", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    given = parser.parse_args()
    found = {(others, name): [] for others in given.others for name in SETTINGS}
    for _ in range(given.rounds):
        for others in given.others:
            for name, setting in SETTINGS.items():
                competitors = beside(others)
                try:
                    found[others, name].append(rate(given.program, given.words, given.steps, setting))
                finally:
                    for each in competitors:
                        each.kill()
                        each.wait()
    for others in given.others:
        best = [max(found[others, name][i] for name in SETTINGS) for i in range(given.rounds)]
        print(f"\n{others} other processes\n\n| setting | images/s | of the best, median | of the best, lowest |\n| --- | --- | --- | --- |")
        for name in SETTINGS:
            rates = found[others, name]
            shares = [one / most for one, most in zip(rates, best)]
            print(f"| {name} | {statistics.median(rates):.1f} | {statistics.median(shares):.2f} | {min(shares):.2f} |")


if __name__ == "__main__":
    main()
