"""Writes samples_reference.json: what Pillow and torchvision make of the ImageNet samples.

    python samples_reference.py DIR     (needs torchvision 0.29.2, Pillow 13.0.0, numpy)

DIR holds a folder a class with JPEG files. For each file, in the order of their paths: the first 16
digits of the SHA-256 of its pixels, of a random part of them resized bilinearly and bicubically to a
random size, and of the evaluation transform (256, 224). The random numbers are imgcls's, of seed 5 and
the file's number.
"""

import json
import pathlib
import sys

from PIL import Image
from torchvision.transforms import functional as F
from transforms_reference import AUGMENT, Random, digest


def random_part(image, random):
    w, h = 1 + random.below(image.width), 1 + random.below(image.height)
    x, y = random.below(image.width - w + 1), random.below(image.height - h + 1)
    return (x, y, x + w, y + h), (1 + random.below(256), 1 + random.below(256))


def main():
    folder = pathlib.Path(sys.argv[1])
    lines = []
    for number, path in enumerate(sorted(folder.glob("*/*"))):
        image = Image.open(path).convert("RGB")
        random = Random(5, 0, number, AUGMENT)
        hashes = [digest(image)]
        for resample in Image.Resampling.BILINEAR, Image.Resampling.BICUBIC:
            box, size = random_part(image, random)
            hashes.append(digest(image.crop(box).resize(size, resample)))
        hashes.append(digest(F.center_crop(F.resize(image, 256), 224)))
        lines.append(json.dumps([path.name, *hashes]))
    text = "[\n" + ",\n".join(lines) + "\n]\n"
    pathlib.Path(__file__).with_suffix(".json").write_text(text)


if __name__ == "__main__":
    main()
