#!/usr/bin/env python3
"""Trains under a real Slurm on this machine, by our batch script, and interrupts it.

    slurm_test.py SOURCE_DIR BIN_DIR [MPI ...]

MPI is what srun starts ranks by (pmix, pmi2, none; default pmix); all checks are made with the first, and
the first two with any other. Checks that a job that is signalled, or
that nears its time limit, saves, goes back to the queue, and ends with the weights of one that nobody
disturbed; and that a job that fails or is cancelled does not come back. Needs root and Debian's packages
slurmctld, slurmd, slurm-client and munge; without them it is skipped.
"""

import hashlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

from support import kill_all, make_run, processes, program_of, skip, wait_until

MARK = f"IMGCLS_SLURM_TEST={uuid.uuid4()}"
TOOLS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "scancel")

CONFIGURATION = """
ClusterName=imgcls
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=bf_interval=1,sched_interval=5,batch_sched_delay=0,requeue_delay=0
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
JobRequeue=1
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores}
PartitionName=test Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Slurm:
    """munged, slurmctld and slurmd with all their files in one folder, while the block runs."""

    def __init__(self, folder):
        self.folder = folder
        self.daemons = []
        self.environment = dict(os.environ, SLURM_CONF=str(folder / "slurm.conf"))
        for name in [n for n in self.environment if n.startswith("SBATCH_")]:
            del self.environment[name]
        self.environment.update([MARK.split("=", 1)])

    def __enter__(self):
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(
            host=socket.gethostname(), folder=self.folder, ports=free_ports(2), cores=os.cpu_count()))
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        try:
            self.start("munged", "--foreground", "--force", f"--key-file={key}",
                       *(f"--{kind}={self.folder}/munge.{name}" for kind, name in (
                           ("socket", "socket"), ("pid-file", "pid"), ("log-file", "log"),
                           ("seed-file", "seed"))))
            if not wait_until((self.folder / "munge.socket").exists, 20):
                raise AssertionError("munged does not start")
            self.start("slurmctld", "-D", "-c", "-f", self.environment["SLURM_CONF"])
            self.start("slurmd", "-D", "-f", self.environment["SLURM_CONF"])
            if not wait_until(lambda: "State=IDLE" in self.ask("scontrol", "show", "node"), 60, 0.5):
                raise AssertionError("slurmd does not come up: " + self.ask("scontrol", "show", "node"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def start(self, *words):
        with open(self.folder / f"{words[0]}.out", "wb") as output:
            self.daemons.append(subprocess.Popen(words, env=self.environment, stdout=output,
                                                 stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL))

    def ask(self, *words, **more):
        done = subprocess.run(words, env=dict(self.environment, **more.pop("more", {})),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, **more)
        return done.stdout


class Job:
    """Our batch script with a tiny run."""

    def __init__(self, slurm, project, run, mpi, options=(), overrides=()):
        self.slurm, self.project, self.run = slurm, project, run
        self.log = project / f"{run}.log"
        said = slurm.ask(
            "sbatch", "--gpus-per-node=0", "--ntasks-per-node=2", "--cpus-per-task=1",
            f"--output={self.log}", *options, "configs/slurm/one-node.sh", "config.json",
            f"run.dir={run}", *overrides, cwd=project, more={"SLURM_MPI_TYPE": mpi})
        match = re.search(r"Submitted batch job (\d+)", said)
        if not match:
            raise AssertionError(f"sbatch says: {said}")
        self.number = match[1]

    def facts(self):
        return dict(re.findall(r"(\w+)=(\S+)", self.slurm.ask("scontrol", "show", "job", "-o",
                                                              self.number)))

    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def await_words(self, words, seconds=60):
        self.expect(wait_until(lambda: words in self.said(), seconds), f"never says '{words}'")

    def await_state(self, states, seconds=90):
        self.expect(wait_until(lambda: self.facts().get("JobState") in states, seconds, 0.3),
                    f"is never {' or '.join(states)}")

    def expect(self, holds, what):
        if not holds:
            raise AssertionError(f"{self.run}: {what}\n{self.facts()}\n" + self.said()[-4000:])

    def ranks(self):
        return [pid for pid in processes(f"SLURM_JOB_ID={self.number}")
                if program_of(pid) == "train_resnet50"]

    def weights(self):
        newest = max((self.project / self.run / "checkpoints").glob("step-*"))
        return newest.name, hashlib.sha256((newest / "weights.safetensors").read_bytes()).hexdigest()

    def check_came_back(self, undisturbed):
        self.await_state(("COMPLETED",))
        self.expect(self.facts()["Restarts"] == "1", "did not start twice")
        self.expect("restart 1" in self.said(), "SLURM_RESTART_COUNT is not 1")
        self.expect("resuming from" in self.said(), "did not go on from a checkpoint")
        self.expect(self.weights() == undisturbed, f"{self.weights()} is not {undisturbed}")


def is_signalled(pid, number):
    """Whether a signal waits for a stopped process, or has let it go."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True
    waiting = [int(mask, 16) for mask in re.findall(r"(?:SigPnd|ShdPnd):\s*(\w+)", status)]
    return "T (stopped)" not in status or any(mask >> (number - 1) & 1 for mask in waiting)


