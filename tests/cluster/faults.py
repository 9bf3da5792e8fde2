#!/usr/bin/env python3
"""Breaks one rank of real training runs, again and again, and checks how the job ends.

    faults.py BIN_DIR mpirun|torchrun [--trials 20] [--seed 1] [--limit 5] ...

Each trial starts train_resnet50 on 2 or 3 ranks, by `imgcls launch` or as processes of their own
with torchrun's variables, and at a random moment (start, step, save, evaluation) a random rank is
killed, stopped, throws, or ends. Then, within the time limit and GRACE seconds:

- the job ends, with an exit code that is not 0;
- its output names the rank and says what happened (EXPECTED);
- no process of it is left, and no file of Open MPI's.

A process that SIGSTOP holds cannot end by itself. mpirun kills it; of the processes with torchrun's
variables, which nobody watches over, it has to end once it is let go.
"""

import argparse
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

from support import kill_all, make_run, processes, program_of, wait_until

GRACE = 5  # seconds beyond the time limit

# What the output has to match, by fault; {r} is the rank. Before ranks watch over each other, those that
# wait for it say so; in MPI's own start nobody knows which one is missing.
AT_START = r"|(reach|connection to|waited .* for) rank {r}\b|waited .* for the other ranks to start"
EXPECTED = {
    "kill": r"rank {r}\b.*(signal 9|ended without a word)",
    "stop": r"rank {r}\b.*silent",
    "throw": r"rank {r}: .*planted error",
    "exit": r"rank {r}\b.*ended without a word",
}
MOMENTS = {"kill": ("start", "step", "save", "evaluation"),
           "stop": ("start", "step", "save", "evaluation"),
           "throw": ("start", "step", "evaluation"),
           "exit": ("start", "step", "evaluation")}


