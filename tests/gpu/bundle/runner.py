"""Runs items one after the other, each with a limit of its own, and writes down what came of it."""

import json
import os
import pathlib
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import Callable

import machine

HERE = pathlib.Path(__file__).resolve().parent


class Failed(Exception):
    """A check found something wrong, or a measure could not be made."""


class NotHere(Exception):
    """The item cannot be run on this machine; the text says why."""


@dataclass
class Item:
    """`work(runner)` returns what to record: a text, or a dictionary of values."""
    name: str
    kind: str  # check or measure
    limit_s: int
    work: Callable


class Said:
    """What a command printed, and its exit code."""

    def __init__(self, output, code, errors=""):
        self.output, self.code, self.errors = output, code, errors

    def tail(self, lines=3):
        return " | ".join((self.output + self.errors).strip().splitlines()[-lines:])[-400:]


class Runner:
    def __init__(self, args, out):
        self.args, self.out = args, out
        self.device, self.quick = args.device, args.quick
        self.cpu = args.device == "cpu"
        self.results, self.notes = [], {"device": args.device}
        self.begin = time.monotonic()
        self.deadline = self.begin + args.budget
        self.data = None
        self.cache = {}  # what items leave to later ones
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / "log.txt").write_text("")
        folder = args.programs or HERE.parent
        self.bin, self.lib = folder / "bin", folder / "lib"
        self.configs = self.first_of(HERE.parent / "configs", HERE.parents[2] / "configs")
        self.peers = self.first_of(HERE.parent / "peers", HERE.parents[2] / "benchmarks/peers/gpu")
        self.environment = dict(os.environ)

    @staticmethod
    def first_of(*folders):
        """The bundle's folder, or that of the sources it is made from."""
        return next((folder for folder in folders if folder.is_dir()), folders[0])

    # ---- before the items ----------------------------------------------------------------------
    def find_programs(self):
        """Sets the environment of our programs. Returns what hinders them, or an empty text."""
        torch = machine.torch_folder()
        if torch is None:
            return "this python3 has no PyTorch: run with one that has (PATH)"
        found = machine.torch_version(torch)
        built = self.built_for()
        self.note("torch", found)
        if built and found.split("+")[0] != built:
            return (f"this python3 has PyTorch {found} and the bundle is for {built}: "
                    f"make one by ./dev bundle DIR --torch {found.split('+')[0]}")
        paths = [torch / "lib", *sorted(torch.parent.glob("nvidia/*/lib")), self.lib]
        before = os.environ.get("LD_LIBRARY_PATH")
        self.environment["LD_LIBRARY_PATH"] = ":".join([*map(str, paths), *([before] if before else [])])
        return ""

    def built_for(self):
        """The version of LibTorch; empty for a build folder, which finds its own."""
        try:
            text = (HERE.parent / "bundle.json").read_text()
        except OSError:
            return ""
        self.note("bundle", json.loads(text))
        return json.loads(text)["torch"]

    # ---- items ---------------------------------------------------------------------------------
    def run(self, item):
        left = self.deadline - time.monotonic()
        limit_s = item.limit_s * (5 if self.cpu else 1)
        if left < min(limit_s, 10):
            self.record(item, "not run", "out of time")
            return
        begin = time.monotonic()
        self.item_deadline = begin + min(limit_s, left)
        self.log(f"\n==== {item.name}")
        try:
            detail = item.work(self)
            status = "pass" if item.kind == "check" else "measured"
        except NotHere as why:
            status, detail = ("needs a GPU" if self.cpu and item.kind == "check" else "not run"), str(why)
        except subprocess.TimeoutExpired:
            status, detail = "fail", f"took more than {time.monotonic() - begin:.0f} s"
        except Failed as problem:
            status, detail = "fail", str(problem)
        except Exception as problem:  # a script's own fault must not end the others
            status, detail = "fail", f"{type(problem).__name__}: {problem}"
        self.record(item, status, detail, time.monotonic() - begin)

    def record(self, item, status, detail="", seconds=0.0):
        result = {"name": item.name, "kind": item.kind, "status": status,
                  "seconds": round(seconds, 2)}
        result.update(detail if isinstance(detail, dict) else {"detail": detail})
        self.results.append(result)
        shown = detail if isinstance(detail, str) else json.dumps(detail)
        line = f"{status:12} {item.name}  ({seconds:.1f} s)  {shown[:300]}"
        print(line, flush=True)
        self.log(line)
        self.write()

    def note(self, key, value):
        self.notes[key] = value

    def end(self, text):
        counts = {}
        for result in self.results:
            counts[result["status"]] = counts.get(result["status"], 0) + 1
        self.note("ended", text)
        self.note("counts", counts)
        self.write()
        summary = ", ".join(f"{count} {status}" for status, count in counts.items())
        print(f"\n{text}\n{summary}\nresults: {self.out / 'results.json'}", flush=True)

    def write(self):
        """After each item, so that a run that is cut off leaves what there was."""
        self.notes["seconds"] = round(time.monotonic() - self.begin, 1)
        part = self.out / "results.json.part"
        part.write_text(json.dumps({**self.notes, "items": self.results}, indent=1) + "\n")
        part.replace(self.out / "results.json")

    def log(self, text):
        with open(self.out / "log.txt", "a") as file:
            file.write(text + "\n")

    # ---- commands ------------------------------------------------------------------------------
    def time_left(self):
        return max(0.1, self.item_deadline - time.monotonic())

    def start(self, words, cores=0, ours=True, **variables):
        """Starts a command in a process group of its own; on so many cores, where given."""
        words = [str(word) for word in words]
        environment = dict(self.environment if ours else os.environ)
        for name, value in variables.items():
            environment[name] = value
        self.log("$ " + shlex.join(words))

        def bind():
            if cores:
                os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
        return subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="replace",
                                start_new_session=True, preexec_fn=bind if cores else None)

    def finish(self, process):
        """Waits for a command until the item's limit."""
        try:
            output, errors = process.communicate(timeout=self.time_left())
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, errors = process.communicate()
            self.log(f"{output}{errors}\nkilled: out of time")
            raise
        self.log(f"{output}{errors}\nexit code {process.returncode}")
        return Said(output, process.returncode, errors)

    def command(self, words, **options):
        return self.finish(self.start(words, **options))

    def succeed(self, words, **options):
        said = self.command(words, **options)
        if said.code != 0:
            raise Failed(f"exit code {said.code}: {said.tail()}")
        return said

    def json_line(self, words, **options):
        """The last line of JSON that the command prints."""
        said = self.succeed(words, **options)
        lines = [line for line in said.output.splitlines() if line.startswith("{")]
        if not lines:
            raise Failed(f"no result: {said.tail()}")
        return json.loads(lines[-1])
