"""What is measured: imgcls beside PyTorch, in turn, in the order of the figures' worth."""

import collections
import csv
import gzip
import json
import os
import subprocess

from checks import need_images
from runner import Failed, Item, NotHere

MAX_FILE = 15 << 20  # of what is brought back


# ---- one program's figures ------------------------------------------------------------------------
def sizes(runner, size, batch, precision):
    """Of a rehearsal, tiny ones."""
    return (32, 4, "fp32") if runner.quick else (size, batch, precision)


def counts(runner):
    """Steps to warm up, and to measure."""
    return (1, 2) if runner.quick else (10, 40)


def ours(runner, size, batch, precision, *words, data=None, cores=0):
    size, batch, precision = sizes(runner, size, batch, precision)
    warm_up, steps = counts(runner)
    synthetic = [] if data else ["--synthetic"]
    return runner.json_line(
        [runner.bin / "imgcls", "bench", "step", "--json", *synthetic, "--warm-up", warm_up, "--steps", steps,
         runner.configs / "train/resnet50.json", *(runner.data.words(data) if data else []),
         f"augment.size={size}", f"train.batch={batch}", f"train.precision={precision}",
         f"dist.device={runner.device}", *(["train.threads=1"] if runner.quick else []), *words], cores=cores)


def peer(runner, size, batch, precision, compiled):
    size, batch, precision = sizes(runner, size, batch, precision)
    warm_up, steps = counts(runner)
    return runner.json_line(
        ["python3", runner.peers / "resnet50_step.py", "--device", runner.device, "--size", size, "--batch",
         batch, "--precision", precision, "--warm-up", warm_up, "--steps", steps,
         *(["--compile"] if compiled else [])], ours=False,
        # One folder for all calls, so that what was compiled once is found again.
        TORCHINDUCTOR_CACHE_DIR=str(runner.data.folder / "inductor"),
        TRITON_CACHE_DIR=str(runner.data.folder / "triton"), **({"OMP_NUM_THREADS": "1"} if runner.quick else {}))


# ---- items ----------------------------------------------------------------------------------------
def in_turn(size, batch, precision, *who, rounds=1):
    """imgcls, eager, compile, or some of them, `rounds` times; the best of each counts, all are kept."""
    def work(runner):
        measure = {"imgcls": lambda: ours(runner, size, batch, precision),
                   "eager": lambda: peer(runner, size, batch, precision, False),
                   "compile": lambda: peer(runner, size, batch, precision, True)}
        runs, problems = collections.defaultdict(list), {}
        for _ in range(1 if runner.quick else rounds):
            for name in who:
                if name in problems or (runs[name] and runner.time_left() < 20):
                    continue
                try:
                    runs[name].append(measure[name]())
                except (Failed, subprocess.TimeoutExpired) as problem:  # the others' are worth having
                    problems[name] = str(problem)
        best = {name: max(run["images_per_second"] for run in found) for name, found in runs.items() if found}
        if not best:
            raise Failed(str(problems))
        detail = ", ".join(f"{name} {rate:.0f}" for name, rate in best.items()) + " images/s"
        return {"detail": detail + (f"; failed: {problems}" if problems else ""), "images_per_second": best,
                "runs": runs}
    # Compiling takes a minute.
    limit = 150 if len(who) == 3 else 75
    return Item(f"{size} px, batch {batch}, {precision}: {', '.join(who)}", "measure", limit, work)


def from_jpegs(size, batch, precision, cores):
    def work(runner):
        need_images(runner)
        here = len(os.sched_getaffinity(0))
        if here < cores and not runner.quick:
            raise NotHere(f"this machine has {here} cores")
        found = ours(runner, size, batch, precision, data=runner.data.large(), cores=min(cores, here))
        return {"detail": f"{found['images_per_second']:.0f} images/s, "
                          f"{100 * found['data_wait']:.1f} % of a step waits for data",
                "images": runner.data.source, **found}
    return Item(f"from JPEGs, {cores} cores: {size} px, batch {batch}, {precision}", "measure", 40, work)


def deterministic(runner):
    found = {value: ours(runner, 224, 256, "fp16", f"train.deterministic={value}") for value in ("true", "false")}
    rates = {value: run["images_per_second"] for value, run in found.items()}
    return {"detail": ", ".join(f"{value} {rate:.0f}" for value, rate in rates.items()) + " images/s",
            "runs": found}


def profile(runner):
    """A run's steps by kernel."""
    need_images(runner)
    size, batch, precision = sizes(runner, 224, 256, "fp16")
    folder = runner.data.folder / "runs/profile"
    first = 2 if runner.quick else 16
    runner.succeed([
        runner.bin / "train_resnet50", runner.configs / "train/resnet50.json",
        *runner.data.words(runner.data.large()), f"run.dir={folder}", f"dist.device={runner.device}",
        f"augment.size={size}", f"train.batch={batch}", f"train.precision={precision}",
        *(["train.threads=1"] if runner.quick else []), f"profile.steps={first}-{first + 4}", f"train.max_steps={first + 5}", "log.every=1000",
        "log.tensorboard=false", "checkpoint.every_epochs=1000", "data.val=tiny",
        "eval.size=64", "eval.resize=72"])
    trace = folder / "profile/rank0.json"
    kernels = by_kernel(json.loads(trace.read_text()), "cpu_op" if runner.cpu else "kernel")
    if not kernels:
        raise Failed("the trace names no kernel")
    with open(runner.out / "kernels.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["microseconds_a_step", "calls_a_step", "kernel"])
        table.writerows(kernels)
    packed = gzip.compress(trace.read_bytes(), 6)
    if len(packed) < MAX_FILE:
        (runner.out / "trace.json.gz").write_bytes(packed)
    total = sum(kernel[0] for kernel in kernels)
    return {"detail": f"{total / 1000:.1f} ms a step in {len(kernels)} kernels (kernels.csv)",
            "kernels": kernels[:15]}


def by_kernel(trace, category, steps=5):
    """[microseconds a step, calls a step, name], longest first."""
    time, calls = collections.Counter(), collections.Counter()
    for event in trace["traceEvents"]:
        if event.get("cat") == category and event.get("ph") == "X":
            time[event["name"]] += event["dur"]
            calls[event["name"]] += 1
    return [[round(spent / steps, 1), calls[name] / steps, name] for name, spent in time.most_common()]


BOTH = ("imgcls", "eager")
ITEMS = [
    in_turn(224, 256, "fp16", *BOTH, "compile", rounds=2),
    *(from_jpegs(224, 256, "fp16", cores) for cores in (16, 8, 4)),
    in_turn(224, 256, "bf16", *BOTH),
    in_turn(176, 256, "fp16", *BOTH),
    from_jpegs(176, 256, "fp16", 16),
    in_turn(224, 512, "fp16", *BOTH),
    Item("a profile of 5 steps by kernel", "measure", 60, profile),
    Item("deterministic on and off: 224 px, batch 256, fp16", "measure", 40, deterministic),
    in_turn(176, 512, "fp16", *BOTH),
    in_turn(176, 256, "bf16", *BOTH),
    in_turn(224, 512, "bf16", *BOTH),
    in_turn(176, 512, "bf16", *BOTH),
    *(from_jpegs(176, 256, "fp16", cores) for cores in (8, 4)),
    *(in_turn(size, batch, precision, "compile") for size, batch, precision in (
        (176, 256, "fp16"), (224, 256, "bf16"), (224, 512, "fp16"), (176, 512, "fp16"), (176, 256, "bf16"),
        (224, 512, "bf16"), (176, 512, "bf16"))),
]
