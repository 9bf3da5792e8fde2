"""What has to be right. Each check raises Failed, or returns what it saw."""

import csv
import hashlib
import json
import re
import signal
import socket
import time

from runner import Failed, Item, NotHere

# A small and quick version of the first recipe: all is written down at each step, and the end alone saved.
# Of images of 64 px, "auto" would make the stem the one for small images.
SMALL = ["model.stem=imagenet", "augment.size=64", "eval.size=64", "eval.resize=72", "eval.batch=64",
         "eval.every_epochs=100000", "train.batch=16", "train.epochs=100000", "train.tf32=false", "log.every=1",
         "log.tensorboard=false", "checkpoint.every_epochs=100000"]
# For a rehearsal on a CPU.
TINY = ["model.name=resnet18", "augment.size=32", "train.batch=8", "train.threads=1"]
# The recipe's learning rates: 5 epochs of 1,251 steps of warm-up, in epochs of 8 steps.
RECIPE = ["schedule.warmup_epochs=781.875"]
NO_WARM_UP = ["schedule.name=constant", "schedule.warmup_epochs=0"]
BAD_END = r"destroy_process_group|shutdown|terminate called|Segmentation"


# ---- tools ----------------------------------------------------------------------------------------
def need_gpu(runner):
    if runner.cpu:
        raise NotHere("needs a GPU")


def need_images(runner):
    if not runner.data.photos:
        raise NotHere("no photos in the bundle, and no Pillow to make images")


def training(runner, run, *words, device=None, data="small"):
    need_images(runner)
    folder = runner.data.folder / data
    if not folder.is_dir():
        classes, each = {"tiny": (4, 8), "eval": (8, 64)}[data]
        runner.data.link(data, classes, each)
    return [runner.bin / "train_resnet50", runner.configs / "train/resnet50.json",
            *runner.data.words(folder), *SMALL, *(TINY if runner.quick else []),
            f"run.dir={runner.data.folder / 'runs' / run}", f"dist.device={device or runner.device}", *words]


def folder_of(runner, run):
    return runner.data.folder / "runs" / run


def rows(runner, run):
    try:
        with open(folder_of(runner, run) / "steps.csv") as file:
            return list(csv.DictReader(file))
    except OSError:
        return []


def losses(runner, run):
    return [float(row["loss"]) for row in rows(runner, run)]


def train(runner, run, *words, **options):
    said = runner.succeed(training(runner, run, *words, **options))
    device = options.get("device") or runner.device
    wanted = "1 x cuda:0" if device == "cuda" else "1 x cpu"
    everything = said.output + said.errors
    if wanted not in everything:
        raise Failed(f"did not say '{wanted}': {said.tail()}")
    if re.search(BAD_END, everything):
        raise Failed(f"did not end well: {said.tail()}")
    return losses(runner, run)


def weights_hash(runner, run):
    found = sorted((folder_of(runner, run) / "checkpoints").glob("step-*/weights.safetensors"))
    if not found:
        raise Failed(f"run {run} left no checkpoint")
    return hashlib.sha256(found[-1].read_bytes()).hexdigest()


def half(runner):
    """fp16, which a CPU takes minutes for."""
    return "train.precision=" + ("fp32" if runner.cpu else "fp16")


def largest_difference(one, other):
    if len(one) != len(other) or not one:
        raise Failed(f"{len(one)} and {len(other)} steps")
    return max(abs(a - b) for a, b in zip(one, other))


# ---- programs, plugin, device ---------------------------------------------------------------------
def libraries(runner):
    """All shared libraries are found, and programs load none of CUDA's but those of libtorch_cpu."""
    missing = []
    for path in [runner.bin / "train_resnet50", runner.bin / "imgcls", runner.bin / "gpu_check",
                 runner.lib / "libimgcls_cuda.so"]:
        said = runner.succeed(["ldd", path])
        missing += [line.strip() for line in said.output.splitlines() if "not found" in line]
        if path.suffix != ".so" and "libtorch_cuda" in said.output:
            raise Failed(f"{path.name} links libtorch_cuda")
    if missing:
        raise Failed("; ".join(missing))
    return "all found; programs link no libtorch_cuda"


def refused(runner, run, pattern, device="cuda", **variables):
    said = runner.command(training(runner, run, "train.max_steps=1", device=device), **variables)
    if said.code == 0:
        raise Failed("it ran")
    if not re.search(pattern, said.output + said.errors):
        raise Failed(f"said other than '{pattern}': {said.tail()}")
    return f"refused, exit code {said.code}: {pattern}"


def hidden(runner):
    return refused(runner, "hidden", "GPU support loads, but CUDA sees no GPU", CUDA_VISIBLE_DEVICES="")


