#!/usr/bin/env python3
"""What augmentation policies cost a loader, in processor time.

    policy_costs.py PROGRAMS PHOTOS [--rounds 5]

PHOTOS: a folder with a subfolder for each class. Policies take turns. Processor time of one thread, reading, decoding,
crop and flip included: other programs disturb it less than they disturb images a second.
"""

import argparse
import os
import pathlib
import statistics
import subprocess

POLICIES = ["none", "rand_augment", "trivial_augment_wide", "auto_augment", "timm_rand_augment", "three_augment", "augmix"]
EPOCHS = 2


def processor_seconds(program, photos, policy):
    line = [program, "bench", "data", "--root", photos, "--policy", policy, "--threads", "1", "--crop", "224",
            "--epochs", str(EPOCHS), "--json"]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(map(str, line))} ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("photos", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    images = sum(1 for path in arguments.photos.rglob("*") if path.is_file()) * (EPOCHS + 1)  # one is not counted
    seconds = {policy: [] for policy in POLICIES}
    for _ in range(arguments.rounds):
        for policy in POLICIES:
            seconds[policy].append(processor_seconds(arguments.programs / "imgcls", arguments.photos, policy))
    print("| policy | ms an image | of the rate without |")
    print("| --- | --- | --- |")
    without = statistics.median(seconds["none"])
    for policy, measured in seconds.items():
        median = statistics.median(measured)
        print(f"| {policy} | {1000 * median / images:.2f} | {100 * without / median:.0f} % |")


if __name__ == "__main__":
    main()
