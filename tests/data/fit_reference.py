"""Writes fit_reference.json: how torchvision's transforms distribute what they draw.

    python fit_reference.py
(needs torch, torchvision 0.29.2, Pillow 13.0.0, numpy)

torchvision draws from its own random numbers here, DRAWS times each. Numbers are kept as their
distribution function at some 200 places, choices as counts. The C++ tests draw from theirs and
compare the two by tests of fit.
"""

import collections
import json
import math
import pathlib
import sys
from unittest import mock

import numpy as np
import torch
from PIL import Image
from torchvision import transforms as T
from torchvision.transforms import autoaugment

HERE = pathlib.Path(__file__).parent
OURS = {
    "Identity": "identity", "ShearX": "shear_x", "ShearY": "shear_y", "TranslateX": "translate_x",
    "TranslateY": "translate_y", "Rotate": "rotate", "Brightness": "brightness", "Color": "color",
    "Contrast": "contrast", "Sharpness": "sharpness", "Posterize": "posterize", "Solarize": "solarize",
    "AutoContrast": "autocontrast", "Equalize": "equalize",
}
DRAWS = 100_000


def distribution(numbers):
    numbers = np.sort(np.asarray(numbers, dtype=np.float64))
    places = np.unique(numbers[np.linspace(0, len(numbers) - 1, 201).astype(int)])
    below = np.searchsorted(numbers, places, side="right")
    return {"at": places.tolist(), "not_above": below.tolist()}


def numbers_of(rows, names):
    """Rows of numbers, None where nothing was drawn."""
    drawn = [row for row in rows if row is not None]
    return {"draws": DRAWS, "none": len(rows) - len(drawn),
            "numbers": {name: distribution(column) for name, column in zip(names, zip(*drawn))}}


def crop(size, scale):
    """RandomResizedCrop's part: share of the area, logarithm of the aspect, left and upper edge."""
    image = Image.new("RGB", size)
    rows = []
    for _ in range(DRAWS):
        y, x, h, w = T.RandomResizedCrop.get_params(image, scale, (3 / 4, 4 / 3))
        rows.append((w * h / (size[0] * size[1]), math.log(w / h), x, y))
    return {"size": size, "area": scale, **numbers_of(rows, ["area", "log_aspect", "x", "y"])}


def erasing(size, scale):
    image = torch.zeros(3, size[1], size[0])
    rows = []
    for _ in range(DRAWS):
        y, x, h, w, value = T.RandomErasing.get_params(image, scale, (0.3, 3.3), [0])
        found = value is not image
        rows.append((w * h / (size[0] * size[1]), math.log(h / w), x, y) if found else None)
    return {"size": size, "area": scale, **numbers_of(rows, ["area", "log_aspect", "x", "y"])}


def jitter():
    rows, orders = [], collections.Counter()
    names = ["brightness", "contrast", "color", "hue"]
    for _ in range(DRAWS):
        order, *factors = T.ColorJitter.get_params((0.6, 1.4), (0.1, 1.9), (0.0, 3.0), (-0.1, 0.1))
        orders[" ".join(names[i] for i in order.tolist())] += 1
        rows.append(factors)
    return {**numbers_of(rows, names), "orders": orders}


def steps(policy):
    """How often each operation comes with each magnitude."""
    found, image = collections.Counter(), Image.new("RGB", (64, 64))

    def record(img, name, magnitude, interpolation, fill):
        found[f"{OURS[name]} {magnitude:.5g}"] += 1
        return img

    with mock.patch.object(autoaugment, "_apply_op", record):
        for _ in range(DRAWS):
            policy(image)
    return {"draws": DRAWS, "counts": found}


def shares(alpha, width):
    """AugMix's: the image's own, that of the first chain of the rest, the greatest of the rest."""
    own = torch._sample_dirichlet(torch.full((DRAWS, 2), alpha))[:, 0]
    rest = torch._sample_dirichlet(torch.full((DRAWS, width), alpha))
    rows = torch.stack([own, rest[:, 0], rest.max(1).values], 1).double().tolist()
    return {"alpha": alpha, "width": width, **numbers_of(rows, ["own", "first", "most"])}


def main():
    torch.manual_seed(20261129)
    parts = {
        "crops": [crop((500, 375), (0.08, 1.0)), crop((300, 64), (0.25, 0.9))],
        "erasing": [erasing((224, 224), (0.02, 0.33)), erasing((40, 64), (0.3, 1.0))],
        "jitter": [jitter()],
        "rand_augment": [steps(T.RandAugment())],
        "trivial_augment_wide": [steps(T.TrivialAugmentWide())],
        "shares": [shares(1.0, 3), shares(0.3, 4)],
    }
    text = ",\n".join(f'"{key}": [\n' + ",\n".join(json.dumps(case) for case in part) + "\n]"
                      for key, part in parts.items())
    (HERE / "fit_reference.json").write_text("{\n" + text + "\n}\n")


if __name__ == "__main__":
    sys.exit(main())
