"""Writes pixel_ops_reference.json: what torchvision's AutoAugment classes make of Pillow images.

    python pixel_ops_reference.py
(needs torch, torchvision 0.29.2, timm 1.0.31, Pillow 13.0.0, numpy)

The C++ tests make the same images and random numbers and must arrive at the same bits. Pixels are
compared by the first 16 digits of a SHA-256, one for all magnitudes of an operation on an image.
"""

import hashlib
import json
import pathlib
import struct
import sys
from unittest import mock

import numpy as np
import PIL
import torch
import torchvision
from PIL import Image, ImageFilter
from torchvision.transforms import InterpolationMode, autoaugment
from torchvision.transforms import functional as F
from timm.data import auto_augment as timm_augment

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "parity"))
from transforms_reference import Random  # noqa: E402  (imgcls::Random in Python)

POLICY = 6  # imgcls::RandomStream::policy
MODES = {"nearest": InterpolationMode.NEAREST, "bilinear": InterpolationMode.BILINEAR,
         "bicubic": InterpolationMode.BICUBIC}
PILLOW_MODES = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}

# --- images ---------------------------------------------------------------------------------------


def grid(width, height):
    y, x, c = np.meshgrid(
        *(np.arange(n, dtype=np.uint32) for n in (height, width, 3)), indexing="ij"
    )
    places = x * np.uint32(73856093) ^ y * np.uint32(19349663) ^ c * np.uint32(83492791)
    return x, y, c, places * np.uint32(2654435761)