def hold_until_signalled(job):
    """Slurm looks at time limits every 30 s: the ranks are held until its SIGUSR1 is there, so that
    they cannot end before, however fast they are."""
    ranks = job.ranks()
    job.expect(len(ranks) == 2, f"has ranks {ranks}")
    for pid in ranks:
        os.kill(pid, signal.SIGSTOP)
    job.expect(wait_until(lambda: all(is_signalled(pid, signal.SIGUSR1) for pid in ranks), 100, 0.2),
               "is not signalled before its time limit")
    for pid in ranks:
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass


def check(name, work):
    start = time.monotonic()
    value = work()
    print(f"{name}: as it should, {time.monotonic() - start:.0f} s", flush=True)
    return value


def check_jobs(slurm, project, mpi, all_of_them):
    def undisturbed():
        job = Job(slurm, project, f"{mpi}-undisturbed", mpi)
        job.await_state(("COMPLETED",))
        return job.weights()

    def signalled(option):
        job = Job(slurm, project, f"{mpi}-signalled{option}", mpi)
        job.await_words("epoch 3/")
        slurm.ask("scancel", "--signal=USR1", *([option] if option else []), job.number)
        job.check_came_back(reference)

    def time_limit():
        job = Job(slurm, project, f"{mpi}-limited", mpi, options=("--time=1", "--signal=USR1@10"))
        job.await_words("epoch 3/")
        hold_until_signalled(job)
        job.check_came_back(reference)

    def failing():
        job = Job(slurm, project, f"{mpi}-failing", mpi, overrides=("train.epoch=1",))
        job.await_state(("FAILED",))
        job.expect(job.facts()["ExitCode"] == "2:0" and job.facts()["Restarts"] == "0", "came back")

    def cancelled():
        job = Job(slurm, project, f"{mpi}-cancelled", mpi)
        job.await_words("epoch 3/")
        slurm.ask("scancel", job.number)
        job.await_state(("CANCELLED",))
        job.expect(wait_until(lambda: not job.ranks(), 20), "left ranks behind")
        job.expect(job.facts()["JobState"] == "CANCELLED" and job.facts()["Restarts"] == "0",
                   "came back")

    reference = check(f"{mpi}: an undisturbed job", undisturbed)
    check(f"{mpi}: scancel --signal=USR1, requeue, the same weights", lambda: signalled(""))
    if not all_of_them:
        return
    check(f"{mpi}: the same to the batch shell alone", lambda: signalled("--batch"))
    check(f"{mpi}: the time limit, requeue, the same weights", time_limit)
    check(f"{mpi}: a failing job stays failed", failing)
    check(f"{mpi}: a cancelled job stays cancelled", cancelled)


def make_project(folder, source, programs):
    """A folder as the script expects it: the project's, with a tiny run."""
    project = folder / "project"
    (project / "build").mkdir(parents=True)
    (project / "build" / "bin").symlink_to(programs)
    (project / "configs").symlink_to(source / "configs")
    # Enough steps for a signal to come among them.
    make_run(project, train__epochs=60)
    return project


def main():
    source, programs = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    if os.geteuid() != 0:
        skip("Slurm's daemons need root here")
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        skip(f"not installed: {' '.join(missing)} (Debian: slurmctld slurmd slurm-client munge)")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="imgcls-slurm-"))
    try:
        with Slurm(folder) as slurm:
            project = make_project(folder, source, programs)
            for number, mpi in enumerate(sys.argv[3:] or ["pmix"]):
                check_jobs(slurm, project, mpi, all_of_them=number == 0)
        left = wait_until(lambda: not processes(MARK), 10)
        if not left:
            raise AssertionError(f"left behind: {[program_of(pid) for pid in processes(MARK)]}")
    finally:
        kill_all(MARK)
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
