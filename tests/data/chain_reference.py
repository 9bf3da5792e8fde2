"""Writes chain_reference.json: what torchvision's transforms make of Pillow images, as chains.

    python chain_reference.py
(needs torch, torchvision 0.29.2, timm 1.0.31, Pillow 13.0.0, numpy)

The C++ tests read the same chains from a configuration, with the same images and random numbers,
and must take the same steps and arrive at the same bits.
"""

import json
import pathlib
import random
import sys
from contextlib import ExitStack
from unittest import mock

import torch
from PIL import Image, ImageFilter
from torchvision import transforms as T
from torchvision.transforms import v2
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
from pixel_ops_reference import POLICY, Random, digest, image  # noqa: E402

IMAGES = [("smooth", 64, 64), ("noise", 33, 21), ("dull", 65, 67)]
SAMPLES = 40


class Draws:
    """torch's and Python's random functions, from one sample's Philox numbers."""

    def __init__(self, sample):
        self.random = Random(810975, 3, sample, POLICY)

    def rand(self, *size):
        return torch.tensor([self.random.uniform()], dtype=torch.float32)

    def randperm(self, count):
        order = list(range(count))
        for i in range(count - 1, 0, -1):
            j = self.random.below(i + 1)
            order[i], order[j] = order[j], order[i]
        return torch.tensor(order)

    def randint(self, low, high, size):
        return torch.tensor([low + self.random.below(high - low)])

    def between(self, low, high):
        return float(low) + (float(high) - float(low)) * self.random.uniform()

    def choices(self, population, weights=None):
        if weights is None:
            return [population[self.random.below(len(population))]]
        source = random.Random()
        source.random = self.random.uniform
        return source.choices(population, weights)

    def patched(self):
        draws = self
        stack = ExitStack()
        stack.enter_context(
            mock.patch.multiple(torch, rand=self.rand, randperm=self.randperm, randint=self.randint)
        )
        stack.enter_context(mock.patch.object(
            torch.Tensor, "uniform_", lambda t, low=0.0, high=1.0: t.fill_(draws.between(low, high))
        ))
        stack.enter_context(mock.patch.object(random, "uniform", self.between))
        stack.enter_context(mock.patch.object(random, "random", self.random.uniform))
        stack.enter_context(mock.patch.object(random, "choices", self.choices))
        return stack


class PillowBlur:
    def __init__(self, low, high):
        self.ends = low, high

    def __call__(self, img):
        return img.filter(ImageFilter.GaussianBlur(radius=random.uniform(*self.ends)))

# --- steps ----------------------------------------------------------------------------------------


def recorded(steps):
    """torchvision's functions, which write down what they are asked for."""
    def one(name, numbers=lambda img, *a, **k: []):
        def wrapped(function):
            def call(img, *args, **kwargs):
                steps.append([name, [float(n) for n in numbers(img, *args, **kwargs)]])
                return function(img, *args, **kwargs)
            return call
        return wrapped

    def matrix(img, angle, translate, scale, shear, **_):
        return F._get_inverse_affine_matrix([img.width * 0.5, img.height * 0.5], angle, translate, scale, shear)

    less_1 = lambda img, factor: [factor - 1]  # noqa: E731
    first = lambda img, value, *_, **__: [value]  # noqa: E731
    names = {
        "adjust_brightness": one("brightness", less_1),
        "adjust_contrast": one("contrast", less_1),
        "adjust_saturation": one("color", less_1),
        "adjust_sharpness": one("sharpness", less_1),
        "adjust_hue": one("hue", first),
        "rgb_to_grayscale": one("grayscale"),
        "gaussian_blur": one("gaussian_blur", lambda img, kernel, sigma: [sigma[0]]),
        "solarize": one("solarize", first),
        "posterize": one("posterize", first),
        "autocontrast": one("autocontrast"),
        "equalize": one("equalize"),
        "invert": one("invert"),
        "vflip": one("vertical_flip"),
        "rotate": one("rotate", first),
        "affine": one("affine", matrix),
        "perspective": one("perspective", lambda img, a, b, *_, **__: F._get_perspective_coeffs(a, b)),
    }
    stack = ExitStack()
    for name, wrap in names.items():
        stack.enter_context(mock.patch.object(F, name, wrap(getattr(F, name))))
    original = Image.Image.filter
    blurred = one("gaussian_blur_pillow", lambda img, f: [f.radius])(original)
    stack.enter_context(mock.patch.object(
        Image.Image, "filter",
        lambda img, f: blurred(img, f) if isinstance(f, ImageFilter.GaussianBlur) else original(img, f)))
    erase = v2.RandomErasing.transform

    def erased(self, img, params):
        if params["v"] is not None:  # None: no rectangle was found
            steps.append(["erase", [float(params[name]) for name in "jiwh"]])
        return erase(self, img, params)

    stack.enter_context(mock.patch.object(v2.RandomErasing, "transform", erased))
    return stack

