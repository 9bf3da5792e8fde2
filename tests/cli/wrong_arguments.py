"""Gives each argument of `imgcls` some thirty wrong values, and says which did not end as they should.

    python3 tests/cli/wrong_arguments.py build/bin [FILTER]

Makes a small data set and a run of one epoch first. An end is good where the program ends by itself with
an exit code from 0 to 2 within 60 s, and, where it failed, its message names the value. Takes half an
hour. Where it is started as root it needs setpriv.
"""

import os
import pathlib
import struct
import subprocess
import stat
import sys
import tempfile
import zlib

LIMIT = 60


def png(colour):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = (b"\0" + bytes(colour) * 16) * 16
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def make_data(root):
    for part, count in (("train", 12), ("val", 4)):
        for name, colour in (("blue", (40, 40, 200)), ("red", (200, 40, 40))):
            folder = root / "data" / part / name
            folder.mkdir(parents=True)
            for i in range(count):
                (folder / f"{i}.png").write_bytes(png([(value + i) % 256 for value in colour]))


def make_run(program, root):
    settings = ["model.name=resnet9", "model.width=4", "augment.crop=pad", "augment.size=16", "eval.size=16",
                "eval.resize=0", "eval.batch=4", "train.epochs=1", "train.batch=8", "train.threads=1",
                "data.train=train", "data.val=val", f"data.root={root / 'data'}", f"run.dir={root / 'run'}"]
    subprocess.run([program, "train", *settings], check=True, stdout=subprocess.DEVNULL, timeout=300)


def wrong_values(root):
    odd = root / "odd"
    odd.mkdir()
    (odd / "text.json").write_text("this is no such thing\n")
    (odd / "garbage").write_bytes(bytes(range(256)) * 64)
    (odd / "empty").write_bytes(b"")
    (odd / "loop").symlink_to("loop")
    (odd / "dangling").symlink_to("nowhere")
    (odd / "folder").mkdir()
    (odd / "closed").mkdir(mode=0)
    (odd / "secret").write_bytes(b"x")
    (odd / "secret").chmod(0)
    (odd / "deep.json").write_text("[" * 100000)
    files = [str(odd / name) for name in ("text.json", "garbage", "empty", "loop", "dangling", "folder",
                                          "closed", "secret", "deep.json")]
    return [*files, str(odd / "text.json" / "below"), "no/such/thing", "", b"\xff\xfe\xfd", "a\nb", "tab\there", "x" * 300,
            "y" * 5000, "NaN", "-1", "0", "1e999", "99999999999999999999", "-inf", "\U0001F4A5", "/dev/null",
            "/dev/full", "/proc/self/mem", ".", "/etc", "a=b", "{}", "[1", "%s%n{}", "'\"", "  "]


def commands(root):
    """Command lines with None in the place of the wrong value; True: it goes to standard input."""
    run, data, image = root / "run", root / "data", root / "data" / "val" / "red" / "0.png"
    checkpoint = next((run / "checkpoints").glob("step-*/weights.safetensors"))
    net = ["--model", "squeezenet1_1", "--weights", root / "w.pth"]
    out = root / "out"
    yield ["predict", None, image, "--run", run]
    yield ["predict", "-", image, "--run", run, True]
    for option in ("--run", ):
        yield ["predict", image, option, None]
    for option in ("--top", "--batch", "--threads"):
        yield ["predict", image, "--run", run, option, None]
    for option in ("--model", "--weights", "--classes", "--size", "--resize"):
        yield ["predict", image, *net, option, None]
    yield ["eval", None]
    yield ["eval", run, None]
    for option in ("--weights", "--classes"):
        yield ["eval", run, option, None]
    yield ["eval", *net, "--data", None]
    yield ["eval", "--model", None, "--weights", checkpoint, "--data", data / "val"]
    yield ["eval", run, "--output", None]
    yield ["report", None]
    for option in ("--output", "--png", "--title"):
        yield ["report", run, option, None]
    for option in ("--model", "--weights", "--output", "--classes", "--size"):
        yield ["export", *net, "--output", out / "x.onnx", option, None]
    yield ["models", None]
    for option in ("--ranks", "--hosts", "--hostfile"):
        yield ["launch", "--dry-run", option, None, "--", "true"]
    yield ["launch", "-n", "1", "--", None]
    yield ["prepare", "index", None]
    for option in ("--output", "--threads"):
        yield ["prepare", "index", data / "val", option, None]
    yield ["prepare", "shards", None, "--out", out / "shards"]
    for option in ("--out", "--samples", "--size", "--threads"):
        yield ["prepare", "shards", data / "val", "--out", out / "shards", option, None]
    for option in ("--archives", "--split", "--format", "--threads", "--checksums"):
        yield ["prepare", "imagenet", "--archives", data, "--out", out / "imagenet", option, None]
    yield ["bench", "data", "--root", None, "--seconds", "0.1"]
    for option in ("--index", "--threads", "--crop", "--interpolation", "--batch", "--epochs"):
        yield ["bench", "data", "--root", data / "val", option, None]
    yield ["bench", "step", None]
    yield ["weights", "show", None]
    yield ["weights", "init", None, "-o", out / "w.pth"]
    yield ["weights", "init", "resnet18", None, "-o", out / "w.pth"]
    for option in ("--seed", "--classes", "--output"):
        yield ["weights", "init", "squeezenet1_1", "-o", out / "w.pth", option, None]
    yield ["weights", "convert", None, out / "w.pth"]
    yield ["weights", "convert", checkpoint, None]
    yield ["weights", "diff", checkpoint, None]
    yield ["weights", "average", checkpoint, None, "-o", out / "w.pth"]
    yield ["weights", "average", checkpoint, checkpoint, "-o", None]
    yield ["wandb", "sync", None]
    yield ["train", None]
    settings = [run / "config.json"]
    for key in ("run.dir", "data.root", "data.train", "data.index", "model.name", "model.weights", "train.batch",
                "optimizer.lr", "train.seed", "data.classes"):
        yield ["train", *settings, "train.epochs=1", f"{key}=", None]


