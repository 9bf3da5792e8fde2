"""Microseconds that one pixel operation takes torchvision on a Pillow image, the least of many.

    python pixel_ops.py OPERATION MAGNITUDE nearest|bilinear|bicubic SECONDS NUMBERS...     (run by pixel_ops.cpp)
"""

import sys
import time

import numpy as np
from PIL import Image, ImageFilter
from torchvision.transforms import InterpolationMode, autoaugment
from torchvision.transforms import functional as F

SIDE = 224
PILLOWS = {"nearest": Image.Resampling.NEAREST, "bilinear": Image.Resampling.BILINEAR,
           "bicubic": Image.Resampling.BICUBIC}
# name -> what torchvision calls, without the time that it takes to find a matrix
OTHERS = {
    "grayscale": lambda img, m, mode, numbers: F.to_grayscale(img, 3),
    "hue": lambda img, m, mode, numbers: F.adjust_hue(img, m),
    "vertical_flip": lambda img, m, mode, numbers: F.vflip(img),
    "affine": lambda img, m, mode, numbers: img.transform(
        img.size, Image.Transform.AFFINE, numbers[:6], PILLOWS[mode]),
    "perspective": lambda img, m, mode, numbers: img.transform(
        img.size, Image.Transform.PERSPECTIVE, numbers, PILLOWS[mode]),
    "gaussian_blur": lambda img, m, mode, numbers: F.gaussian_blur(img, [int(n) for n in numbers[:2]], m),
    "gaussian_blur_pillow": lambda img, m, mode, numbers: img.filter(ImageFilter.GaussianBlur(m)),
}
SPECIAL = {"autocontrast": "AutoContrast"}


def image():
    y, x, c = np.meshgrid(*(np.arange(n, dtype=np.uint32) for n in (SIDE, SIDE, 3)), indexing="ij")
    places = x * np.uint32(73856093) ^ y * np.uint32(19349663) ^ c * np.uint32(83492791)
    noise = places * np.uint32(2654435761) >> 28
    return Image.fromarray((20 + x * (c + 1) // 6 + y // 2 + noise).astype(np.uint8))


def main():
    name, magnitude, mode, seconds = sys.argv[1], float(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    numbers = [float(n) for n in sys.argv[5:]]
    theirs = SPECIAL.get(name, "".join(part.capitalize() for part in name.split("_")))
    img, way = image(), InterpolationMode(mode)
    least, begin = float("inf"), time.perf_counter()
    while time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        if name in OTHERS:
            OTHERS[name](img, magnitude, mode, numbers)
        else:
            autoaugment._apply_op(img, theirs, magnitude, way, None)
        least = min(least, time.perf_counter() - start)
    print(1e6 * least)


if __name__ == "__main__":
    main()
