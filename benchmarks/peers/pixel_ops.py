"""Microseconds that one pixel operation takes torchvision on a Pillow image, the least of many.

    python pixel_ops.py OPERATION MAGNITUDE nearest|bilinear SECONDS     (run by pixel_ops.cpp)
"""

import sys
import time

import numpy as np
from PIL import Image
from torchvision.transforms import InterpolationMode, autoaugment
from torchvision.transforms import functional as F

SIDE = 224
OTHERS = {
    "grayscale": lambda img, m: F.to_grayscale(img, 3),
    "hue": F.adjust_hue,
    "vertical_flip": lambda img, m: F.vflip(img),
}
SPECIAL = {"autocontrast": "AutoContrast"}


def image():
    y, x, c = np.meshgrid(*(np.arange(n, dtype=np.uint32) for n in (SIDE, SIDE, 3)), indexing="ij")
    places = x * np.uint32(73856093) ^ y * np.uint32(19349663) ^ c * np.uint32(83492791)
    noise = places * np.uint32(2654435761) >> 28
    return Image.fromarray((20 + x * (c + 1) // 6 + y // 2 + noise).astype(np.uint8))


def main():
    name, magnitude, mode, seconds = sys.argv[1], float(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    theirs = SPECIAL.get(name, "".join(part.capitalize() for part in name.split("_")))
    img, way = image(), InterpolationMode(mode)
    least, begin = float("inf"), time.perf_counter()
    while time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        if name in OTHERS:
            OTHERS[name](img, magnitude)
        else:
            autoaugment._apply_op(img, theirs, magnitude, way, None)
        least = min(least, time.perf_counter() - start)
    print(1e6 * least)


if __name__ == "__main__":
    main()
