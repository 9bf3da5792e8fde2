"""What the tests of this folder share: tiny data, processes found by a mark, and their end."""

import gzip
import json
import os
import pathlib
import random
import signal
import struct
import time

SKIPPED = 77  # exit code that ctest shows as "skipped"


def skip(reason):
    print(f"skipped: {reason}")
    raise SystemExit(SKIPPED)


def write_idx(folder, prefix, images, seed):
    """Grey 28 x 28 images whose class, of three, is a bright stripe's place."""
    pixels, labels, noise = bytearray(), bytearray(), random.Random(seed)
    for i in range(images):
        image = bytearray(noise.randrange(90) for _ in range(28 * 28))
        start = 28 * 8 * (i % 3 + 1)
        image[start:start + 56] = b"\xff" * 56
        pixels += image
        labels.append(i % 3)
    for kind, header, body in (
            ("images-idx3", struct.pack(">IIII", 0x803, images, 28, 28), pixels),
            ("labels-idx1", struct.pack(">II", 0x801, images), labels)):
        with gzip.open(folder / f"{prefix}-{kind}-ubyte.gz", "wb", 1) as file:
            file.write(header + body)


def make_run(folder, train=60, val=60, **changes):
    """A data set and a configuration that trains on it in milliseconds a step; the file's path."""
    folder = pathlib.Path(folder)
    write_idx(folder, "train", train, 1)
    write_idx(folder, "val", val, 2)
    config = {
        "data": {"name": "stripes", "format": "idx", "root": str(folder), "train": "train",
                 "val": "val", "classes": ["high", "middle", "low"], "threads": 1},
        "model": {"name": "resnet9", "width": 4},
        "augment": {"crop": "pad", "size": 28, "pad": 2},
        "eval": {"size": 28, "resize": 0, "batch": 10},
        "train": {"epochs": 2, "batch": 12, "threads": 1},
        "optimizer": {"lr": 0.05},
        "log": {"every": 1},
    }
    for key, value in changes.items():
        room, name = key.split("__")
        config.setdefault(room, {})[name] = value
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return path


def processes(mark):
    """Process numbers and environments of those whose environment holds `mark` (NAME=VALUE)."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            environment = pathlib.Path(f"/proc/{entry}/environ").read_bytes().split(b"\0")
            state = pathlib.Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if mark.encode() in environment and state != "Z":
            found[int(entry)] = dict(
                part.decode(errors="replace").split("=", 1) for part in environment if b"=" in part)
    return found


def program_of(pid):
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""


def kill_all(mark):
    for pid in processes(mark):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def wait_until(condition, seconds, pause=0.02):
    """The condition's value as soon as it is true; None after that many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(pause)
    return None