# --- chains ---------------------------------------------------------------------------------------


def chains():
    """Configurations, the same of torchvision, and whether the pixels are the same bits."""
    jitter = {"name": "color_jitter", "brightness": 0.4, "contrast": 0.4, "saturation": 0.2, "hue": 0.1}
    yield ([{**jitter, "p": 0.8}, {"name": "grayscale", "p": 0.2}, {"name": "gaussian_blur", "kernel_size": 9, "p": 0.5},
            {"name": "solarize", "p": 0.2}],
           [T.RandomApply([T.ColorJitter(0.4, 0.4, 0.2, 0.1)], 0.8), T.RandomGrayscale(0.2),
            T.RandomApply([T.GaussianBlur(9, (0.1, 2.0))], 0.5), T.RandomSolarize(128, 0.2)], False)
    yield ([{"name": "gaussian_blur_pillow", "radius": [0.1, 5.0]}, {"name": "color_jitter", "contrast": 0.9}],
           [PillowBlur(0.1, 5.0), T.ColorJitter(contrast=0.9)], True)
    yield ([{"name": "posterize", "bits": 3, "p": 0.5}, {"name": "sharpness", "factor": 1.7, "p": 0.5},
            {"name": "autocontrast", "p": 0.3}, {"name": "equalize", "p": 0.3}, {"name": "invert", "p": 0.3},
            {"name": "vertical_flip", "p": 0.5}],
           [T.RandomPosterize(3, 0.5), T.RandomAdjustSharpness(1.7, 0.5), T.RandomAutocontrast(0.3),
            T.RandomEqualize(0.3), T.RandomInvert(0.3), T.RandomVerticalFlip(0.5)], True)
    for name, mode in (("nearest", InterpolationMode.NEAREST), ("bilinear", InterpolationMode.BILINEAR)):
        fill = (3, 200, 90)
        common = {"interpolation": name, "fill": fill}
        yield ([{"name": "rotation", "degrees": [-20, 45], **common}],
               [T.RandomRotation((-20, 45), mode, fill=fill)], True)
        yield ([{"name": "affine", "degrees": [-30, 30], "translate": [0.2, 0.1], "scale": [0.7, 1.4],
                 "shear_x": [-10, 10], "shear_y": [-5, 5], **common}],
               [T.RandomAffine((-30, 30), (0.2, 0.1), (0.7, 1.4), (-10, 10, -5, 5), mode, fill)], True)
        yield ([{"name": "affine", "degrees": [0, 0], "scale": [0.5, 2], "shear_x": [2, 9], **common}],
               [T.RandomAffine(0, None, (0.5, 2), (2, 9), mode, fill)], True)
        yield ([{"name": "perspective", "distortion": 0.6, "p": 0.7, **common}],
               [T.RandomPerspective(0.6, 0.7, mode, fill)], True)
    yield ([{"name": "one_of", "operations": [{"name": "grayscale"}, {"name": "solarize", "threshold": 100, "p": 0.5},
                                              {"name": "gaussian_blur_pillow"}]},
            {"name": "color_jitter", "brightness": 0.3, "contrast": 0.3, "saturation": 0.3}],
           [T.RandomChoice([T.Grayscale(3), T.RandomSolarize(100, 0.5), PillowBlur(0.1, 2.0)]),
            T.ColorJitter(0.3, 0.3, 0.3)], True)
    yield ([{"name": "one_of", "operations": [{"name": "grayscale"}, {"name": "rotation"}, {"name": "gaussian_blur_pillow"}],
             "weights": [1, 0.5, 2]}],
           [T.RandomChoice([T.Grayscale(3), T.RandomRotation(15), PillowBlur(0.1, 2.0)], [1, 0.5, 2])], True)


    # The form for images in whole numbers; with p below 1, for which alone we draw a number.
    yield ([{"name": "erase", "p": 0.9, "fill": [3, 200, 90]}, {"name": "solarize", "p": 0.5}],
           [v2.RandomErasing(0.9, value=(3, 200, 90)), T.RandomSolarize(128, 0.5)], True)
    yield ([{"name": "erase", "p": 0.99, "area": [0.4, 1], "aspect": [0.1, 2]}],
           [v2.RandomErasing(0.99, (0.4, 1), (0.1, 2))], True)


def case(operations, transform, exact, spec):
    first, pixels = [], []
    for sample in range(SAMPLES):
        steps = []
        with Draws(sample).patched(), recorded(steps):
            pixels.append(transform(image(*spec)))
        first.append(steps)
    return {"operations": operations, "image": spec, "steps": first,
            "pixels": digest(pixels) if exact else None}


def main():
    cases = [case(operations, T.Compose(transforms), exact, spec)
             for operations, transforms, exact in chains() for spec in IMAGES]
    text = ",\n".join(json.dumps(each) for each in cases)
    (HERE / "chain_reference.json").write_text(f"[\n{text}\n]\n")


if __name__ == "__main__":
    main()
