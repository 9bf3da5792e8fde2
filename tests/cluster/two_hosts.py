#!/usr/bin/env python3
"""Trains over two hosts, which are network namespaces of this machine, and cuts the link between them.

    two_hosts.py BIN_DIR [--limit 10]

A run over both hosts reaches its end. Then, in the middle of a run, the link goes down, or packets are lost
without a sign of it: the processes of both hosts end within the time limit and GRACE seconds, with an exit
code that is not 0, and both sides say why. A run by shards that loses a host so goes on alone, to the weights of
one that never had it. Needs root and `ip netns`; without them it is skipped.
"""

import argparse
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

from support import kill_all, make_run, processes, program_of, skip, wait_until

MARK = f"IMGCLS_TWO_HOSTS={uuid.uuid4()}"
GRACE = 5
ADDRESSES = ("10.77.0.1", "10.77.0.2")

# What each side has to say after a cut: on mpirun's side mpirun may be quicker than the rank.
NEAR = r"lost communication with a remote daemon|rank 1\b.*(silent|lost|ended without a word)"
FAR = r"rank 0\b.*(silent|lost|ended without a word)"

# Open MPI starts its daemons by `AGENT [OPTIONS] HOST COMMAND...`. Detached: an agent that stays would tie
# the two sides' lives together and hide what a cut does.
AGENT = """#!/usr/bin/env bash
while [[ $1 == -* ]]; do shift; done
case $1 in
  {addresses[0]}) host={hosts[0]} ;;
  {addresses[1]}) host={hosts[1]} ;;
  *) echo "no host $1" >&2; exit 1 ;;
esac
shift
setsid ip netns exec "$host" unshare --uts bash -c "hostname $host; $*" </dev/null >>{folder}/$host.txt 2>&1 &
"""


BY_RANK = """#!/usr/bin/env bash
((OMPI_COMM_WORLD_RANK == 0)) && exec "$@"
exec "$@" 2>"{folder}/rank$OMPI_COMM_WORLD_RANK.txt"
"""


