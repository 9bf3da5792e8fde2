"""What the peers' programs share: their arguments, the files, and the clock.

Each program prints one line of JSON: images_per_second, images, seconds, versions.
"""

import argparse
import json
import pathlib
import time


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--crop", type=int, default=176)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--variant", default="")
    parser.add_argument("--policy", default="none")
    parser.add_argument("--cache", type=pathlib.Path)
    return parser.parse_args()


def torchvision_policy(name):
    """The policy's steps as v2 has them, each with its default options."""
    from torchvision.transforms import v2
    return {"none": [], "rand_augment": [v2.RandAugment()],
            "trivial_augment_wide": [v2.TrivialAugmentWide()]}[name]


def files_of(root):
    files = sorted(p for folder in root.iterdir() if folder.is_dir() for p in folder.rglob("*") if p.is_file())
    if not files:
        raise SystemExit(f"{root} holds no class folders with images")
    return [str(path) for path in files]


def report(images, seconds, **versions):
    print(json.dumps(dict(images_per_second=images / seconds, images=images, seconds=seconds,
                          versions=versions)), flush=True)


def measure(run_epoch, seconds, **versions):
    """`run_epoch()` goes through the data set once and returns the number of images. The first epoch
    warms up; whole epochs are then run until `seconds` have passed."""
    run_epoch()
    images, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        images += run_epoch()
    report(images, time.perf_counter() - begin, **versions)


def each_image(load, files):
    """An epoch of `load(path)` for each file. Nothing is collated, which favours the peer."""
    def run_epoch():
        for path in files:
            load(path)
        return len(files)

    return run_epoch
