"""Writes aug_mix_reference.json: what torchvision's AugMix makes of Pillow images.

    python aug_mix_reference.py
(needs torch, torchvision 0.29.2, timm 1.0.31, Pillow 13.0.0, numpy)

The C++ tests make the same images and random numbers and must arrive at the same bits. torchvision
turns a Pillow image into a tensor first, and so does its operations by those for tensors. Here each
operation is done by torchvision's functions for Pillow images, as in its other policies; all else,
the mixing above all, is AugMix.forward itself. How far that is from AugMix on tensors is printed.
"""

import hashlib
import json
import math
import pathlib
import struct
import sys
from contextlib import ExitStack
from unittest import mock

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import autoaugment

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
from pixel_ops_reference import MODES, OURS, POLICY, Random, digest, image  # noqa: E402

OPERATION = autoaugment._apply_op


def normal(numbers):
    radius = math.sqrt(-2 * math.log(1 - numbers.uniform()))
    return radius * math.cos(2 * math.pi * numbers.uniform())


def log_gamma_number(numbers, shape):
    """imgcls/core/distributions.h: Marsaglia and Tsang's method."""
    if shape < 1:
        u = 1 - numbers.uniform()
        return log_gamma_number(numbers, shape + 1) + math.log(u) / shape
    d = shape - 1.0 / 3
    c = 1 / math.sqrt(9 * d)
    while True:
        x = normal(numbers)
        v = math.pow(1 + c * x, 3)
        if v <= 0:
            continue
        u = 1 - numbers.uniform()
        if math.log(u) < x * x / 2 + d - d * v + d * math.log(v):
            return math.log(d * v)


class Draws:
    """torch's random functions, from one sample's Philox numbers."""

    def __init__(self, sample):
        self.random = Random(810975, 3, sample, POLICY)
        self.shares = []

    def dirichlet(self, params):
        (alphas,) = params.tolist()
        logs = [log_gamma_number(self.random, alpha) for alpha in alphas]
        shares = [math.exp(value - max(logs)) for value in logs]
        total = 0.0
        for share in shares:
            total += share
        self.shares.append([share / total for share in shares])
        return torch.tensor([self.shares[-1]], dtype=torch.float32)

    def randint(self, *args, **kwargs):
        low, high = kwargs["low"] if "low" in kwargs else 0, kwargs.get("high", args[0] if args else None)
        return torch.tensor([low + self.random.below(high - low)])

    def patched(self, operation):
        stack = ExitStack()
        stack.enter_context(mock.patch.object(torch, "randint", self.randint))
        stack.enter_context(mock.patch.object(torch, "_sample_dirichlet", self.dirichlet))
        stack.enter_context(mock.patch.object(autoaugment, "_apply_op", operation))
        return stack


def by_pillow(tensor, name, magnitude, interpolation, fill):
    made = Image.fromarray(tensor[0].permute(1, 2, 0).numpy())
    if name == "Posterize" and magnitude == 0:  # refused by Pillow 13, black on tensors and before
        made = made.point(lambda value: 0)
    else:
        made = OPERATION(made, name, magnitude, interpolation, fill)
    return torch.from_numpy(np.array(made)).permute(2, 0, 1)[None]


def augmented(policy, source, sample, operation=by_pillow):
    """The pixels, and the shares and operations that were drawn."""
    steps, draws = [], Draws(sample)

    def record(tensor, name, magnitude, interpolation, fill):
        steps.append([OURS[name], magnitude])
        return operation(tensor, name, magnitude, interpolation=interpolation, fill=fill)

    with draws.patched(record):
        made = policy(source)
    return made, draws.shares, steps


def policies():
    for mode in MODES:
        yield {"interpolation": mode}, autoaugment.AugMix(interpolation=MODES[mode])
    yield ({"severity": 10, "mixture_width": 1, "chain_depth": 4, "fill": [1, 200, 30]},
           autoaugment.AugMix(10, 1, 4, fill=(1, 200, 30)))
    yield ({"severity": 1, "mixture_width": 5, "alpha": 0.3, "all_ops": False},
           autoaugment.AugMix(1, 5, alpha=0.3, all_ops=False))
    yield ({"severity": 7, "mixture_width": 2, "chain_depth": 1, "alpha": 4.5},
           autoaugment.AugMix(7, 2, 1, 4.5))


def case(options, policy, spec):
    source, first, pixels, all_steps = image(*spec), [], [], hashlib.sha256()
    for sample in range(400):
        made, (ends, shares), steps = augmented(policy, source, sample)
        if sample < 6:
            first.append({"ends": ends, "shares": shares, "steps": steps})
        if sample < 100:
            pixels.append(made)
        for name, magnitude in steps:
            all_steps.update(name.encode() + struct.pack("<d", magnitude))
        all_steps.update(b"\n")
    return {"options": options, "image": spec, "first": first, "steps": all_steps.hexdigest()[:16],
            "samples": len(pixels), "pixels": digest(pixels)}


def scales():
    """Every bin, in single precision, so that JSON has them exactly."""
    space = autoaugment.AugMix()._augmentation_space(10, (32, 224))
    return {OURS[name]: values.tolist() for name, (values, _) in space.items() if values.ndim > 0}


def print_distance_from_tensors():
    policy, source = autoaugment.AugMix(), image("smooth", 64, 64)
    differences = []
    for sample in range(400):
        ours, theirs = (np.asarray(augmented(policy, source, sample, operation)[0], dtype=int)
                        for operation in (by_pillow, OPERATION))
        differences.append(np.abs(ours - theirs))
    stacked = np.stack(differences)
    print(f"from AugMix with operations on tensors: {(stacked == 0).mean():.1%} of the values equal, "
          f"{(stacked <= 1).mean():.1%} at most 1 apart, mean {stacked.mean():.3f}")


def main():
    cases = [case(*policy, spec) for policy in policies() for spec in (("smooth", 64, 64), ("noise", 33, 21))]
    text = ",\n".join(json.dumps(each) for each in cases)
    (HERE / "aug_mix_reference.json").write_text(
        f'{{"scales": {json.dumps(scales())},\n"cases": [\n{text}\n]}}\n')
    print_distance_from_tensors()


if __name__ == "__main__":
    main()
