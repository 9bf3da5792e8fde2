"""Writes timm_reference.json: what timm's RandAugment makes of Pillow images.

    python timm_reference.py
(needs torch, torchvision 0.29.2, timm 1.0.31, Pillow 13.0.0, numpy)

The C++ tests make the same images and random numbers and must take the same steps and arrive at
the same bits. Steps are compared in single precision: they come from sines and logarithms.
"""

import hashlib
import json
import pathlib
import random
import struct
import sys
from unittest import mock

import numpy as np
import timm

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
from pixel_ops_reference import POLICY, Random, digest, image, timm_augment  # noqa: E402

FILL = (124, 116, 104)
NAMES = {"auto_contrast": "autocontrast", "translate_x_rel": "affine", "translate_y_rel": "affine",
         "shear_x": "affine", "shear_y": "affine"}


class Draws:
    """numpy's and Python's random functions, from one sample's Philox numbers."""

    def __init__(self, sample):
        self.random = Random(810975, 3, sample, POLICY)

    def choices(self, ops, count, replace, p):
        assert replace and p is None
        return [ops[self.random.below(len(ops))] for _ in range(count)]

    def gauss(self, mean, deviation):
        source = random.Random()  # without a number kept from the call before
        source.random = self.random.uniform
        return source.gauss(mean, deviation)

    def patched(self):
        numpy_part = mock.patch.object(np.random, "choice", self.choices)
        python_part = mock.patch.multiple(
            random, random=self.random.uniform, gauss=self.gauss,
            uniform=lambda low, high: low + (high - low) * self.random.uniform(),
            choice=lambda of: of[self.random.below(len(of))])
        return numpy_part, python_part


def numbers(function, img, *args):
    """What our step has for timm's arguments."""
    value = args[0] if args else None
    return {
        "shear_x": lambda: [1, value, 0, 0, 1, 0],
        "shear_y": lambda: [1, 0, 0, value, 1, 0],
        "translate_x_rel": lambda: [1, 0, value * img.width, 0, 1, 0],
        "translate_y_rel": lambda: [1, 0, 0, 0, 1, value * img.height],
    }.get(function, lambda: [value - 1 if function in
                             ("color", "contrast", "brightness", "sharpness") else value]
          if args else [])()


def recorded(function, steps):
    def call(img, *args, **kwargs):
        name = function.__name__
        steps.append([NAMES.get(name, name), [float(n) for n in numbers(name, img, *args)]])
        if name == "posterize" and args[0] == 0:  # refused by Pillow 13, black before
            return img.point(lambda value: 0)
        return function(img, *args, **kwargs)
    return call


def policies():
    yield "rand-m9-mstd0.5-inc1", {}, {}
    yield "rand-m7-n3-mstd101-p0.8", {"magnitude": 7, "num_ops": 3, "magnitude_std": 101, "prob": 0.8,
                                      "increasing": False, "interpolation": "bilinear"}, {"interpolation": 2}
    yield "rand-m8-n4-mmax20-p1-inc1", {"magnitude": 8, "num_ops": 4, "max_magnitude": 20, "prob": 1,
                                         "magnitude_std": 0, "interpolation": "bicubic"}, {"interpolation": 3}


def case(text, options, hparams, spec):
    hparams = dict(translate_const=100, img_mean=FILL, **hparams)
    policy = timm_augment.rand_augment_transform(text, hparams)
    source, first, made, all_steps = image(*spec), [], [], hashlib.sha256()
    functions = [op.aug_fn for op in policy.ops]
    for sample in range(1000):
        steps = []
        for op, function in zip(policy.ops, functions):
            op.aug_fn = recorded(function, steps)
        numpy_part, python_part = Draws(sample).patched()
        with numpy_part, python_part:
            result = policy(source)
        for name, values in steps:
            all_steps.update(name.encode() + struct.pack(f"<{len(values)}f", *values))
        all_steps.update(b"\n")
        if sample < 100:
            made.append(result)
        if sample < 12:
            first.append(steps)
    return {"timm": text, "options": options, "image": spec, "first": first,
            "steps": all_steps.hexdigest()[:16], "samples": len(made), "pixels": digest(made)}


def main():
    assert timm.__version__ == "1.0.31", timm.__version__
    cases = [case(*policy, spec) for policy in policies()
             for spec in (("smooth", 64, 64), ("noise", 33, 21))]
    (HERE / "timm_reference.json").write_text(
        "[\n" + ",\n".join(json.dumps(each) for each in cases) + "\n]\n")


if __name__ == "__main__":
    main()
