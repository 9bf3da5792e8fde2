"""Writes the image files of this folder, and odd.json: what Pillow reads from each.

    python make_odd_files.py          (needs Pillow 13, numpy, and libjpeg-turbo's jpegtran)

odd.json holds for each file its size and the SHA-256 of Pillow's convert("RGB") pixels, or, for a file
that imgcls must refuse, a part of the message it does so with.
"""

import hashlib
import io
import json
import pathlib
import struct
import subprocess
import zlib

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from jpeg_writer import segment, write_jpeg

HERE = pathlib.Path(__file__).parent
JFIF = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")


def adobe(transform):
    return segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, transform))


def picture(width, height, noise=24):
    """Slow waves of colour, a few hard edges, and some noise."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    random = np.random.Generator(np.random.PCG64(width * 100003 + height))
    planes = [128 + 70 * np.sin(x / (9 + 4 * c) + c) + 50 * np.cos(y / (11 - 2 * c)) for c in range(3)]
    rgb = np.stack(planes, axis=2) + 40 * ((x // 13 + y // 17) % 2)[:, :, None]
    rgb += random.uniform(-noise, noise, rgb.shape)
    return Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8))


def planes(width, height, mode="YCbCr"):
    return [np.asarray(band) for band in picture(width, height).convert(mode).split()]


def saved(image, kind="JPEG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def jpegtran(jpeg, *arguments):
    return subprocess.run(["jpegtran", *arguments], input=jpeg, stdout=subprocess.PIPE, check=True).stdout


def wild(components):
    """Coefficients that no picture has: the inverse DCT leaves its range everywhere."""
    random = np.random.Generator(np.random.PCG64(7))
    for component in components:
        shape = component.blocks.shape
        component.blocks[:] = random.integers(-1023, 1024, shape) * (random.random(shape) < 0.2)


def corrupted(jpeg, old, new):
    at = jpeg.rindex(old)
    return jpeg[:at] + new + jpeg[at + len(old):]


def pillow_jpegs():
    image = picture(97, 83)
    base = saved(image, quality=75)
    for width, height in [(1, 1), (2, 2), (3, 5), (8, 8), (16, 16), (17, 17), (15, 33), (33, 15)]:
        yield f"420-{width}x{height}.jpg", saved(picture(width, height), quality=80)
    yield "420-1x5000.jpg", saved(picture(1, 5000), quality=50)
    yield "420-5000x1.jpg", saved(picture(5000, 1), quality=50)
    yield "444-1x1.jpg", saved(picture(1, 1), quality=80, subsampling=0)
    yield "420-97x83.jpg", base
    yield "422-97x83.jpg", saved(image, quality=75, subsampling=1)
    yield "444-97x83.jpg", saved(image, quality=75, subsampling=0)
    yield "grey-97x83.jpg", saved(image.convert("L"), quality=75)
    yield "quality-100.jpg", saved(picture(49, 41), quality=100)
    yield "quality-5.jpg", saved(image, quality=5)
    yield "quality-1-noise.jpg", saved(picture(97, 83, 200), quality=1)
    yield "noise.jpg", saved(picture(49, 41, 255), quality=95, subsampling=0)
    yield "optimised.jpg", saved(image, quality=75, optimize=True)
    yield "progressive-420.jpg", saved(image, quality=75, progressive=True)
    yield "progressive-444.jpg", saved(image, quality=75, progressive=True, subsampling=0)
    yield "progressive-grey.jpg", saved(image.convert("L"), quality=75, progressive=True)
    for blocks in (1, 2, 3, 7, 41):
        yield f"restart-{blocks}.jpg", saved(image, quality=75, restart_marker_blocks=blocks)
    yield "restart-rows.jpg", saved(image, quality=75, restart_marker_rows=1)
    yield "restart-444.jpg", saved(image, quality=75, restart_marker_blocks=5, subsampling=0)
    yield "rgb-adobe.jpg", saved(image, quality=75, keep_rgb=True)
    yield "cmyk-97x83.jpg", saved(image.convert("CMYK"), quality=75)
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "exif-rotated.jpg", saved(image, quality=75, exif=exif)
    thumbnail = saved(picture(16, 12), quality=50)
    yield "thumbnail-inside.jpg", saved(image, quality=75, exif=b"Exif\0\0" + thumbnail)
    yield "long-segments.jpg", saved(image, quality=75, icc_profile=bytes(70000), comment=bytes(65000))
    yield "bytes-after-end.jpg", base + thumbnail + bytes(1000)
    yield "arithmetic.jpg", jpegtran(base, "-arithmetic")
    yield "arithmetic-progressive.jpg", jpegtran(base, "-arithmetic", "-progressive")
    # Any number of bytes 0xFF may stand before a marker.
    restarts = saved(image, quality=75, restart_marker_blocks=7)
    filled = restarts.replace(b"\xFF\xD1", b"\xFF\xFF\xFF\xD1").replace(b"\xFF\xC4", b"\xFF\xFF\xC4")
    yield "fill-bytes.jpg", filled

    yield "no-end-marker.jpg", base[:-2], "Premature end"
    yield "half.jpg", base[: len(base) // 2], "Premature end"
    yield "only-header.jpg", base[: base.index(b"\xFF\xDA")], "Premature end"
    yield "restart-wrong-number.jpg", corrupted(restarts, b"\xFF\xD1", b"\xFF\xD5"), "restart"
    yield "restart-missing.jpg", corrupted(restarts, b"\xFF\xD1", b""), "cannot decode"
    yield "lossless.jpg", base.replace(b"\xFF\xC0", b"\xFF\xC3"), "SOF type 0xc3"


def written_jpegs():
    ycc, rgb, grey = planes(97, 83), planes(97, 83, "RGB"), planes(97, 83, "L")
    cmyk = [255 - plane for plane in planes(97, 83, "CMYK")]
    full, quarter = [(1, 1)] * 3, [(2, 2), (1, 1), (1, 1)]
    for name, sampling in [
        ("440", [(1, 2), (1, 1), (1, 1)]),
        ("411", [(4, 1), (1, 1), (1, 1)]),
        ("410", [(4, 2), (1, 1), (1, 1)]),
        ("1x4", [(1, 4), (1, 1), (1, 1)]),
        ("444-as-2x1", [(2, 1), (2, 1), (2, 1)]),
        ("mixed", [(2, 2), (2, 1), (1, 2)]),
        ("mixed-chroma", [(2, 2), (1, 1), (2, 2)]),
        ("fine-chroma", [(1, 1), (2, 2), (2, 2)]),
    ]:
        yield f"sampling-{name}.jpg", write_jpeg(ycc, sampling, before=JFIF)
    yield "sampling-3x1.jpg", write_jpeg(ycc, [(3, 1), (1, 1), (1, 1)], before=JFIF)
    yield "sampling-3-to-2.jpg", write_jpeg(ycc, [(3, 1), (2, 1), (2, 1)], before=JFIF), "sampling"
    yield "grey-2x2.jpg", write_jpeg(grey, [(2, 2)], before=JFIF)
    yield "scans-3.jpg", write_jpeg(ycc, quarter, scans=[[0], [1], [2]], before=JFIF)
    yield "scans-2.jpg", write_jpeg(ycc, quarter, scans=[[0], [1, 2]], before=JFIF)
    yield "scans-2-restarts.jpg", write_jpeg(ycc, quarter, scans=[[0], [1, 2]], restart=[5, 3], before=JFIF)
    yield "scans-restarts-in-one.jpg", write_jpeg(ycc, full, scans=[[2], [0], [1]], restart=[0, 4, 0],
                                                  before=JFIF)
    yield "codes-long.jpg", write_jpeg(ycc, quarter, codes="long", before=JFIF)
    yield "codes-long-restarts.jpg", write_jpeg(ycc, quarter, codes="long", restart=6, before=JFIF)
    yield "no-jfif.jpg", write_jpeg(ycc, quarter)
    yield "numbers-0-1-2.jpg", write_jpeg(ycc, quarter, numbers=[0, 1, 2])
    yield "numbers-35-7-200.jpg", write_jpeg(ycc, quarter, numbers=[35, 7, 200], before=JFIF)
    yield "rgb-by-numbers.jpg", write_jpeg(rgb, full, numbers=list(b"RGB"))
    yield "rgb-by-adobe.jpg", write_jpeg(rgb, full, before=adobe(0))
    yield "ycc-by-adobe.jpg", write_jpeg(ycc, quarter, before=adobe(1))
    yield "cmyk-420.jpg", write_jpeg(cmyk, [(2, 2), (1, 1), (1, 1), (2, 2)], before=adobe(0))
    yield "ycck.jpg", write_jpeg([*ycc, cmyk[3]], [(1, 1)] * 4, before=adobe(2))
    yield "ycck-420.jpg", write_jpeg([*ycc, cmyk[3]], [(2, 2), (1, 1), (1, 1), (2, 2)], before=adobe(2))
    yield "quant-16-bit.jpg", write_jpeg(ycc, quarter, quant=np.r_[6:38, [300] * 32], wide_quant=True,
                                         frame=0xC1, before=JFIF)
    yield "extended.jpg", write_jpeg(ycc, quarter, frame=0xC1, before=JFIF)
    yield "wild-coefficients.jpg", write_jpeg(planes(40, 24), quarter, quant=np.full(64, 255), change=wild,
                                              before=JFIF)

    deep = [np.asarray(plane).astype(np.int64) * 16 + 7 for plane in planes(33, 21)]
    yield "12-bit.jpg", write_jpeg(deep, quarter, precision=12, frame=0xC1, before=JFIF), "precision 12"
    yield "12-bit-grey.jpg", write_jpeg(deep[:1], [(1, 1)], precision=12, frame=0xC1, before=JFIF), \
        "precision 12"
    yield "height-in-dnl.jpg", write_jpeg(
        ycc, quarter, claimed_height=0, after_first_scan=segment(0xDC, struct.pack(">H", 83)),
        before=JFIF), "DNL not supported"
    yield "two-components.jpg", write_jpeg(ycc[:2], [(1, 1)] * 2), "color conversion"
    yield "five-components.jpg", write_jpeg([*ycc, *ycc[:2]], [(1, 1)] * 5,
                                            scans=[[i] for i in range(5)]), "cannot decode"


def png_16_bit(rgb):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width, _ = rgb.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rgb)
    return b"\x89PNG\r\n\x1A\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def others():
    image = picture(49, 41)
    deep = np.asarray(picture(23, 19)).astype(np.uint16) * 251 + 77
    yield "png-named.JPEG", saved(image, "PNG")
    yield "rgb-16.png", png_16_bit(deep)
    # Pillow keeps the upper byte of colours, and makes grey above 255 white: here the upper byte is right.
    yield "grey-16.png", saved(Image.fromarray(deep[:, :, 0]), "PNG"), \
        Image.fromarray((deep[:, :, 0] >> 8).astype(np.uint8))
    yield "palette-4-colours.png", saved(image.quantize(4), "PNG", bits=2)
    yield "grey-transparent.png", saved(image.convert("L"), "PNG", transparency=77)
    gamma = PngInfo()
    gamma.add(b"gAMA", struct.pack(">I", 100000))
    yield "gamma.png", saved(image, "PNG", pnginfo=gamma)
    yield "1x5000.png", saved(picture(1, 5000, 0), "PNG")
    yield "lossy.webp", saved(image, "WEBP", quality=50)
    yield "palette.gif", saved(image.quantize(16), "GIF"), "first bytes"


def main():
    names = {}
    for made in [*pillow_jpegs(), *written_jpegs(), *others()]:
        name, content, *expected = made
        assert name not in names, name
        (HERE / name).write_bytes(content)
        if expected and isinstance(expected[0], str):
            names[name] = dict(name=name, refused=expected[0])
            continue
        image = (expected[0] if expected else Image.open(io.BytesIO(content))).convert("RGB")
        names[name] = dict(name=name, size=list(image.size),
                           pixels=hashlib.sha256(image.tobytes()).hexdigest())
    listed = ",\n".join(json.dumps(file) for file in names.values())
    (HERE / "odd.json").write_text(f"[\n{listed}\n]\n")
    for path in HERE.iterdir():
        if path.is_file() and path.suffix not in (".py", ".json") and path.name not in names:
            path.unlink()


if __name__ == "__main__":
    main()
