#!/usr/bin/env python3
"""Trains by shards on 1 to 8 ranks, straight and stopped, and compares the hashes of the weights.

    one_hash.py PROGRAMS [--steps 30] [--model resnet18]
"""

import argparse
import gzip
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

from ranks import on_ranks

ROOT = pathlib.Path(__file__).resolve().parent.parent
RANKS = (1, 2, 3, 4, 5, 8)

# Fashion-MNIST, which Debian has, at 64 x 64 pixels; ViT-Ti in patches of 16.
MODELS = {
    "resnet18": ["model.name=resnet18", "model.stem=imagenet"],
    "resnet50": ["model.name=resnet50", "model.stem=imagenet"],
    "vit_ti_16": ["model.name=vit_ti_16", "model.image_size=64", "model.dropout=0.1", "model.drop_path=0.1"],
}
RECIPES = {
    "first recipe": ["optimizer.name=adam", "optimizer.lr=4e-4", "optimizer.weight_decay=5e-5",
                     'optimizer.groups=[{"pattern":"bn","weight_decay":0}]'],
    "AdamW, EMA, mixup, clipping": [
        "optimizer.name=adamw", "optimizer.lr=1e-3", "optimizer.weight_decay=0.05", "optimizer.groups=[]",
        "average.name=ema", "average.ema.decay=0.99", 'mix.kinds=["mixup"]', "mix.by=pair", "clip.name=norm"],
}
if {"avx512_bf16", "amx_bf16"} & set(pathlib.Path("/proc/cpuinfo").read_text().split()):
    RECIPES["first recipe in bf16"] = [*RECIPES["first recipe"], "train.precision=bf16"]
COMMON = [ROOT / "configs/data/fashion-mnist.json", ROOT / "configs/train/demo.json", "train.shards=8",
          "train.batch=32", "augment.size=64", "augment.crop=random_resized", "eval.size=64", "eval.resize=64",
          "eval.batch=500", "eval.every_epochs=1000", "model.width=0", "log.every=1", "log.tensorboard=false"]


def write_data(folder, images=100):
    """Fashion-MNIST with that many images for evaluation, which is not what is looked at here."""
    source = pathlib.Path("/usr/share/datasets/fashion-mnist")
    for file in source.glob("train-*"):
        (folder / file.name).symlink_to(file)
    for name, header, size in (("t10k-images-idx3-ubyte.gz", 16, 784), ("t10k-labels-idx1-ubyte.gz", 8, 1)):
        with gzip.open(source / name) as file:
            content = file.read(header + images * size)
        with gzip.open(folder / name, "wb") as file:
            file.write(content[:4] + struct.pack(">I", images) + content[8:])


def figures(run):
    """Step, epoch, loss, rate and norm of each step, as they are written."""
    rows = [line.split(",")[:6] for line in (run / "steps.csv").read_text().splitlines()]
    return [row[:2] + row[3:] for row in rows]


def train(programs, folder, name, stops, words):
    """Trains in legs, each on so many ranks up to a step; its hash, its figures and the time."""
    run = folder / name
    start = time.monotonic()
    for launcher, ranks, step in stops:
        line = on_ranks(ranks, [programs / "imgcls", "train", *words, f"train.max_steps={step}",
                                f"run.dir={run}"], launcher)
        done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            sys.exit(f"exit code {done.returncode} of {' '.join(map(str, line))}:\n{done.stdout[-3000:]}")
    found = subprocess.check_output([programs / "imgcls", "weights", "hash", run], text=True)
    return found[:64], figures(run), time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--model", choices=MODELS, action="append", help="only this one; may be repeated")
    arguments = parser.parse_args()
    programs, steps = arguments.programs.resolve(), arguments.steps
    legs = {f"{ranks}": [("mpirun", ranks, steps)] for ranks in RANKS}
    legs["3, by variables"] = [("by variables", 3, steps)]
    legs["2, stopped, 5, stopped, 1"] = [("mpirun", 2, steps // 3), ("mpirun", 5, steps * 2 // 3),
                                         ("mpirun", 1, steps)]
    right = True
    for model in arguments.model or MODELS:
        of_model = MODELS[model]
        for recipe, of_recipe in RECIPES.items():
            print(f"{model}, {recipe}, {steps} steps of 8 shards", flush=True)
            expected = None
            with tempfile.TemporaryDirectory() as folder:
                write_data(pathlib.Path(folder))
                words = [*COMMON, *of_model, *of_recipe, f"data.root={folder}"]
                for ranks, stops in legs.items():
                    name = ranks.replace(", ", "-").replace(" ", "-")
                    found = train(programs, pathlib.Path(folder), name, stops, words)
                    expected = expected or found
                    same = found[:2] == expected[:2]
                    right &= same
                    print(f"  {ranks:26} {found[0][:16]}  {'same' if same else 'DIFFERENT'}  {found[2]:.0f} s",
                          flush=True)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
