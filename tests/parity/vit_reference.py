#!/usr/bin/env python3
"""Reference values of the Vision Transformer with a head: its first weights are zeros there, so that
zoo_reference.py's logits are, too. Made by torchvision; writes vit_reference.json beside this file.

    pip install torch==2.15.0 torchvision==0.29.2 xxhash
    python3 tests/parity/vit_reference.py

Weights, images and modes are lite_reference.py's. Keys name the options.
"""
import pathlib

import lite_reference  # first: it pins the kernels before torch is loaded
import torch
from torchvision.models import VisionTransformer
from zoo_reference import VITS

FILE = pathlib.Path(__file__).with_suffix(".json")
CASES = {"": {}, "dropout=0.1": {"dropout": 0.1}, "image_size=64": {"image_size": 64}}


def main():
    torch.set_num_threads(1)
    torch.backends.mha.set_fastpath_enabled(False)
    measured = {}
    for case, options in CASES.items():
        settings = {"image_size": 224, "patch_size": 16, **VITS["vit_ti_16"], **options}
        measured[case] = lite_reference.measure(VisionTransformer(**settings), settings["image_size"])
    lite_reference.write(FILE, measured)


if __name__ == "__main__":
    main()
