"""Writes grey16_reference.json: grey images of 16 bits as Pillow decodes and resizes them.

    python grey16_reference.py
(needs Pillow 13.0.0 and numpy)

Files are given as base64 with the values that are to come out; resized images by the first 16 digits
of the SHA-256 of their values, two bytes each, the upper one first.
"""

import base64
import hashlib
import io
import json
import pathlib
import struct
import zlib

import numpy as np
import PIL
from PIL import Image

WIDTH, HEIGHT = 7, 5


def make_image(width, height):
    """tests/data/grey16_test.cpp makes the same."""
    y, x = np.meshgrid(*(np.arange(n, dtype=np.uint32) for n in (height, width)), indexing="ij")
    noise = (x * np.uint32(73856093) ^ y * np.uint32(19349663)) * np.uint32(2654435761)
    return (x * 700 + y * 300 + (noise >> 16)).astype(np.uint16)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples, colour, interlaced=False):
    """A PNG of 16-bit samples, height x width x channels, for kinds that Pillow does not write."""
    height, width = samples.shape[:2]
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    rows = b""
    for x, y, dx, dy in passes if interlaced else [(0, 0, 1, 1)]:
        part = samples[y::dy, x::dx]
        if part.size:
            rows += b"".join(b"\0" + row.astype(">u2").tobytes() for row in part)
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def saved(image, **options):
    file = io.BytesIO()
    image.save(file, **options)
    return file.getvalue()


def luma(rgb):
    red, green, blue = (rgb[..., i].astype(np.uint64) for i in range(3))
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16


def files():
    grey = make_image(WIDTH, HEIGHT)
    rgb = np.stack([grey, grey[::-1], np.uint16(65535) - grey], axis=2)
    alpha = np.stack([grey, np.full_like(grey, 1234)], axis=2)
    low = make_image(WIDTH, HEIGHT) % 1001
    made = Image.fromarray(grey)
    assert made.mode == "I;16"
    # What Pillow reads is taken as it reads it.
    yield "grey.png", saved(made, format="PNG"), None
    yield "interlaced.png", png(grey[..., None], 0, interlaced=True), None
    yield "grey.tif", saved(made, format="TIFF"), None
    yield "packed.tif", saved(made, format="TIFF", compression="tiff_lzw"), None
    yield "motorola.tif", saved(Image.frombytes("I;16B", made.size, grey.astype(">u2").tobytes()), format="TIFF"), None
    # Pillow takes white for black in this one.
    tag = struct.pack("<HHI", 262, 3, 1)
    black, white = saved(made, format="TIFF"), struct.pack("<HHIHH", 262, 3, 1, 0, 0)
    at = black.index(tag)
    yield "white-is-zero.tif", black[:at] + white + black[at + len(white):], 65535 - grey.astype(np.int64)
    yield "grey.pgm", b"P5 7 5 65535\n" + grey.astype(">u2").tobytes(), None
    yield "plain.pgm", b"P2 7 5 65535\n" + " ".join(map(str, grey.ravel())).encode(), None
    yield "to-1000.pgm", b"P5 7 5 1000\n" + low.astype(">u2").tobytes(), None
    # Pillow reads these with 8 bits.
    yield "alpha.png", png(alpha, 4), grey
    yield "rgb.png", png(rgb, 2), luma(rgb)
    yield "rgb.ppm", b"P6 7 5 65535\n" + rgb.astype(">u2").tobytes(), luma(rgb)
    # Of 8 bits: Pillow's luma times 257.
    eight = Image.fromarray((rgb >> 8).astype(np.uint8))
    yield "eight.png", saved(eight, format="PNG"), np.asarray(eight.convert("L")).astype(np.int64) * 257
    grey8 = Image.fromarray((grey >> 8).astype(np.uint8))
    yield "eight.tif", saved(grey8, format="TIFF"), np.asarray(grey8).astype(np.int64) * 257


def described(name, file, values):
    if values is None:
        with Image.open(io.BytesIO(file)) as image:
            values = np.asarray(image)
    return {"name": name, "bytes": base64.b64encode(file).decode(), "values": np.asarray(values).ravel().tolist()}


def resized():
    cases = [((60, 40), (30, 20)), ((40, 200), (50, 40)), ((200, 41), (40, 50)), ((37, 41), (90, 80)),
             ((31, 17), (31, 9)), ((31, 17), (12, 17)), ((3, 2), (50, 60)), ((1, 1), (4, 3)), ((333, 251), (64, 64))]
    for size, to in cases:
        for name, mode in (("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)):
            made = np.asarray(Image.fromarray(make_image(*size)).resize(to, mode))
            sha = hashlib.sha256(made.astype(">u2").tobytes()).hexdigest()[:16]
            yield {"size": size, "to": to, "interpolation": name, "sha256": sha}


def main():
    content = {"files": [described(*file) for file in files()], "resized": list(resized())}
    path = pathlib.Path(__file__).with_suffix(".json")
    text = [f'"pillow": "{PIL.__version__}"']
    text += [f'"{key}": [\n ' + ",\n ".join(map(json.dumps, cases)) + "\n]" for key, cases in content.items()]
    path.write_text("{" + ",\n".join(text) + "}\n")


if __name__ == "__main__":
    main()