def plugin_absent(runner):
    return refused(runner, "nowhere", "/nowhere.so: cannot open shared object file",
                   IMGCLS_CUDA_PLUGIN="/nowhere.so")


def falls_back(runner):
    need_gpu(runner)
    said = runner.succeed(training(runner, "fallback", "train.max_steps=2", "train.precision=fp32",
                                   "model.name=resnet18", device="auto"), CUDA_VISIBLE_DEVICES="")
    everything = said.output + said.errors
    if "training on the CPU although there is a GPU" not in everything or "1 x cpu" not in everything:
        raise Failed(said.tail())
    return "warns, and trains on the CPU"


def two_ranks(runner):
    """Two ranks on one GPU are refused; started with torchrun's variables, since there is no MPI."""
    need_gpu(runner)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    ranks = [runner.start(training(runner, "two", "train.max_steps=1", "dist.timeout_s=20"),
                          CUDA_VISIBLE_DEVICES="0", RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2",
                          LOCAL_WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
             for rank in range(2)]
    said = [runner.finish(rank) for rank in ranks]
    everything = " ".join(each.output + each.errors for each in said)
    if any(each.code == 0 for each in said):
        raise Failed("a rank ran")
    if "this machine runs 2 ranks and has 1 GPU" not in everything:
        raise Failed(everything[-300:])
    return "refused: this machine runs 2 ranks and has 1 GPU"


def part(name):
    """A check of gpu_check's."""
    def work(runner):
        said = runner.command([runner.bin / "gpu_check", runner.device, name])
        lines = [line for line in said.output.splitlines() if line.startswith("{")]
        if not lines:
            raise Failed(f"exit code {said.code}: {said.tail()}")
        found = json.loads(lines[-1])
        if found["ok"] is None:
            raise NotHere(found["detail"])
        if not found["ok"] or said.code != 0:
            raise Failed(found["detail"])
        return found["detail"]
    return work


# ---- training -------------------------------------------------------------------------------------
def ten_steps(runner):
    """The first recipe's losses on GPU and CPU, and how far runs on the GPU are from each other."""
    words = ["train.max_steps=10", "train.precision=fp32", *RECIPE]
    there = train(runner, "ten-gpu", "train.deterministic=true", *words)
    here = train(runner, "ten-cpu", *words, device="cpu")
    free = [train(runner, f"ten-free-{i}", "train.deterministic=false", *words)
            for i in range(1 if runner.quick else 2)]
    found = largest_difference(there, here)
    spread = max(largest_difference(there, other) for other in free)
    values = {"detail": f"GPU and CPU differ by {found:.2e} at most, runs on the GPU by {spread:.2e}",
              "gpu": there, "cpu": here, "difference": found, "spread": spread}
    if len(there) != 10 or not max(found, spread) <= 1e-3:
        raise Failed(values["detail"] + f": {there} and {here}")
    return values


def precisions(runner):
    """fp16 and bf16 learn 32 images as fp32 does."""
    words = ["train.max_steps=40", "train.batch=32", "augment.crop=none", "augment.flip=0",
             "train.label_smoothing=0", *NO_WARM_UP, "optimizer.lr=1e-3"]
    names = ["fp32", "bf16"] if runner.cpu else ["fp32", "fp16", "bf16"]
    if runner.quick:
        words += ["train.batch=16", "train.max_steps=30"]
    falls = {}
    for name in names:
        found = train(runner, f"falls-{name}", f"train.precision={name}", *words, data="tiny")
        falls[name] = sum(found[:3]) / 3 - sum(found[-3:]) / 3
    detail = ", ".join(f"{name} {fall:.3f}" for name, fall in falls.items())
    if not falls["fp32"] > 0.3:
        raise Failed(f"fp32 does not learn: losses fall by {detail}")
    if not all(fall > 0.5 * falls["fp32"] for fall in falls.values()):
        raise Failed(f"losses fall by {detail}")
    return {"detail": f"losses fall by {detail}", "falls": falls}


def exact_words(runner):
    # RECIPE's first steps are too small to tell weights apart by their loss.
    return ["model.name=resnet18", "train.deterministic=true", half(runner), *NO_WARM_UP,
            f"train.max_steps={15 if runner.quick else 60}"]


def whole_run(runner):
    """A run that others are compared with, made once."""
    if "whole" not in runner.cache:
        runner.cache["whole"] = None
        train(runner, "whole", *exact_words(runner))
        runner.cache["whole"] = weights_hash(runner, "whole")
    if runner.cache["whole"] is None:
        raise Failed("the run to compare with has failed before")
    return runner.cache["whole"]


def twice(runner):
    first = whole_run(runner)
    train(runner, "again", *exact_words(runner))
    second = weights_hash(runner, "again")
    if first != second:
        raise Failed(f"weights {first[:16]} and {second[:16]}; losses differ by "
                     f"{largest_difference(losses(runner, 'whole'), losses(runner, 'again')):.2e}")
    return f"weights {first[:16]} both times"


def stop_and_resume(runner):
    """SIGUSR1 saves and ends with 75; the same command resumes, and ends with the same bits."""
    first = whole_run(runner)
    words = training(runner, "stopped", *exact_words(runner))
    process = runner.start(words)
    while process.poll() is None and len(rows(runner, "stopped")) < 3:
        if runner.time_left() < 1:
            break
        time.sleep(0.002)
    process.send_signal(signal.SIGUSR1)
    said = runner.finish(process)
    if said.code != 75:
        raise Failed(f"exit code {said.code} after SIGUSR1 instead of 75: {said.tail()}")
    done = len(rows(runner, "stopped"))
    runner.succeed(words)
    second = weights_hash(runner, "stopped")
    if first != second:
        raise Failed(f"stopped after {done} steps; weights {first[:16]} and {second[:16]}")
    runner.cache["stopped"] = done
    return f"stopped after {done} steps with exit code 75; weights {first[:16]} as without a stop"


def loss_scale(runner):
    """fp16's scale is written down, stays sane, and goes on through a stop."""
    whole_run(runner)
    if "stopped" not in runner.cache:
        raise NotHere("the run that is stopped did not go on")
    scales = [[float(row["loss_scale"]) for row in rows(runner, run)] for run in ("whole", "stopped")]
    wanted = 1 if runner.cpu else 65536
    if scales[0] != scales[1]:
        raise Failed(f"scales {scales[0]} and, with a stop, {scales[1]}")
    if not all(0 < scale <= wanted for scale in scales[0]) or scales[0][-1] < 1:
        raise Failed(f"scales {scales[0]}")
    return f"from {scales[0][0]:.0f} to {scales[0][-1]:.0f}, with a stop the same"


def evaluation(runner):
    """The counts of the CPU, in fp32."""
    whole_run(runner)
    training(runner, "none", data="eval")  # makes the images
    words = [runner.bin / "imgcls", "eval", folder_of(runner, "whole"),
             *runner.data.words(runner.data.folder / "eval")]
    counts = {}
    for device in (runner.device, "cpu"):
        said = runner.succeed([*words, f"dist.device={device}", "train.tf32=false"])
        found = (re.findall(r"images (\d+)", said.output)
                 + re.findall(r"top-[15] .* (\d+) right", said.output))
        if len(found) != 3 or int(found[0]) == 0:
            raise Failed(f"no counts: {said.tail(6)}")
        counts[device] = found
    if counts[runner.device] != counts["cpu"]:
        raise Failed(f"images, top-1, top-5: {counts[runner.device]}, on the CPU {counts['cpu']}")
    return "images, top-1, top-5: " + ", ".join(counts["cpu"])


def nothing_left(runner):
    need_gpu(runner)
    said = runner.command(["nvidia-smi", "--query-compute-apps=pid,process_name", "--format=csv,noheader"])
    left = [line for line in said.output.splitlines() if "train_resnet50" in line or "imgcls" in line]
    if said.code != 0 or left:
        raise Failed("; ".join(left) or said.tail())
    return "no process of ours on the GPU"


def check(name, limit_s, work):
    return Item(name, "check", limit_s, work)


ITEMS = [
    check("libraries are found", 20, libraries),
    check("a hidden GPU is an error", 20, hidden),
    check("a missing plugin is an error", 20, plugin_absent),
    check("a hidden GPU falls back to the CPU", 30, falls_back),
    check("two ranks on one GPU are refused", 40, two_ranks),
    check("input is normalized as on the CPU", 30, part("input")),
    check("optimizers go where they go on the CPU", 30, part("optimizers")),
    check("loss scale: skip, take, resume", 30, part("scaler")),
    check("batch norm with an exchange", 30, part("batch_norm")),
    check("NCCL with a world of one", 40, part("nccl")),
    check("ten steps on GPU and CPU", 60, ten_steps),
    check("fp16 and bf16 learn as fp32", 60, precisions),
    check("run twice: equal bits", 40, twice),
    check("SIGUSR1, resume: equal bits", 40, stop_and_resume),
    check("loss scale through a resume", 20, loss_scale),
    check("evaluation counts as the CPU's", 40, evaluation),
    check("memory of 50 steps does not grow", 40, part("memory")),
    check("every family takes a step", 90, part("families")),
    check("nothing is left on the GPU", 20, nothing_left),
]
