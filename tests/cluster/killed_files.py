#!/usr/bin/env python3
"""Kills a run at random moments (kill -9), and looks whether its files stay readable and whole.

    killed_files.py BIN_DIR [--times 20] [--seed 1]

After each kill every line of the tables but for the last has all its columns, the run's JSON files parse,
`imgcls report` makes its page, and event files hold whole records but for the last. The same command resumes;
when it has reached its end, each step has one row and one event, each evaluation one, and Weights & Biases' file
one row for each of them.
"""

import argparse
import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import time
import zlib

from support import make_run

EPOCHS, STEPS = 100, 5  # in an epoch


def rows(path):
    """A table's rows without its head; a last line that has no end is left out."""
    if not path.exists():
        return []
    head, *lines = path.read_text().split("\n")[:-1]
    for line in lines:
        if line.count(",") != head.count(","):
            raise AssertionError(f"{path}: broken row {line!r}")
    return [line.split(",") for line in lines]


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(message):
    """A message's (field, value): numbers, and bytes."""
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        if key & 7 == 0:
            value, at = varint(message, at)
        elif key & 7 == 1:
            value, at = message[at:at + 8], at + 8
        else:
            size, at = varint(message, at)
            value, at = message[at:at + size], at + size
        yield key >> 3, value


def step_of(event):
    """The step of an event that holds figures; None for others."""
    step, figures = 0, False
    for field, value in fields(event):
        step = value if field == 2 else step
        figures |= field == 5 and b"loss" in value[:16]
    return step if figures else None


def events(folder):
    """The steps of a folder's figures."""
    steps = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        data, at = path.read_bytes(), 0
        while len(data) - at >= 12:
            (size,) = struct.unpack_from("<Q", data, at)
            if at + 16 + size > len(data):
                break
            step = step_of(data[at + 12:at + 12 + size])
            steps += [] if step is None else [step]
            at += 16 + size
    return steps


def wandb_records(data):
    """The records of a .wandb file, whose framing is LevelDB's behind a head of 7 bytes."""
    at, record = 7, b""
    while at < len(data):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        checksum, size, kind = struct.unpack_from("<IHB", data, at)
        part = data[at + 7:at + 7 + size]
        if zlib.crc32(bytes([kind]) + part) != checksum:
            raise AssertionError(f"broken record at {at}")
        record = part if kind in (1, 2) else record + part
        at += 7 + size
        if kind in (1, 4):
            yield record


def wandb_rows(run):
    """(step, whether of an evaluation) of each row, and the output."""
    (path,) = run.glob("wandb/offline-run-*/run-*.wandb")
    steps, output = [], b""
    for record in wandb_records(path.read_bytes()):
        for kind, message in fields(record):
            if kind == 2:
                items = [dict(fields(item)) for field, item in fields(message) if field == 1]
                row = {item[1]: item[16] for item in items}
                steps.append((int(row[b"step"]), b"val/acc1" in row))
            elif kind == 13:
                output += dict(fields(message))[3]
    return steps, output


def check_readable(programs, run):
    for name in ("steps.csv", "train_log.csv"):
        rows(run / name)
    for name in ("config.json", "environment.json", "eval/eval.json"):
        if (run / name).exists():
            json.loads((run / name).read_text())
    if (run / "config.json").exists():
        subprocess.run([programs / "imgcls", "report", run, "-o", run / "report.html"], check=True,
                       stdout=subprocess.DEVNULL)


def expect(what, found, wanted):
    if list(found) != list(wanted):
        raise AssertionError(f"{what}: {list(found)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    moments = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        config = make_run(folder, train__epochs=EPOCHS, checkpoint__every_steps=7, log__wandb=True)
        command = [options.programs / "train_resnet50", config, f"run.dir={run}"]
        for kill in range(options.times):
            job = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            # A few steps further than before, counted and not timed: the run must not end before the last kill.
            further = len(rows(run / "steps.csv")) + moments.randint(1, EPOCHS * STEPS // options.times // 2)
            deadline = time.monotonic() + 60
            while len(rows(run / "steps.csv")) < further and job.poll() is None:
                if time.monotonic() > deadline:
                    raise AssertionError("trains no step in a minute")
                time.sleep(0.001)
            time.sleep(moments.random() * 0.02)
            ended = job.poll()
            job.kill()
            job.communicate()
            check_readable(options.programs, run)
            done = rows(run / "steps.csv")
            print(f"killed {kill + 1}: {done[-1][0] if done else 0} steps of {EPOCHS * STEPS}", flush=True)
            if ended is not None:
                raise AssertionError(f"had ended with code {ended} before it was killed")
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        check_readable(options.programs, run)
        expect("steps.csv", [int(row[0]) for row in rows(run / "steps.csv")], range(1, EPOCHS * STEPS + 1))
        evaluated = range(STEPS, EPOCHS * STEPS + 1, STEPS)
        expect("train_log.csv", [int(row[1]) for row in rows(run / "train_log.csv")], evaluated)
        expect("val's events", events(run / "val"), evaluated)
        trained = sorted([*range(1, EPOCHS * STEPS + 1), *evaluated])  # steps, and epochs' losses
        expect("train's events", events(run), trained)
        steps, output = wandb_rows(run)
        expect("W&B's rows", steps, sorted([(step, False) for step in range(1, EPOCHS * STEPS + 1)] +
                                           [(step, True) for step in evaluated]))
        expect("W&B's output", output.splitlines(), (run / "log.txt").read_bytes().splitlines())
        print(f"killed {options.times} times: every step once in every file")
    return 0


if __name__ == "__main__":
    sys.exit(main())
