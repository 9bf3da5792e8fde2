#!/usr/bin/env python3
"""Makes a folder of photos as a user has one, of Fashion-MNIST as Debian's package installs it.

    photos.py FOLDER TRAIN VAL [CLASS...]

FOLDER/{train,val}/<class>/N.png, so many of each class. Exit code 77 where the data set is not there.
"""

import gzip
import pathlib
import struct
import sys
import zlib

DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
CLASSES = ["t-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"]
SIDE = 28


def idx(name, header):
    return gzip.decompress((DATA / f"{name}-ubyte.gz").read_bytes())[header:]


def png(path, pixels):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + pixels[at:at + SIDE] for at in range(0, SIDE * SIDE, SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)  # 8 bits, grey
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
                     + chunk(b"IEND", b""))


def main():
    folder, counts, classes = pathlib.Path(sys.argv[1]), sys.argv[2:4], sys.argv[4:]
    if not DATA.is_dir():
        print(f"skipped: there is no {DATA}: install dataset-fashion-mnist")
        return 77
    for part, prefix, count in zip(("train", "val"), ("train", "t10k"), map(int, counts)):
        images, labels = idx(f"{prefix}-images-idx3", 16), idx(f"{prefix}-labels-idx1", 8)
        for name in classes:
            (folder / part / name).mkdir(parents=True)
            of_class = [i for i, label in enumerate(labels) if label == CLASSES.index(name)]
            for number, i in enumerate(of_class[:count]):
                png(folder / part / name / f"{number}.png", images[i * SIDE * SIDE:(i + 1) * SIDE * SIDE])
    return 0


if __name__ == "__main__":
    sys.exit(main())
