"""Writes transforms_reference.json: what Pillow and torchvision make of made-up images.

    python transforms_reference.py          (needs torch, torchvision 0.29.2, Pillow 13.0.0, numpy)

The C++ tests make the same images and random numbers and must arrive at the same bits. Pixels are
compared by the first 16 digits of their SHA-256.
"""

import base64
import hashlib
import io
import json
import math
import pathlib
import types

import numpy as np
from PIL import Image
from torchvision.transforms import InterpolationMode, transforms
from torchvision.transforms import functional as F

AUGMENT, SHUFFLE = 0, 1

def philox(counter, key):
    """Philox4x32-10, written from the paper."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


class Random:
    """imgcls::Random."""

    def __init__(self, seed, epoch, sample, stream):
        self.key = (seed & 0xFFFFFFFF, seed >> 32)
        self.tail = [sample & 0xFFFFFFFF, (sample >> 32 << 3 | stream) & 0xFFFFFFFF, epoch]
        self.blocks, self.left = 0, []

    def bits64(self):
        words = []
        for _ in range(2):
            if not self.left:
                self.left = philox([self.blocks, *self.tail], self.key)
                self.blocks += 1
            words.append(self.left.pop(0))
        return words[0] << 32 | words[1]

    def uniform(self):
        return (self.bits64() >> 11) * 2.0**-53

    def below(self, n):
        while True:
            value = self.bits64()
            if value >= 2**64 % n:
                return value % n


def order(size, seed, epoch):
    """Fisher-Yates, from the end."""
    random, numbers = Random(seed, epoch, 0, SHUFFLE), list(range(size))
    for left in range(size, 1, -1):
        other = random.below(left)
        numbers[left - 1], numbers[other] = numbers[other], numbers[left - 1]
    return numbers


def make_image(width, height):
    """Smooth colours with a hash of the place on top, so that every pixel differs."""
    y, x, c = np.meshgrid(
        *(np.arange(n, dtype=np.uint32) for n in (height, width, 3)), indexing="ij"
    )
    noise = (x * np.uint32(73856093) ^ y * np.uint32(19349663) ^ c * np.uint32(83492791)) * np.uint32(
        2654435761
    )
    return Image.fromarray((x * (c + 1) + 2 * y + (noise >> np.uint32(26))).astype(np.uint8))


def digest(image):
    return hashlib.sha256(np.asarray(image).tobytes()).hexdigest()[:16]


class Drawn:
    """Stands in for a tensor of one element."""

    def __init__(self, value):
        self.value = value

    def uniform_(self, low, high):
        return Drawn(low + (high - low) * self.value())

    def item(self):
        return self.value


def get_params(image, scale, ratio, random):
    """torchvision's own RandomResizedCrop.get_params, fed with our numbers in double precision."""
    real, transforms.torch = transforms.torch, types.SimpleNamespace(
        empty=lambda _: Drawn(random.uniform),
        tensor=lambda values: values,
        log=lambda values: [math.log(value) for value in values],
        exp=lambda drawn: Drawn(math.exp(drawn.value)),
        randint=lambda low, high, size: Drawn(low + random.below(high - low)),
    )
    try:
        return transforms.RandomResizedCrop.get_params(image, scale, ratio)
    finally:
        transforms.torch = real


def down_first(width, height, out_w, out_h):
    """Pillow 13's rule of when it resizes down before across."""
    return height - out_h > 0 and height - out_h > (width - out_w) * 2