class Job:
    """Ranks of one training run, with their output in a file."""

    def __init__(self, folder, launcher, ranks, command):
        self.mark = f"IMGCLS_FAULTS_TRIAL={uuid.uuid4()}"
        self.output = folder / "output.txt"
        self.launcher = launcher
        self.shared = folder / "shared"  # what Open MPI makes in /tmp and /dev/shm
        self.shared.mkdir()
        environment = dict(os.environ, OMPI_MCA_orte_tmpdir_base=str(self.shared),
                           OMPI_MCA_btl_vader_backing_directory=str(self.shared))
        environment.update([self.mark.split("=", 1)])
        with open(self.output, "wb") as output:
            def start(words, more=()):
                return subprocess.Popen(words, env=dict(environment, **dict(more)), stdout=output,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
            if launcher == "torchrun":
                port = free_port()
                self.starters = [start(command, torchrun_variables(rank, ranks, port))
                                 for rank in range(ranks)]
            else:
                launch = command[0].parent / "imgcls"
                self.starters = [start([launch, "launch", "-n", str(ranks), "--", *command])]
        self.program = command[0].name

    def said(self):
        return self.output.read_text(errors="replace")

    def rank(self, number):
        """The process of a rank, once it runs the program; None before."""
        variable = "RANK" if self.launcher == "torchrun" else "OMPI_COMM_WORLD_RANK"
        for pid, environment in processes(self.mark).items():
            if environment.get(variable) == str(number) and program_of(pid) == self.program:
                return pid
        return None

    def ended(self):
        return all(starter.poll() is not None for starter in self.starters)

    def codes(self):
        return [starter.returncode for starter in self.starters]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def torchrun_variables(rank, ranks, port):
    return {"RANK": str(rank), "WORLD_SIZE": str(ranks), "LOCAL_RANK": str(rank),
            "LOCAL_WORLD_SIZE": str(ranks), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}


def wait_for_moment(job, moment, run, chance):
    """Waits for the moment, and then some: start spans the program's first second."""
    if moment == "start":
        time.sleep(chance.uniform(0, 1.5))
        return
    reached = {
        "step": lambda: re.search(r"epoch \d+/\d+ \d+/\d+ ", job.said()),
        "save": lambda: "epoch 1/" in job.said() and list(run.glob("checkpoints/.step-*.tmp")),
        "evaluation": lambda: re.search(r"epoch \d+/\d+ 5/5 ", job.said()),
    }[moment]
    pause = 0.0005 if moment == "save" else 0.01
    if not wait_until(lambda: reached() or job.ended(), 60, pause) or job.ended():
        raise AssertionError(f"the moment '{moment}' never came")
    if moment == "step":
        time.sleep(chance.uniform(0, 1))


def break_from_outside(job, fault, rank, moment, run, chance):
    pid = wait_until(lambda: job.rank(rank) or job.ended(), 30)
    if pid is None or pid is True:
        raise AssertionError(f"rank {rank} never started")
    wait_for_moment(job, moment, run, chance)
    os.kill(pid, signal.SIGKILL if fault == "kill" else signal.SIGSTOP)
    return pid


def planted_read(moment, ranks, chance):
    """The read of one rank at which a planted fault comes: an epoch has 60 training images and 60 for
    evaluation, read by all ranks together; three batches of training images are read ahead."""
    return {"start": 1,
            "step": chance.randint(2, 50 // ranks),
            "evaluation": chance.randint(60, 200)}[moment]


def wait_for_plant(job, fault):
    """Waits for a planted fault to show: by the output, or by a process that is gone."""
    before = set()

    def shows():
        now = {pid for pid in processes(job.mark) if program_of(pid) == job.program}
        gone = before - now
        before.update(now)
        return gone or job.ended() or (fault == "throw" and "planted error" in job.said())
    if not wait_until(shows, 60):
        raise AssertionError("the planted fault never came")


def check_end(job, fault, moment, rank, stopped, limit):
    fault_time = time.monotonic()
    problems = []
    others_ended = lambda: all(s.poll() is not None for s in job.starters if s.pid != stopped)
    alone = stopped if job.launcher == "torchrun" else None
    if not wait_until(others_ended if alone else job.ended, limit + GRACE):
        problems.append(f"still runs {limit + GRACE} s after the fault")
    took = time.monotonic() - fault_time
    if alone:
        os.kill(alone, signal.SIGCONT)
        if not wait_until(job.ended, limit + GRACE):
            problems.append(f"the rank still runs {limit + GRACE} s after it was let go")
    if 0 in job.codes():
        problems.append(f"exit codes {job.codes()}")
    expected = (EXPECTED[fault] + (AT_START if moment == "start" else "")).format(r=rank)
    if not re.search(expected, job.said()):
        problems.append(f"the output does not say /{expected}/")
    if not wait_until(lambda: not processes(job.mark), 2):
        problems.append(f"left behind: {sorted(processes(job.mark))}")
    files = [path for path in job.shared.rglob("*") if not path.is_dir()]
    if files:
        problems.append(f"left behind: {sorted(path.name for path in files)}")
    return took, problems


def trial(programs, launcher, fault, moment, ranks, rank, device, limit, chance):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="imgcls-faults-"))
    config = make_run(folder, train__epochs=100000, checkpoint__every_steps=1)
    run = folder / "run"
    arguments = [str(config), f"run.dir={run}", f"dist.timeout_s={limit}",
                 f"dist.device={device}"]
    planted = fault in ("throw", "exit")
    command = [programs / "train_resnet50", *arguments]
    if planted:
        command = [programs / "faulty_rank", str(rank), str(planted_read(moment, ranks, chance)),
                   fault, *arguments]
    job = Job(folder, launcher, ranks, command)
    try:
        stopped = None
        if planted:
            wait_for_plant(job, fault)
        else:
            pid = break_from_outside(job, fault, rank, moment, run, chance)
            stopped = pid if fault == "stop" else None
        return (*check_end(job, fault, moment, rank, stopped, limit), job.said())
    except AssertionError as error:
        return 0, [str(error)], job.said()
    finally:
        kill_all(job.mark)
        for starter in job.starters:
            starter.wait()
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", type=pathlib.Path, help="the folder of train_resnet50")
    parser.add_argument("launcher", choices=("mpirun", "torchrun"))
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=5, help="dist.timeout_s")
    parser.add_argument("--ranks", type=int, help="instead of 2 or 3 by chance")
    parser.add_argument("--device", default="cpu", help="dist.device")
    parser.add_argument("--only", choices=tuple(EXPECTED), help="one kind of fault")
    arguments = parser.parse_args()

    chance = random.Random(arguments.seed)
    faults = [arguments.only] if arguments.only else list(EXPECTED)
    failed, slowest = 0, 0.0
    for number in range(arguments.trials):
        fault = faults[number % len(faults)]
        moment = chance.choice(MOMENTS[fault])
        ranks = arguments.ranks or chance.choice((2, 3))
        rank = chance.randrange(ranks)
        took, problems, said = trial(arguments.programs.resolve(), arguments.launcher, fault, moment,
                                     ranks, rank, arguments.device, arguments.limit, chance)
        failed += bool(problems)
        slowest = max(slowest, took)
        print(f"{number + 1:3} {fault:6} rank {rank} of {ranks} at {moment:11} "
              f"ended after {took:4.1f} s  {'; '.join(problems) or 'as it should'}", flush=True)
        if problems:
            print("    | " + "\n    | ".join(said.splitlines()[-25:]), flush=True)
    print(f"{arguments.trials - failed} of {arguments.trials} trials ended as they should, "
          f"the slowest after {slowest:.1f} s (limit {arguments.limit:g} + {GRACE} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