def line(command, value):
    """The words of the command, and what is written to its standard input."""
    words, stdin = [], b""
    raw = value if isinstance(value, bytes) else value.encode()
    for word in command:
        if isinstance(word, str) and word.startswith("--") and word.encode() in words:  # said twice: the latter counts
            at = words.index(word.encode())
            del words[at:at + 2]
        if word is None and words and words[-1].endswith(b"=") and b"." in words[-1]:
            words[-1] += raw
        elif word is None:
            words.append(raw)
        elif word is True:
            stdin = raw + b"\n"
        else:
            words.append(os.fsencode(word))
    return words, stdin


def names(value, text):
    """Whether a message shows the value, whole or as far as it can be shown, or one of its folders."""
    shown = value.decode(errors="replace") if isinstance(value, bytes) else value
    if not shown.strip() or shown.startswith("-"):  # taken for an option
        return True
    parts = [part for part in shown.split("/")[-2:] if part]
    seen = [form for part in parts for form in (part[:40], part.split("\n")[0], repr(part)[1:-1],
                                                part.replace("'", "\\'"))]
    if isinstance(value, bytes):
        seen += ["\ufffd", "\\377", "\\xff"]
    return shown in text or any(form in text for form in seen)


def try_one(program, command, value, prefix):
    words, stdin = line(command, value)
    try:
        done = subprocess.run([*prefix, program, *words], input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return "did not end"
    said = done.stderr.decode(errors="replace")
    text = said + done.stdout.decode(errors="replace")
    if done.returncode not in (0, 1, 2, 127) or "terminate called" in text:
        return f"exit code {done.returncode}: {text[-300:]}"
    if done.returncode != 0 and not names(value, text):
        return f"says nothing of it: {text[-300:]}"
    return None


def main():
    program, chosen = os.path.abspath(sys.argv[1]) + "/imgcls", sys.argv[2:]
    # Root's right to read everything would hide what a folder without permission does.
    rights = "-dac_override,-dac_read_search"
    prefix = ["setpriv", f"--inh-caps={rights}", f"--bounding-set={rights}"] if os.getuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        make_data(root)
        make_run(program, root)
        subprocess.run([program, "weights", "init", "squeezenet1_1", "-o", root / "w.pth"], check=True,
                       stdout=subprocess.DEVNULL)
        values = wrong_values(root)
        os.chdir(root)
        tried = bad = 0
        for command in commands(root):
            shown = " ".join("WRONG" if word is None else "" if word is True else pathlib.Path(word).name
                             for word in command)
            if chosen and not all(word in shown for word in chosen):
                continue
            for value in values:
                tried += 1
                fault = try_one(program, command, value, prefix)
                if fault:
                    bad += 1
                    print(f"{shown} with {value[:60]!r}: {fault}", flush=True)
        for device in ("/dev/null", "/dev/full"):
            if not stat.S_ISCHR(os.stat(device).st_mode):
                bad += 1
                print(f"{device} is no device any more")
        print(f"{tried} tried, {bad} ended otherwise than they should")
        return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