def pixels(kind, width, height):
    x, y, c, noise = grid(width, height)
    return {
        "noise": lambda: noise >> 24,
        "smooth": lambda: x * (c + 1) + 2 * y + (noise >> 26),
        "black": lambda: 0 * x,
        "grey": lambda: 0 * x + 77,
        "white": lambda: 0 * x + 255,
        "checkers": lambda: (x + y) % 2 * 255,
        "ramp": lambda: x * 255 // max(1, width - 1) + 0 * c,
        "dull": lambda: 100 + 20 * c + (noise >> 24) % (5 + 3 * c),
        "green": lambda: (noise >> 24) * (c == 1),
        "two": lambda: (noise >> 31) * 255,
        "ends": lambda: np.array([0, 1, 254, 255])[noise >> 30],
        "strip": lambda: np.where(x < width // 2, 3 + 0 * c, 250 - c),
    }[kind]()


def image(kind, width, height):
    return Image.fromarray(pixels(kind, width, height).astype(np.uint8))


IMAGES = [
    ("smooth", 32, 32), ("noise", 33, 21), ("smooth", 17, 40), ("noise", 1, 1), ("smooth", 2, 2),
    ("noise", 3, 3), ("noise", 1, 37), ("noise", 41, 1), ("smooth", 2, 19), ("black", 9, 7),
    ("grey", 16, 16), ("white", 8, 11), ("checkers", 15, 14), ("ramp", 64, 5), ("dull", 31, 30),
    ("green", 24, 24), ("two", 20, 23), ("ends", 29, 18), ("strip", 12, 12), ("dull", 65, 67),
    ("ramp", 256, 3),
]
FAR = [("smooth", 40000, 3), ("noise", 3, 33000)]  # past the range of fixed point

# --- operations -----------------------------------------------------------------------------------

NAMES = {
    "identity": "Identity", "shear_x": "ShearX", "shear_y": "ShearY", "translate_x": "TranslateX",
    "translate_y": "TranslateY", "rotate": "Rotate", "brightness": "Brightness", "color": "Color",
    "contrast": "Contrast", "sharpness": "Sharpness", "posterize": "Posterize",
    "solarize": "Solarize", "autocontrast": "AutoContrast", "equalize": "Equalize",
    "invert": "Invert",
}
OURS = {theirs: ours for ours, theirs in NAMES.items()}
OTHERS = {
    "grayscale": lambda img, m: F.to_grayscale(img, 3),
    "hue": F.adjust_hue,
    "vertical_flip": lambda img, m: F.vflip(img),
    "solarize_add": timm_augment.solarize_add,
    "gaussian_blur_pillow": lambda img, m: img.filter(ImageFilter.GaussianBlur(m)),
}
TRANSFORMS = {"affine": Image.AFFINE, "perspective": Image.PERSPECTIVE}  # by several numbers
SHIFTS = ["shear_x", "shear_y", "translate_x", "translate_y", "rotate"]
GEOMETRIC = [*SHIFTS, *TRANSFORMS]


def apply(name, img, magnitude, mode="nearest", fill=None):
    if name in TRANSFORMS:
        return img.transform(img.size, TRANSFORMS[name], magnitude, PILLOW_MODES[mode],
                             fillcolor=fill or (0, 0, 0))
    if name == "posterize" and magnitude == 0:  # refused by Pillow 13, black before
        return img.point(lambda value: 0)
    if name in OTHERS:
        return OTHERS[name](img, magnitude)
    return autoaugment._apply_op(img, NAMES[name], magnitude, MODES[mode], fill)


def both_ways(end):
    """31 magnitudes with alternating signs, and the same with the others."""
    values = torch.linspace(0, end, 31).tolist()
    return [v * (-1) ** (i + k) for k in (0, 1) for i, v in enumerate(values)]


def magnitudes():
    blends = both_ways(0.99) + both_ways(0.9) + [-1.0, 0.0, 1.0, 2.5, 10.0]
    shears = both_ways(0.99) + both_ways(0.3) + [1.0, -3.5]
    moves = both_ways(32.0) + both_ways(150.0 / 331.0 * 17) + [65535.0, -0.9]
    found = {
        "shear_x": shears, "shear_y": shears, "translate_x": moves, "translate_y": moves,
        "rotate": both_ways(135.0) + both_ways(30.0)
                  + [90.0, 180.0, 270.0, 360.0, -180.0, -270.0, 1e-14, 179.999],
        "brightness": blends, "color": blends, "contrast": blends, "sharpness": blends,
        "posterize": [float(bits) for bits in range(9)],
        "solarize": torch.linspace(255.0, 0.0, 31).tolist() + [256.0, 128.0, 127.5],
        "hue": torch.linspace(-0.5, 0.5, 31).tolist() + [0.1],
        "solarize_add": [0, 1, 11, 55, 110, 127, 128, 255],
        "gaussian_blur_pillow": torch.linspace(0, 2, 31).tolist() + [0.1, 3.7, 12.0, 41.5],
        "affine": [[1, 0.27, 0, 0, 1, 0], [1, 0, 0, -0.3, 1, 0], [1, 0, 12.375, 0, 1, 0],
                   [1, 0, 0, 0, 1, -7.6], [1, 0, -4, 0, 1, 3], [0.7, 0, 2, 0, 1.3, -1]]
                  + [F._get_inverse_affine_matrix([16, 16], *change) for change in AFFINE_CHANGES],
        "perspective": [F._get_perspective_coeffs(corners(32, 32), ends) for ends in PERSPECTIVES]
                       + [[1, 0, 0, 0, 1, 0, 0.05, -0.031], [1, 0, 0, 0, 1, 0, 0, 0]],
    }
    return {name: found.get(name, [0.0]) for name in [*NAMES, *OTHERS, *TRANSFORMS]}


AFFINE_CHANGES = [  # degrees, translation, scale, shear in degrees
    (30.0, (0, 0), 1.0, (0.0, 0.0)), (-12.5, (3, -2), 0.8, (5.0, 0.0)),
    (0.0, (0, 0), 1.25, (0.0, 0.0)), (170.0, (-4, 4), 1.1, (-10.0, 20.0)),
]
PERSPECTIVES = [[[3, 1], [28, 4], [31, 30], [0, 25]], [[0, 0], [20, 7], [25, 25], [6, 31]]]


def corners(width, height):
    return [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]


def kernel_blurs():
    """Pixels, since torchvision's order of adding is not ours."""
    for spec in (("noise", 33, 21), ("dull", 31, 30), ("ramp", 64, 5), ("noise", 41, 12)):
        for kernel, sigma in (([3, 3], 0.5), ([9, 7], 1.7), ([23, 5], 2.0)):
            if kernel[0] // 2 >= spec[1] or kernel[1] // 2 >= spec[2]:
                continue
            blurred = np.asarray(F.gaussian_blur(image(*spec), kernel, sigma))
            yield {"image": spec, "kernel": kernel, "sigma": sigma,
                   "pixels": blurred.tobytes().hex()}


def affine_matrices():
    for size in ((224, 224), (33, 21)):
        for change in AFFINE_CHANGES:
            center = [size[0] * 0.5, size[1] * 0.5]
            yield {"center": center, "change": change,
                   "matrix": F._get_inverse_affine_matrix(center, *change)}


def scales():
    """Every bin of the policies' scales; single precision, so that JSON has them exactly."""
    for bins in (2, 10, 12, 23, 31, 100):
        for policy, space in (
            ("moderate", autoaugment.RandAugment()._augmentation_space(bins, (32, 224))),
            ("wide", autoaugment.TrivialAugmentWide()._augmentation_space(bins)),
        ):
            values = {OURS[name]: v.tolist() for name, (v, _) in space.items() if v.ndim > 0}
            yield {"space": policy, "bins": bins, "values": values}


def digest(images):
    made = hashlib.sha256()
    for img in images:
        made.update(np.asarray(img).tobytes())
    return made.hexdigest()[:16]


def operation_cases(name, values):
    settings = [("nearest", None)]
    if name in GEOMETRIC:
        settings = [(mode, fill) for mode in MODES for fill in (None, (124, 116, 7))]
    for mode, fill in settings:
        digests = []
        for spec in IMAGES:
            source = image(*spec)
            digests.append(digest(apply(name, source, m, mode, fill) for m in values))
        yield {"operation": name, "sampling": mode, "fill": fill or [0, 0, 0], "digests": digests}


def far_cases():
    for spec in FAR:
        for name in SHIFTS:
            values = [0.01, -0.37, 2.0]
            yield {"image": spec, "operation": name, "magnitudes": values,
                   "digest": digest(apply(name, image(*spec), m) for m in values)}

# --- policies -------------------------------------------------------------------------------------


class Draws:
    """torch's random functions, from one sample's Philox numbers."""

    def __init__(self, sample):
        self.random = Random(810975, 3, sample, POLICY)

    def randint(self, high, size, dtype=None):
        return torch.tensor([self.random.below(high) for _ in range(size[0])])

    def rand(self, size):
        return torch.tensor([self.random.uniform() for _ in range(size[0])], dtype=torch.float32)

    def patched(self):
        return mock.patch.multiple(torch, randint=self.randint, rand=self.rand)


def drawn(policy, img, sample):
    """The steps that a policy takes, without their doing."""
    steps = []

    def record(img, name, magnitude, interpolation, fill):
        steps.append((OURS[name], magnitude))
        return img

    with Draws(sample).patched(), mock.patch.object(autoaugment, "_apply_op", record):
        policy(img)
    return steps


def policies():
    sets = {kind.value: kind for kind in autoaugment.AutoAugmentPolicy}
    for mode in MODES:
        common = {"interpolation": mode}
        for options in ({}, {"num_ops": 3, "magnitude": 14, "bins": 23}, {"num_ops": 1, "magnitude": 9, "bins": 10}):
            theirs = {"num_magnitude_bins" if k == "bins" else k: v for k, v in options.items()}
            yield ("rand_augment", {**options, **common},
                   autoaugment.RandAugment(**theirs, interpolation=MODES[mode]))
        for bins in (31, 12):
            yield ("trivial_augment_wide", {"bins": bins, "fill": [1, 200, 30], **common},
                   autoaugment.TrivialAugmentWide(bins, MODES[mode], (1, 200, 30)))
        for name, kind in sets.items():
            yield "auto_augment", {"set": name, **common}, autoaugment.AutoAugment(kind, MODES[mode])


def policy_cases():
    for name, options, policy in policies():
        for spec in (("smooth", 224, 224), ("noise", 32, 32), ("smooth", 51, 33)):
            source = image(*spec)
            steps = hashlib.sha256()
            for sample in range(1000):
                for operation, magnitude in drawn(policy, source, sample):
                    steps.update(operation.encode() + struct.pack("<d", magnitude))
                steps.update(b"\n")
            made = []
            for sample in range(8 if spec[1] == 224 else 50):
                with Draws(sample).patched():
                    made.append(policy(source))
            yield {"policy": name, "options": options, "image": spec,
                   "first": [drawn(policy, source, sample) for sample in range(6)],
                   "steps": steps.hexdigest()[:16], "samples": len(made), "pixels": digest(made)}


def main():
    assert PIL.__version__ == "13.0.0", PIL.__version__
    assert torchvision.__version__.startswith("0.29.2"), torchvision.__version__
    values = magnitudes()
    parts = {
        "images": IMAGES,
        "magnitudes": values,
        "operations": [case for name in values for case in operation_cases(name, values[name])],
        "far": list(far_cases()),
        "kernel_blurs": list(kernel_blurs()),
        "affine_matrices": list(affine_matrices()),
        "scales": list(scales()),
        "policies": list(policy_cases()),
    }
    text = ",\n".join(
        f"{json.dumps(key)}: [\n" + ",\n".join(json.dumps(case) for case in part) + "\n]"
        if isinstance(part, list) else f"{json.dumps(key)}: {json.dumps(part)}"
        for key, part in parts.items()
    )
    (HERE / "pixel_ops_reference.json").write_text("{\n" + text + "\n}\n")


if __name__ == "__main__":
    main()