def run(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise AssertionError(f"{shlex.join(words)}: {done.stdout}")


class TwoHosts:
    """Two namespaces with a cable between them, while the block runs.

    Where the link does not come back, `tcp_retries=3` lets the kernel give up a connection whose data nobody
    takes after 3 s, rather than a quarter of an hour, so that Open MPI's daemons end within a test's time. A
    link that does come back needs the kernel's default, as users have it.
    """

    def __init__(self, tcp_retries=None):
        self.tcp_retries = tcp_retries
        self.names = [f"imgcls{os.getpid()}{side}" for side in "ab"]
        self.cables = [f"ic{os.getpid()}{side}" for side in "ab"]

    def __enter__(self):
        try:
            for name in self.names:
                run("ip", "netns", "add", name)
            run("ip", "link", "add", self.cables[0], "netns", self.names[0], "type", "veth", "peer",
                "name", self.cables[1], "netns", self.names[1])
            for name, cable, address in zip(self.names, self.cables, ADDRESSES):
                run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", cable)
                run("ip", "-n", name, "link", "set", "lo", "up")
                run("ip", "-n", name, "link", "set", cable, "up")
                if self.tcp_retries:
                    run("ip", "netns", "exec", name, "sysctl", "-qw",
                        f"net.ipv4.tcp_retries2={self.tcp_retries}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)

    def cut(self):
        run("ip", "-n", self.names[0], "link", "set", self.cables[0], "down")

    def join(self):
        run("ip", "-n", self.names[0], "link", "set", self.cables[0], "up")

    def lose_packets(self):
        """Both sides send to an address of hardware that is not there; the link looks sound."""
        for name, cable, other in zip(self.names, self.cables, reversed(ADDRESSES)):
            run("ip", "-n", name, "neigh", "replace", other, "lladdr", "02:00:00:00:00:99", "dev", cable,
                "nud", "permanent")


class Job:
    """A training run of two ranks, one on each host, started on the first."""

    def __init__(self, hosts, programs, folder, limit, *overrides):
        folder.mkdir()
        self.folder = folder
        agent = folder / "agent"
        agent.write_text(AGENT.format(addresses=ADDRESSES, hosts=hosts.names, folder=folder))
        agent.chmod(0o755)
        settings = {"plm": "rsh", "plm_rsh_agent": str(agent), "oob_tcp_if_include": "10.77.0.0/24",
                    "btl_tcp_if_include": "10.77.0.0/24", "btl": "tcp,self", "pml": "ob1",
                    "orte_tmpdir_base": str(folder)}
        environment = dict(os.environ, **{f"OMPI_MCA_{key}": value for key, value in settings.items()},
                           OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        environment.update([MARK.split("=", 1)])
        config = make_run(folder, train__epochs=60)
        line = subprocess.check_output(
            [programs / "imgcls", "launch", "--dry-run", "--hosts", ",".join(f"{a}:1" for a in ADDRESSES),
             "--", programs / "train_resnet50", config, f"run.dir={folder / 'run'}",
             f"dist.timeout_s={limit}", *overrides], text=True)
        # What the far rank says goes into a file of its own: a lost link takes it nowhere, and Open MPI's
        # daemon, which could write one, may end before it has read the rank's last words.
        program = str(programs / "train_resnet50")
        by_rank = folder / "by_rank"
        by_rank.write_text(BY_RANK.format(folder=folder))
        by_rank.chmod(0o755)
        if program not in line:
            raise AssertionError(f"no {program} in: {line}")
        line = line.replace(program, f"{by_rank} {program}", 1)
        self.output = folder / "output.txt"
        with open(self.output, "wb") as output:
            self.launcher = subprocess.Popen(
                ["ip", "netns", "exec", hosts.names[0], "unshare", "--uts", "bash", "-c",
                 f"hostname {hosts.names[0]}; exec {line}"],
                env=environment, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def said(self):
        return self.output.read_text(errors="replace")

    def said_by_rank(self, rank):
        file = self.folder / f"rank{rank}.txt"
        return file.read_text(errors="replace") if file.exists() else ""

    def await_words(self, words):
        if not wait_until(lambda: re.search(words, self.said()), 60):
            raise AssertionError(f"never says '{words}':\n{self.said()}")

    def await_end(self, seconds):
        """How long it took until no process is left, on either host."""
        start = time.monotonic()
        gone = wait_until(lambda: self.launcher.poll() is not None and not processes(MARK), seconds, 0.1)
        took = time.monotonic() - start
        if not gone:
            raise AssertionError(
                f"after {took:.1f} s still there: {[program_of(pid) for pid in processes(MARK)]}\n"
                f"{self.said()[-3000:]}\n-- the far rank said:\n{self.said_by_rank(1)[-3000:]}")
        return took


def check_whole_run(hosts, programs, folder, limit):
    job = Job(hosts, programs, folder / "whole", limit)
    job.await_end(120)
    if job.launcher.returncode != 0 or "on 2 x cpu" not in job.said():
        raise AssertionError(f"exit code {job.launcher.returncode}:\n{job.said()[-3000:]}")
    print("a run over two hosts reaches its end", flush=True)


def check_short_cut(hosts, programs, folder, limit):
    job = Job(hosts, programs, folder / "short", limit)
    job.await_words("epoch 3/")
    hosts.cut()
    time.sleep(1.5)
    hosts.join()
    job.await_end(120)
    if job.launcher.returncode != 0:
        raise AssertionError(f"exit code {job.launcher.returncode}:\n{job.said()[-3000:]}")
    print("it goes on when the link is back after 1.5 s", flush=True)


def check_one_hash(hosts, programs, folder, limit):
    """One host leaves a run by shards; the other goes on from the checkpoint alone."""
    shards = ("train.shards=3", "checkpoint.every_steps=2", "train.epochs=150")
    job = Job(hosts, programs, folder / "shards", limit, *shards)
    job.await_words("epoch 3/")
    hosts.cut()
    job.await_end(limit + GRACE)
    if job.launcher.returncode == 0:
        raise AssertionError("the run was over before the link was cut")
    config = job.folder / "config.json"
    hashes = []
    for run in (job.folder / "run", job.folder / "alone"):
        train = [programs / "train_resnet50", config, f"run.dir={run}", *shards]
        done = subprocess.run(train, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise AssertionError(f"exit code {done.returncode}:\n{done.stdout[-3000:]}")
        hashes.append(subprocess.check_output([programs / "imgcls", "weights", "hash", run], text=True)[:64])
    if hashes[0] != hashes[1]:
        raise AssertionError(f"two hosts, then one: {hashes[0]}; one alone: {hashes[1]}")
    print("a run by shards that loses a host goes on alone, to the same weights", flush=True)


def check_cut(name, cut, hosts, programs, folder, limit):
    job = Job(hosts, programs, folder / name.replace(" ", "-"), limit, "train.epochs=100000")
    job.await_words("epoch 3/")
    cut()
    took = job.await_end(limit + GRACE)
    near, far = job.said(), job.said_by_rank(1)
    problems = []
    if job.launcher.returncode == 0:
        problems.append("exit code 0")
    if not re.search(NEAR, near):
        problems.append(f"the near side does not say /{NEAR}/:\n{near[-3000:]}")
    if not re.search(FAR, far):
        problems.append(f"the far side does not say /{FAR}/:\n{far[-3000:]}")
    print(f"{name}: both sides ended after {took:.1f} s, exit code {job.launcher.returncode}", flush=True)
    for problem in problems:
        print(f"  {problem}", flush=True)
    return not problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--limit", type=int, default=10, help="dist.timeout_s")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        skip("making network namespaces needs root")
    if not shutil.which("ip"):
        skip("`ip` is not installed (Debian: iproute2)")
    try:
        hosts = TwoHosts().__enter__()
    except AssertionError as error:
        skip(f"cannot make two network namespaces: {error}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="imgcls-two-hosts-"))
    hosts.__exit__()

    programs, limit = arguments.programs.resolve(), arguments.limit
    right = True
    try:
        with TwoHosts() as hosts:
            check_whole_run(hosts, programs, folder, limit)
            check_short_cut(hosts, programs, folder, limit)
        for name in ("link down", "packets lost"):
            with TwoHosts(tcp_retries=3) as hosts:
                cut = hosts.cut if name == "link down" else hosts.lose_packets
                right &= check_cut(name, cut, hosts, programs, folder, limit)
        with TwoHosts(tcp_retries=3) as hosts:
            check_one_hash(hosts, programs, folder, limit)
    finally:
        kill_all(MARK)
        shutil.rmtree(folder)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
