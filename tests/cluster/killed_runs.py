#!/usr/bin/env python3
"""Kills runs at random moments (kill -9) until they reach their end, and compares their weights with those of
runs that nobody killed.

    killed_runs.py BUILD_DIR [--times 200] [--seed 1]

On 1, 2 and 3 ranks, by mpirun and by torchrun's variables, and each also on a file system that exchanges no names,
locks nothing and links nothing (tests/lib/faulty_files.so): one rank, or all of them, are killed at a moment drawn
at random, and the same command resumes. At the end weights and moments must have the hashes of a run of that many
ranks that was left in peace, each step and evaluation stand once in the tables, and no file of a half-made
checkpoint be left.
"""

import argparse
import hashlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

from killed_files import expect, rows
from support import make_run, processes

EPOCHS, STEPS = 40, 5  # in an epoch
LAST = f"step-{EPOCHS * STEPS:010}"
MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
       "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}
BY_VARIABLES = pathlib.Path(__file__).resolve().parent.parent / "support" / "by_variables.sh"


def launcher(ranks, kind):
    if ranks == 1:
        return []
    return ["mpirun", "-np", str(ranks)] if kind == "mpirun" else ["bash", str(BY_VARIABLES), str(ranks)]


def hashes(run):
    folder = run / "checkpoints" / LAST
    return [hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in ("weights.safetensors", "optimizer.safetensors")]


def start(command, environment, log):
    return subprocess.Popen(command, env={**os.environ, **MPI, **environment}, stdout=log, stderr=log,
                            start_new_session=True)


def kill_some(mark, noise):
    """One rank, or all; those are the processes that train."""
    ranks = [pid for pid in processes(mark)
             if (pathlib.Path(f"/proc/{pid}/comm")).exists()
             and pathlib.Path(f"/proc/{pid}/comm").read_text().startswith("train_resnet50")]
    for pid in ranks if noise.random() < 0.3 else noise.sample(ranks, min(1, len(ranks))):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def wait_for_end(process, mark):
    process.wait(timeout=120)
    deadline = time.monotonic() + 60
    while processes(mark):
        if time.monotonic() > deadline:
            raise AssertionError(f"processes are left: {processes(mark).keys()}")
        time.sleep(0.05)


def check(run, straight):
    expect("hashes", hashes(run), straight)
    expect("steps", [int(row[0]) for row in rows(run / "steps.csv")], range(1, EPOCHS * STEPS + 1))
    expect("evaluations", [int(row[0]) for row in rows(run / "train_log.csv")], range(1, EPOCHS + 1))
    for folder in (run, run / "checkpoints"):
        left = [path.name for path in folder.iterdir() if path.name.startswith(".") and path.name != ".lock"]
        expect("leftovers", left, [])
        expect("broken", folder.glob("broken-*"), [])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    noise = random.Random(arguments.seed)
    program = arguments.build.resolve() / "bin" / "train_resnet50"
    faults = {"LD_PRELOAD": str(arguments.build.resolve() / "tests" / "lib" / "faulty_files.so"),
              "FAULTS": "exchange lock link"}
    kinds = [(1, "alone"), (2, "mpirun"), (2, "variables"), (3, "mpirun"), (3, "variables")]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        config = make_run(folder, train__epochs=EPOCHS, dist__timeout_s=20)
        kills, straight, done = 0, {}, 0

        def command(ranks, kind, run):
            return launcher(ranks, kind) + [program, config, f"run.dir={run}"]

        while kills < arguments.times:
            for ranks, kind in kinds:
                if (ranks, kind) not in straight:
                    run = folder / f"straight-{ranks}-{kind}"
                    subprocess.run(command(ranks, kind, run), env={**os.environ, **MPI}, check=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    straight[ranks, kind] = hashes(run)
                for environment in ({}, faults):
                    run = folder / f"run-{done}"
                    mark = f"KILLED_RUNS=run-{done}"
                    own = {**environment, "KILLED_RUNS": f"run-{done}"}
                    log_path = folder / f"log-{done}"
                    killed = 0
                    with log_path.open("w") as log:
                        while True:
                            begun = time.monotonic()
                            process = start(command(ranks, kind, run), own, log)
                            moment = begun + noise.uniform(0, 2.5 if killed < 4 else 60)
                            while process.poll() is None and time.monotonic() < moment:
                                time.sleep(0.01)
                            if process.poll() is None:
                                kill_some(mark, noise)
                                killed += 1
                            wait_for_end(process, mark)
                            if process.returncode == 0:
                                break
                    try:
                        check(run, straight[ranks, kind])
                    except (AssertionError, OSError):
                        print(log_path.read_text()[-3000:])
                        raise
                    kills += killed
                    done += 1
                    print(f"{ranks} ranks, {kind}{', faulty files' if environment else ''}: killed {killed} times,"
                          f" {kills} in all: equal", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
