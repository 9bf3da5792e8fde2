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
    yield "optimized.jpg", saved(image, quality=75, optimize=True)
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


def png(width, height, bits, kind, rows, *before, interlace=0):
    """A PNG of rows that begin with their filter's number."""
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, interlace)
    return b"\x89PNG\r\n\x1A\n" + chunk(b"IHDR", head) + b"".join(chunk(*each) for each in before) + \
        chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def png_rows(samples):
    return b"".join(b"\0" + row.tobytes() for row in samples)


def interlaced(samples):
    """The seven passes of Adam7, for samples of whole bytes."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    return b"".join(png_rows(samples[y::dy, x::dx]) for x, y, dx, dy in passes
                    if samples[y::dy, x::dx].size > 0)


def pngs():
    image = picture(49, 41)
    rgb, deep = np.asarray(image), np.asarray(picture(23, 19)).astype(np.uint16) * 251 + 77
    yield "png-named.JPEG", saved(image, "PNG")
    yield "rgb-16.png", png(23, 19, 16, 2, png_rows(deep.astype(">u2")))
    # Pillow keeps the upper byte of colours, and makes grey above 255 white: here the upper byte is right.
    yield "grey-16.png", saved(Image.fromarray(deep[:, :, 0]), "PNG"), \
        Image.fromarray((deep[:, :, 0] >> 8).astype(np.uint8))
    yield "palette-4-colours.png", saved(image.quantize(4), "PNG", bits=2)
    yield "grey-transparent.png", saved(image.convert("L"), "PNG", transparency=77)
    gamma = PngInfo()
    gamma.add(b"gAMA", struct.pack(">I", 100000))
    yield "gamma.png", saved(image, "PNG", pnginfo=gamma)
    yield "1x5000.png", saved(picture(1, 5000, 0), "PNG")
    yield "rgb-transparent.png", saved(image, "PNG", transparency=tuple(image.getpixel((3, 3))))
    yield "interlaced.png", png(49, 41, 8, 2, interlaced(rgb), interlace=1)
    yield "interlaced-3x2.png", png(3, 2, 8, 2, interlaced(rgb[:2, :3]), interlace=1)
    alpha = np.asarray(image.convert("RGBA")).astype(np.uint16) * 257 - np.uint16(99)
    yield "rgba-16.png", png(49, 41, 16, 6, png_rows(alpha.astype(">u2")))
    for bits in (2, 4):
        grey = np.asarray(image.convert("L")).astype(np.int64) >> (8 - bits)
        shifts = np.arange(8 - bits, -1, -bits)
        padded = np.pad(grey, ((0, 0), (0, -grey.shape[1] % len(shifts)))).reshape(41, -1, len(shifts))
        packed = (padded << shifts).sum(2).astype(np.uint8)
        yield f"grey-{bits}-bit.png", png(49, 41, bits, 0, png_rows(packed))
    whole, crossed = saved(image, "PNG"), png(49, 41, 8, 2, interlaced(rgb), interlace=1)
    yield "no-end-chunk.png", whole[:-12]
    yield "half-end-chunk.png", whole[:-6]
    yield "no-checksum.png", whole[:-18]
    yield "interlaced-no-end-chunk.png", crossed[:-12]
    yield "interlaced-no-checksum.png", crossed[:-19]
    yield "cut-in-pixels.png", whole[:-60], "truncated"
    yield "interlaced-cut-in-pixels.png", crossed[:-60], "truncated"
    yield "wrong-checksum.png", whole[:-20] + bytes(4) + whole[-16:], "cannot decode"


def webps():
    image = picture(49, 41)
    yield "lossy.webp", saved(image, "WEBP", quality=50)
    alpha = image.copy()
    alpha.putalpha(picture(49, 41).getchannel(1))
    yield "lossy-alpha.webp", saved(alpha, "WEBP", quality=60)
    frames = [picture(40 + i, 30).resize((40, 30)) for i in range(3)]
    yield "animated.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    clear = Image.new("RGBA", (40, 30))
    clear.paste(alpha.crop((0, 0, 11, 13)), (8, 6))
    yield "animated-clear.webp", saved(clear, "WEBP", save_all=True, append_images=[alpha.crop((0, 0, 40, 30))],
                                       quality=70)
    yield "animated-cut.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:])[:700], \
        "truncated"


def tiff(width, height, tags, strips, big=False, order="<"):
    """A TIFF of strips or tiles and of tags: {number: (type, values)}."""
    sizes = {1: "B", 3: "H", 4: "I", 16: "Q"}
    tags = {256: (4, [width]), 257: (4, [height]), 259: (3, [1]), 278: (4, [height]), **tags}
    tags[324 if 322 in tags else 273] = (4, [0] * len(strips))
    tags[325 if 322 in tags else 279] = (4, [len(strip) for strip in strips])
    if 322 in tags:
        del tags[278]
    start, inline, entry = (16, 8, 20) if big else (8, 4, 12)
    extra = start + (16 if big else 6) + entry * len(tags)
    where = extra + sum(len(values) * struct.calcsize(sizes[kind]) for kind, values in tags.values()
                        if len(values) * struct.calcsize(sizes[kind]) > inline)
    tags[324 if 322 in tags else 273] = (4, [where + sum(map(len, strips[:i])) for i in range(len(strips))])
    directory, outside = b"", b""
    for number in sorted(tags):
        kind, values = tags[number]
        body = struct.pack(f"{order}{len(values)}{sizes[kind]}", *values)
        if len(body) > inline:
            outside, body = outside + body, struct.pack(order + ("Q" if big else "I"), extra + len(outside))
        directory += struct.pack(order + ("HHQ" if big else "HHI"), number, kind, len(values)) + \
            body.ljust(inline, b"\0")
    head = struct.pack(order + ("HHHQ" if big else "HI"), *([43, 8, 0, 16] if big else [42, 8]))
    count = struct.pack(order + ("Q" if big else "H"), len(tags))
    return (b"II" if order == "<" else b"MM") + head + count + directory + bytes(8 if big else 4) + outside + \
        b"".join(strips)


def tiffs():
    image = picture(49, 41)
    rgb, grey = np.asarray(image), np.asarray(image.convert("L"))
    alpha = image.copy()
    alpha.putalpha(picture(49, 41, 99).getchannel(2))
    yield "rgba.tif", saved(alpha, "TIFF")
    yield "rgba-lzw-predicted.tif", saved(alpha, "TIFF", compression="tiff_lzw", tiffinfo={317: 2})
    yield "premultiplied.tif", tiff(49, 41, {258: (3, [8] * 4), 262: (3, [2]), 277: (3, [4]), 338: (3, [1])},
                                    [np.asarray(alpha).tobytes()])
    yield "grey-alpha.tif", saved(alpha.convert("LA"), "TIFF")
    yield "white-is-0.tif", tiff(49, 41, {258: (3, [8]), 262: (3, [0])}, [grey.tobytes()])
    yield "one-bit.tif", saved(image.convert("1"), "TIFF", compression="group4")
    yield "palette.tif", saved(image.quantize(37), "TIFF")
    yield "cmyk.tif", saved(image.convert("CMYK"), "TIFF", compression="tiff_deflate")
    yield "ycbcr.tif", saved(image, "TIFF", compression="jpeg", quality=80)
    yield "big-endian.tif", tiff(49, 41, {258: (3, [8] * 3), 262: (3, [2]), 277: (3, [3])}, [rgb.tobytes()],
                                 order=">")
    yield "big.tif", saved(image, "TIFF", big_tiff=True)
    deep = rgb.astype(np.uint16) * 251 + 77
    for order, name in (("<", "little"), (">", "big")):
        yield f"rgb-16-{name}.tif", tiff(49, 41, {258: (3, [16] * 3), 262: (3, [2]), 277: (3, [3])},
                                         [deep.astype(order + "u2").tobytes()], order=order)
    yield "grey-16.tif", saved(Image.fromarray(deep[:, :, 1]), "TIFF"), \
        Image.fromarray((deep[:, :, 1] >> 8).astype(np.uint8))
    yield "planes.tif", tiff(49, 41, {258: (3, [8] * 3), 262: (3, [2]), 277: (3, [3]), 284: (3, [2])},
                             [rgb[:, :, c].tobytes() for c in range(3)])
    yield "strips.tif", saved(image, "TIFF", strip_size=700, compression="tiff_deflate")
    tiles = [np.pad(rgb, ((0, 7), (0, 15), (0, 0)))[y:y + 16, x:x + 32].tobytes() for y in range(0, 41, 16)
             for x in range(0, 49, 32)]
    yield "tiles.tif", tiff(49, 41, {258: (3, [8] * 3), 262: (3, [2]), 277: (3, [3]), 322: (3, [32]),
                                     323: (3, [16])}, tiles)
    for orientation in range(1, 9):
        yield f"orientation-{orientation}.tif", saved(picture(7, 5), "TIFF", tiffinfo={274: orientation})
    yield "two-pages.tif", saved(image, "TIFF", save_all=True, append_images=[picture(10, 10)])
    yield "float.tif", saved(image.convert("F"), "TIFF"), "floating-point"
    yield "signed.tif", tiff(49, 41, {258: (3, [16]), 262: (3, [1]), 339: (3, [2])}, [bytes(49 * 41 * 2)]), \
        "signed"
    yield "32-bit.tif", tiff(49, 41, {258: (3, [32]), 262: (3, [1])}, [bytes(49 * 41 * 4)]), "32-bit"
    yield "lab.tif", saved(image.convert("RGB"), "TIFF").replace(struct.pack("<HHII", 262, 3, 1, 2),
                                                                 struct.pack("<HHII", 262, 3, 1, 8)), "unusual kind"
    yield "huge-tiles.tif", tiff(49, 41, {258: (3, [8] * 3), 262: (3, [2]), 277: (3, [3]), 322: (4, [40000]),
                                          323: (4, [40000])}, [b"0"]), "tiles"
    whole = saved(image, "TIFF")
    yield "cut.tif", tiff(49, 41, {258: (3, [8] * 3), 262: (3, [2]), 277: (3, [3])}, [rgb.tobytes()])[:-50], \
        "cut.tif"
    yield "no-directory.tif", whole[:4] + struct.pack("<I", len(whole) + 50) + whole[8:], "no-directory.tif"


def bmp(width, height, bits, compression, pixels, palette=b"", masks=b"", size=40):
    head = struct.pack("<IiiHHIIiiII", size, width, height, 1, bits, compression, len(pixels), 0, 0,
                       len(palette) // 4, 0).ljust(size, b"\0")
    offset = 14 + len(head) + len(masks) + len(palette)
    return struct.pack("<2sIHHI", b"BM", offset + len(pixels), 0, 0, offset) + head + masks + palette + pixels


def bmps():
    image = picture(49, 41)
    palette = bytes(value for i in range(256) for value in (i, 255 - i, i * 7 % 256, 0))
    yield "one-bit.bmp", saved(image.convert("1"), "BMP")
    yield "top-down.bmp", bmp(3, -2, 24, 0, bytes(range(100, 124)))
    yield "bgrx.bmp", bmp(3, 2, 32, 0, bytes(range(50, 74)))
    yield "4-bit.bmp", bmp(5, 2, 4, 0, b"\x12\x34\x50\0\xFE\xDC\xB0\0", palette[:64])
    yield "few-colours.bmp", bmp(5, 1, 8, 0, b"\0\1\2\3\2\0\0\0", palette[:12])
    yield "555.bmp", bmp(3, 1, 16, 0, struct.pack("<4H", 0x7FFF, 0x1234, 0x5A5A, 0))
    masks = struct.pack("<3I", 0xF800, 0x7E0, 0x1F)
    yield "565.bmp", bmp(3, 1, 16, 3, struct.pack("<4H", 0xFFFF, 0x1234, 0xA5A5, 0), masks=masks)
    fields = struct.pack("<3I", 0xFF000000, 0xFF0000, 0xFF00)
    yield "fields-32.bmp", bmp(2, 1, 32, 3, struct.pack("<2I", 0x12345678, 0x9ABCDEF0), masks=fields)
    for name, size in (("v4", 108), ("v5", 124)):
        body = bytearray(bmp(2, 1, 32, 3, struct.pack("<2I", 0x12345678, 0x9ABCDEF0), size=size))
        body[54:66] = struct.pack("<3I", 0xFF0000, 0xFF00, 0xFF)
        yield f"{name}.bmp", bytes(body)
    old = struct.pack("<2sIHHIIHHHH", b"BM", 0, 0, 0, 14 + 12 + 48, 12, 5, 1, 1, 4)
    yield "os2.bmp", old + bytes(value for i in range(16) for value in (i, 99 - i, 7 * i)) + b"\x12\x34\x50\0"
    runs = {
        "runs": b"\x03\x05\x02\x09\0\0\x05\x06\0\1",
        "as-they-are": b"\0\x05\1\2\3\4\5\0\0\0\x05\x06\0\1",
        "step": b"\1\5\0\2\1\1\3\7\0\1",
        "no-end-code": b"\x05\x05\0\0\x05\x06",
    }
    for name, code in runs.items():
        yield f"rle8-{name}.bmp", bmp(5, 2, 8, 1, code, palette)
    yield "rle4.bmp", bmp(5, 2, 4, 2, b"\x03\x12\x02\x45\0\0\0\x05\x12\x34\x50\0\0\1", palette[:64])
    yield "rle8-cut.bmp", bmp(5, 2, 8, 1, b"\x05\x05\0\0\x03\x06", palette), "truncated"
    yield "cut.bmp", saved(image, "BMP")[:-200], "truncated"
    yield "jpeg-inside.bmp", bmp(5, 2, 24, 4, bytes(40)), "compressed"
    yield "rle8-of-24.bmp", bmp(5, 2, 24, 1, bytes(40)), "does not fit"
    yield "3-bit.bmp", bmp(5, 2, 3, 0, bytes(40)), "3 bits"


def pnms():
    image = picture(49, 41)
    rgb, grey = np.asarray(image), np.asarray(image.convert("L"))
    yield "p1.pbm", b"P1\n# by hand\n5 2\n1 0 1 0 1\n01011\n"
    yield "p2.pgm", b"P2\n3 2 # wide\n100\n0 1 50\n99 100 33\n"
    yield "p3.ppm", b"P3 2 1 15 0 7 15\n# then\n 8 3 1"
    yield "p4.pbm", saved(image.convert("1"), "PPM")
    yield "p5.pgm", saved(image.convert("L"), "PPM")
    yield "p5-of-100.pgm", b"P5 49 41 100\n" + (grey // 2).astype(np.uint8).clip(0, 100).tobytes()
    yield "p5-16.pgm", b"P5 49 41 65535\n" + (grey.astype(np.uint16) * 257).astype(">u2").tobytes(), image.convert("L")
    yield "p6-16.ppm", b"P6 49 41 65535\n" + (rgb.astype(np.uint16) * 251 + 77).astype(">u2").tobytes()
    yield "p6-of-1000.ppm", b"P6 49 41 1000\n" + (rgb.astype(np.uint16) * 3).astype(">u2").tobytes()
    yield "p6-crlf.ppm", b"P6\r# on Windows\r49 41\r255\n" + rgb.tobytes()
    yield "p6-cut.ppm", b"P6 49 41 255\n" + rgb.tobytes()[:-1], "truncated"
    yield "p2-cut.pgm", b"P2 3 2 100 0 1 50 99 100", "truncated"
    yield "p2-above.pgm", b"P2 3 1 100 0 101 50\n", "101"
    yield "p2-words.pgm", b"P2 3 1 100 0 ten 50\n", "number"
    yield "p6-of-0.ppm", b"P6 1 1 0\n\0\0\0", "largest value"
    yield "p6-of-70000.ppm", b"P6 1 1 70000\n\0\0\0", "largest value"
    yield "p6-without-width.ppm", b"P6\n", "truncated"


def unread():
    image = picture(49, 41)
    yield "palette.gif", saved(image.quantize(16), "GIF"), "it is a GIF"
    yield "gif-named.jpg", saved(image.quantize(16), "GIF"), "convert it to JPEG or PNG"
    yield "jpeg-2000.jp2", saved(image, "JPEG2000"), "it is a JPEG 2000"
    yield "avif.avif", saved(image, "AVIF"), "it is an AVIF"
    yield "icon.ico", saved(image, "ICO", sizes=[(16, 16)]), "it is an icon"
    yield "page.jpg", b"<!DOCTYPE html>\n<html>Not found</html>\n", "a web page"
    yield "resource-fork.jpg", b"\0\x05\x16\x07\0\x02\0\0Mac OS X", "AppleDouble"
    yield "pointer.png", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"
    yield "zeros.jpg", bytes(300), "zeros"
    yield "text.jpg", b"not an image", "first bytes"
    yield "empty.jpg", b"", "empty"


def main():
    names = {}
    for made in [*pillow_jpegs(), *written_jpegs(), *pngs(), *webps(), *tiffs(), *bmps(), *pnms(),
                 *unread()]:
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
