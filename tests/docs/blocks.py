#!/usr/bin/env python3
"""Runs the commands of a page's code blocks, one by one, as they stand there.

    blocks.py PAGE PROGRAMS

The reader's folder holds what the pages speak of: a small CIFAR-10, an ImageNet of tiny images, photos, weights.
The programs there are those of PROGRAMS, which train only a few steps on small images. What needs other machines,
the network or a reader's own words is not run; each such line is printed with the reason.
"""

import argparse
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import time
import zlib

SOURCE = pathlib.Path(__file__).resolve().parents[2]

# What is not run, by the first reason whose pattern is found in the line.
SKIPPED = [
    (r"(^|\s)\./dev\s", "what builds and tests everything is not run from a test"),
    (r"^cmake\b", "builds, which other tests do"),
    (r"\.\.\.|CONFIG|\bDIR\b", "the reader's own words stand in it"),
    (r"^(sbatch|srun|torchrun)\b", "needs Slurm or Python's torch"),
    (r"^tensorboard\b|wandb", "needs TensorBoard or Weights & Biases"),
    (r"--serve", "serves until it is stopped"),
    (r"--archives", "needs ImageNet's archives"),
    (r"--hostfile|--hosts", "needs several machines"),
    (r"state_dict_ema", "needs a file of that making"),
]

SMALL = ("train.epochs=1 train.batch=8 train.max_steps=2 train.threads=1 train.precision=fp32 dist.device=cpu "
         "eval.batch=500 eval.size=32 eval.resize=32 augment.size=32 schedule.warmup_epochs=0 "
         "checkpoint.every_steps=1")
# Appended to the arguments of a command that trains or measures steps.
WRAPPER = """#!/bin/bash
real={programs}/{name}
words=("$@")
if [[ {name} == train_resnet50 || $1 == train || "$1 $2" == "bench step" ]]; then
  [[ "$*" == *cifar10* || "$*" == *model.stem* ]] || words+=(model.stem=imagenet)
  words+=({small})
  [[ "$1 $2" != "bench step" ]] || words+=(--steps 1 --warm-up 0)
  [[ "$*" != *unfreeze_epoch* ]] || words+=(train.epochs=9)
  [[ "$*" != *train.shards* ]] || words+=(train.batch=16)
elif [[ "$1 $2" == "bench convolutions" ]]; then
  words=(bench convolutions "$3" --batch 2 --size 32 --calls 1)
elif [[ $1 == eval && "$*" == *--model* ]]; then
  words+=(--size 32 --resize 32)
fi
exec "$real" "${{words[@]}}"
"""


def png(path, side, color):
    """An image of one colour with a diagonal."""
    rows = b"".join(b"\0" + b"".join(bytes(color) if x != y else b"\xff\xff\xff" for x in range(side))
                    for y in range(side))
    chunk = lambda kind, data: (struct.pack(">I", len(data)) + kind + data
                                + struct.pack(">I", zlib.crc32(kind + data)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def images(folder, classes, count, side):
    for number, name in enumerate(classes):
        for i in range(count):
            png(folder / name / f"{i}.png", side, (number * 37 % 256, i * 51 % 256, number * 11 % 256))


class Reader:
    """The folder in which a reader types."""

    def __init__(self, folder, programs):
        self.folder = folder
        objects = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
        synsets = [f"n{number:08d}" for number in range(1000)]
        images(folder / "data/cifar10/train", objects, 4, 32)
        images(folder / "data/cifar10/test", objects, 1, 32)
        images(folder / "data/Imagenet/train", synsets, 1, 24)
        images(folder / "data/Imagenet/val", synsets, 1, 24)
        images(folder / "photos/train", ["cat", "dog", "hare"], 6, 80)
        images(folder / "photos/val", ["cat", "dog", "hare"], 2, 80)
        png(folder / "cat.jpg", 64, (200, 120, 40))
        images(folder / "tags", ["img"], 8, 80)
        (folder / "tags/train.txt").write_text("".join(
            f"img/{i}.png" + "".join(f"\t{name}" for k, name in enumerate(["dog", "traffic light"]) if i >> k & 1)
            + "\n" for i in range(8)))
        (folder / "tags/val.json").write_text('{"img/3.png": ["dog"], "img/5.png": ["traffic light"]}')
        for link, target in {"imagenet": "data/Imagenet", "data/flowers": "../photos/train",
                             "configs": SOURCE / "configs", "examples": SOURCE / "examples"}.items():
            (folder / link).symlink_to(target)
        (folder / "build/bin").mkdir(parents=True)
        for program in programs.iterdir():
            there = folder / "build/bin" / program.name
            if program.name in ("imgcls", "train_resnet50"):
                there.write_text(WRAPPER.format(programs=programs, name=program.name, small=SMALL))
                there.chmod(0o755)
            else:
                there.symlink_to(program)
        self.environment = dict(os.environ, PATH=f"{folder}/build/bin:{os.environ['PATH']}", HOME=str(folder),
                                OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                                OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_btl_vader_single_copy_mechanism="none")

    def prepare(self, command):
        """Weights and runs that the command takes and no earlier one made."""
        makes = re.search(r"-o (\S+)|convert .* (\S+)$", command)
        for name in re.findall(r"(?:^|[ =])([\w-]+\.(?:pth|safetensors))", command):
            if not (self.folder / name).exists() and not (makes and name in makes.groups()):
                model = name.split(".")[0] if name.startswith("resnet") else "resnet18"
                self.run(f"{self.folder}/build/bin/imgcls weights init {model} -o {name}")
        for run in re.findall(r"\b(runs/[\w.-]+|run(?=/checkpoints))", command):
            if f"run.dir={run}" in command or (self.folder / run).exists():
                continue
            self.run(f"imgcls train configs/train/finetune.json data.root=photos model.name=resnet18 "
                     f"model.new_head=false run.dir={run}")

    def run(self, command):
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout


def commands(page):
    """Of the blocks of shell: lines, with those that they continue on; loops whole."""
    for block in re.findall(r"^```sh\n(.*?)^```", page, re.M | re.S):
        loop = re.match(r"for .*?^done\n(wait\n)?", block, re.M | re.S)
        if loop:
            yield loop[0]
            block = block[loop.end():]
        for line in block.replace("\\\n", " ").splitlines():
            line = re.sub(r"(^|\s)#.*", "", line).strip()
            if line:
                yield re.sub(r"\s+", " ", line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("programs", type=pathlib.Path)
    arguments = parser.parse_args()
    found = list(commands(arguments.page.read_text()))
    if not found:
        sys.exit(f"{arguments.page} has no commands")
    failed = ran = 0
    with tempfile.TemporaryDirectory() as folder:
        reader = Reader(pathlib.Path(folder).resolve(), arguments.programs.resolve())
        for command in found:
            reason = next((why for pattern, why in SKIPPED if re.search(pattern, command)), None)
            if reason:
                print(f"not run, {reason}: {command}", flush=True)
                continue
            typed, command = command, command.replace("=/data/", "=data/")  # the reader's folder is in another place
            reader.prepare(command)
            start = time.monotonic()
            code, output = reader.run(command)
            print(f"{'ran' if code == 0 else 'FAILED'}, {time.monotonic() - start:.1f} s: {typed}", flush=True)
            ran += 1
            if code != 0:
                failed += 1
                print(output, flush=True)
    print(f"{ran} of {len(found)} commands run, {failed} failed")
    return 1 if failed or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