def resize_cases():
    sizes = [(64, 48), (37, 91), (1, 1), (1, 200), (300, 2), (500, 375), (33, 33), (90, 700)]
    random = Random(1, 0, 0, AUGMENT)
    for case in range(96):
        width, height = sizes[case % len(sizes)]
        w, h = 1 + random.below(width), 1 + random.below(height)
        x, y = random.below(width - w + 1), random.below(height - h + 1)
        out_w, out_h = 1 + random.below(230), 1 + random.below(230)
        if case % 9 == 6:
            out_w = w  # a pass that is left out
        if case % 9 == 7:
            out_h = h
        wx, wy = random.below(out_w), random.below(out_h)
        ww, wh = 1 + random.below(out_w - wx), 1 + random.below(out_h - wy)
        kind = ["bilinear", "bicubic"][case // len(sizes) % 2]
        resized = make_image(width, height).crop((x, y, x + w, y + h)).resize(
            (out_w, out_h), Image.Resampling[kind.upper()]
        )
        yield dict(
            image=[width, height], region=[x, y, w, h], size=[out_w, out_h], interpolation=kind,
            window=[wx, wy, ww, wh], down_first=down_first(w, h, out_w, out_h),
            all=digest(resized), part=digest(resized.crop((wx, wy, wx + ww, wy + wh))),
        )


def eval_cases():
    sizes = [(500, 375), (375, 500), (256, 256), (341, 256), (97, 300), (1, 40), (55, 57)]
    for kind in ["bilinear", "bicubic"]:
        for width, height in sizes:
            for resize, size in [(256, 224), (64, 64), (40, 57), (0, 56), (0, 60)]:
                image = make_image(width, height)
                if resize:
                    image = F.resize(image, resize, InterpolationMode[kind.upper()])
                elif kind == "bicubic":
                    continue
                yield dict(image=[width, height], interpolation=kind, resize=resize, size=size,
                           pixels=digest(F.center_crop(image, size)))


def several_crops_cases():
    sizes = [(500, 375), (375, 500), (256, 256), (57, 64), (91, 57), (57, 57)]
    for kind in ["bilinear", "bicubic"]:
        for width, height in sizes:
            for resize, size in [(256, 224), (65, 64), (57, 57), (0, 56)]:
                image = make_image(width, height)
                if resize:
                    image = F.resize(image, resize, InterpolationMode[kind.upper()])
                elif kind == "bicubic":
                    continue
                for count, crops in [(5, F.five_crop), (10, F.ten_crop)]:
                    yield dict(image=[width, height], interpolation=kind, resize=resize, size=size,
                               crops=count, pixels=[digest(crop) for crop in crops(image, size)])


def crop_cases():
    for case in range(48):
        width, height = [(500, 375), (333, 500), (20, 400), (640, 31), (64, 64), (7, 5)][case % 6]
        scale = [(0.08, 1.0), (0.25, 0.5), (0.9, 1.0)][case % 3]
        ratio = (3 / 4, 4 / 3) if case % 2 else (0.5, 1.5)
        random = Random(810975 + (case << 33), case % 5, 1000003 * case, AUGMENT)
        image = make_image(width, height)
        top, left, h, w = get_params(image, scale, ratio, random)
        flip = random.uniform() < 0.5
        kind = ["bilinear", "bicubic"][case // 6 % 2]
        made = F.resized_crop(image, top, left, h, w, [32, 32], InterpolationMode[kind.upper()])
        yield dict(image=[width, height], interpolation=kind, scale=scale, ratio=ratio, epoch=case % 5,
                   region=[left, top, w, h], flip=flip, pixels=digest(F.hflip(made) if flip else made))


def single(value):
    """A number in single precision, as all of DALI's are here."""
    return np.float32(value)


def dali_uniform(low, high, random):
    """Stands in for std::uniform_real_distribution<float>."""
    return single(float(low) + (float(high) - float(low)) * random.uniform())


def dali_crop(width, height, area, aspect, tries, random):
    """DALI's random crop (dali/util/random_crop_generator.cc since version 0.8), fed with our numbers."""
    least, most = single(aspect[0]), single(aspect[1])
    log_least, log_most = (single(math.log(float(bound))) for bound in (least, most))
    area_min, area_max = single(area[0]), single(area[1])
    min_area = single(width * height) * area_min
    widest = max(1, int(single(height) * most))  # of the legal aspects, for all of the height
    tallest = max(1, int(single(width) * (single(1) / least)))
    if single(height * widest) < min_area:
        w, h = widest, height
    elif single(width * tallest) < min_area:
        w, h = width, tallest
    else:
        for _ in range(tries):
            target = dali_uniform(area_min, area_max, random) * single(width * height)
            ratio = single(math.exp(float(dali_uniform(log_least, log_most, random))))
            w = max(1, math.floor(float(np.sqrt(target * ratio)) + 0.5))  # halves away from zero
            h = max(1, math.floor(float(np.sqrt(target / ratio)) + 0.5))
            if w <= width and h <= height and least <= single(w) / single(h) <= most:
                break
        else:
            if single(width) / single(height) > most:
                w, h = widest, height
            elif single(width) / single(height) < least:
                w, h = width, tallest
            else:
                w, h = width, height
            scale = min(single(1), area_max * single(width) * single(height) / single(w * h))
            w, h = max(1, int(single(w) * np.sqrt(scale))), max(1, int(single(h) * np.sqrt(scale)))
    y = random.below(height - h + 1)
    return random.below(width - w + 1), y, w, h


def dali_cases():
    sizes = [(500, 375), (333, 500), (20, 400), (640, 31), (64, 64), (7, 5), (3, 1), (1, 1), (2, 9)]
    for case in range(108):
        width, height = sizes[case % len(sizes)]
        area = [(0.08, 1.0), (0.25, 0.5), (0.9, 1.0), (0.01, 0.02)][case % 4]
        aspect = [(3 / 4, 4 / 3), (0.5, 1.5), (1.0, 1.0)][case // 4 % 3]
        tries = [100, 10, 1][case // 12 % 3]
        random = Random(33 + case, case % 5, 77 * case, AUGMENT)
        region = dali_crop(width, height, area, aspect, tries, random)
        yield dict(image=[width, height], area=area, aspect=aspect, tries=tries, epoch=case % 5,
                   region=region, flip=random.uniform() < 0.5)


def pad_cases():
    for case in range(12):
        side, pad, mode = 32, [4, 4, 9][case % 3], ["reflect", "constant"][case % 2]
        image = make_image(*[(32, 32), (50, 40)][case % 4 // 2])
        random = Random(5, 2, case, AUGMENT)
        padded = F.pad(F.resize(image, [side, side]), pad, padding_mode=mode)
        top, left = random.below(2 * pad + 1), random.below(2 * pad + 1)
        flip = random.uniform() < 0.5
        made = F.crop(padded, top, left, side, side)
        yield dict(image=list(image.size), pad=pad, reflect=mode == "reflect",
                   pixels=digest(F.hflip(made) if flip else made))


def file_cases():
    """Files that Pillow writes, and the pixels it reads back as RGB."""
    image = make_image(21, 13)
    for name, mode, options in [
        ("grey.jpg", "L", dict(quality=90)),
        ("420.jpg", "RGB", dict(quality=85)),
        ("422.jpg", "RGB", dict(quality=85, subsampling="4:2:2")),
        ("444.jpg", "RGB", dict(quality=95, subsampling="4:4:4")),
        ("progressive.jpg", "RGB", dict(quality=80, progressive=True)),
        ("restarts.jpg", "RGB", dict(quality=80, restart_marker_blocks=1)),
        ("cmyk.jpg", "CMYK", dict(quality=90)),
        ("grey.png", "L", {}),
        ("grey-alpha.png", "LA", {}),
        ("one-bit.png", "1", {}),
        ("palette.png", "P", {}),
        ("palette-transparent.png", "P", dict(transparency=3)),
        ("rgb.png", "RGB", {}),
        ("rgba.png", "RGBA", {}),
        ("rgb.bmp", "RGB", {}),
        ("grey.bmp", "L", {}),
        ("palette.bmp", "P", {}),
        ("lossless.webp", "RGB", dict(lossless=True)),
        ("lossless-alpha.webp", "RGBA", dict(lossless=True, exact=True)),
        ("rgb.tif", "RGB", dict(compression="tiff_lzw")),
        ("grey.tif", "L", dict(compression="packbits")),
        ("rgb.ppm", "RGB", {}),
        ("grey.ppm", "L", {}),
    ]:
        made = image.convert(mode)
        if mode in ("LA", "RGBA"):
            made.putalpha(image.getchannel(1))
        if mode == "CMYK":
            made = Image.merge("CMYK", [*image.split(), image.getchannel(0).point(lambda v: v // 3)])
        kind = {"jpg": "JPEG", "png": "PNG", "bmp": "BMP", "webp": "WEBP", "tif": "TIFF", "ppm": "PPM"}
        buffer = io.BytesIO()
        made.save(buffer, kind[name.split(".")[1]], **options)
        yield dict(name=name, bytes=base64.b64encode(buffer.getvalue()).decode(),
                   pixels=digest(Image.open(buffer).convert("RGB")))


def main():
    reference = dict(
        order=dict(seed=12345678901234, epoch=3, numbers=order(100, 12345678901234, 3)),
        resize=list(resize_cases()), eval=list(eval_cases()),
        several_crops=list(several_crops_cases()), crop=list(crop_cases()),
        dali=list(dali_cases()), pad=list(pad_cases()), files=list(file_cases()),
    )
    lines = []
    for key, cases in reference.items():
        cases = cases if isinstance(cases, list) else [cases]
        lines.append(f'"{key}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]")
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
