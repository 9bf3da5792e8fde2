"""Gives each argument of `imgcls`, and each key of a configuration, some wrong values, and says which did not
end as they should.

    python3 tests/cli/wrong_arguments.py build/bin [PATTERN...]

Makes a small data set and a run of one epoch first. An end is good where the program ends by itself with
an exit code from 0 to 2 within 60 s, and, where it failed, its message names the value, or the key where the
value cannot be shown, and nothing half-written is left. Takes hours; of a command line every PATTERN, a regular
expression, is to be found in it ("^train .*batch="). Where it is started as root it needs setpriv.
"""

import json
import os
import pathlib
import re
import resource
import shutil
import struct
import subprocess
import stat
import sys
import tempfile
import zlib

LIMIT = 60
MEMORY = 12 << 30  # of address space: what asks for more is to fail, not to take the machine's
WRONG = "\0"  # stands in a command for the wrong value
OF_ANY_KIND = ["", b"\xff\xfe\xfd", "a\nb", "x" * 300, "y" * 5000, "NaN", "0", "1e999", "99999999999999999999",
               "-inf", "2147483647", "65535", "1024", "1e300", "1e-300", "null", "true", "[]", "[1,2,3]", "[\"(\"]",
               "{}", "[1", "%s%n{}"]
SCHEMA = pathlib.Path(__file__).resolve().parent.parent.parent / "configs" / "schema.json"


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
    return [*files, str(odd / "text.json" / "below"), "no/such/thing", "/dev/null", "/dev/full", "/proc/self/mem", ".",
            "/etc", *OF_ANY_KIND, "tab\there", "-1", "\U0001F4A5", "a=b", "'\"", "  "]


def commands(root):
    """Command lines with WRONG in the place of the wrong value; True: it goes to standard input. They may
    only leave files where they ended well."""
    run, data, image = root / "run", root / "data", root / "data" / "val" / "red" / "0.png"
    checkpoint = next((run / "checkpoints").glob("step-*/weights.safetensors"))
    net = ["--model", "squeezenet1_1", "--weights", root / "w.pth"]
    out = root / "out"
    yield ["predict", WRONG, image, "--run", run]
    yield ["predict", "-", image, "--run", run, True]
    for option in ("--run", ):
        yield ["predict", image, option, WRONG]
    for option in ("--top", "--batch", "--threads"):
        yield ["predict", image, "--run", run, option, WRONG]
    for option in ("--model", "--weights", "--classes", "--size", "--resize"):
        yield ["predict", image, *net, option, WRONG]
    yield ["eval", WRONG]
    yield ["eval", run, WRONG]
    for option in ("--weights", "--classes"):
        yield ["eval", run, option, WRONG]
    yield ["eval", *net, "--data", WRONG]
    yield ["eval", "--model", WRONG, "--weights", checkpoint, "--data", data / "val"]
    yield ["eval", run, "--output", WRONG]
    yield ["report", WRONG]
    for option in ("--output", "--png", "--title"):
        yield ["report", run, option, WRONG]
    for option in ("--model", "--weights", "--output", "--classes", "--size"):
        yield ["export", *net, "--output", out / "x.onnx", option, WRONG]
    yield ["export", "--run", WRONG, "--output", out / "x.onnx"]
    yield ["export", "--run", run, "--output", WRONG]
    yield ["models", WRONG]
    yield ["help", WRONG]
    for option in ("--ranks", "--hosts", "--hostfile"):
        yield ["launch", "--dry-run", option, WRONG, "--", "true"]
    yield ["launch", "-n", "1", "--", WRONG]
    yield ["prepare", "index", WRONG]
    for option in ("--output", "--threads"):
        yield ["prepare", "index", data / "val", option, WRONG]
    yield ["prepare", "shards", WRONG, "--out", out / "shards"]
    for option in ("--out", "--samples", "--size", "--threads"):
        yield ["prepare", "shards", data / "val", "--out", out / "shards", option, WRONG]
    for option in ("--archives", "--split", "--format", "--threads", "--checksums"):
        yield ["prepare", "imagenet", "--archives", data, "--out", out / "imagenet", option, WRONG]
    yield ["bench", "data", "--root", WRONG, "--seconds", "0.1"]
    yield ["bench", "data", WRONG, "--seconds", "0.1"]
    for option in ("--index", "--threads", "--crop", "--interpolation", "--batch", "--epochs"):
        yield ["bench", "data", "--root", data / "val", option, WRONG]
    yield ["bench", "step", WRONG]
    yield ["wandb", "sync", WRONG]
    yield from weights_commands(root, checkpoint)
    yield from training_commands(root)


def weights_commands(root, checkpoint):
    out = root / "out" / "w.pth"
    yield ["weights", WRONG]
    yield ["weights", "show", WRONG]
    yield ["weights", "show", "--values", WRONG]
    yield ["weights", "show", checkpoint, "--key", WRONG]
    yield ["weights", "show", root / "w.pth", "--key", WRONG]
    yield ["weights", "init", WRONG, "--output", out]
    yield ["weights", "init", "resnet18", WRONG, "--output", out]
    for key, _ in keys("model"):
        yield ["weights", "init", "squeezenet1_1", f"{key}={WRONG}", "--output", out]
    for option in ("--seed", "--classes", "--output"):
        yield ["weights", "init", "squeezenet1_1", "--output", out, option, WRONG]
    yield ["weights", "convert", WRONG, out]
    yield ["weights", "convert", checkpoint, WRONG]
    yield ["weights", "convert", checkpoint, out, "--key", WRONG]
    yield ["weights", "diff", WRONG, checkpoint]
    yield ["weights", "diff", checkpoint, WRONG]
    yield ["weights", "diff", checkpoint, checkpoint, "--key", WRONG]
    yield ["weights", "average", WRONG, checkpoint, "--output", out]
    yield ["weights", "average", checkpoint, WRONG, "--output", out]
    yield ["weights", "average", checkpoint, checkpoint, "--output", WRONG]
    yield ["weights", "average", checkpoint, checkpoint, "--output", out, "--key", WRONG]


def keys(*rooms):
    """The keys of a configuration that the schema has, each with what the schema says of it; of these rooms alone,
    where there are some."""
    for room, content in json.loads(SCHEMA.read_text())["properties"].items():
        if not rooms or room in rooms:
            yield from ((f"{room}.{key}", rule) for key, rule in content.get("properties", {}).items())


def takes_text(command):
    """Whether the wrong value may be the name of a file; numbers and choices need fewer wrong ones."""
    key = key_of(command)
    return not key or any(key == name and rule.get("type") == "string" and "enum" not in rule
                          for name, rule in keys())


def training_commands(root):
    settings = [root / "run" / "config.json", f"run.dir={root / 'new'}", "train.max_steps=2"]
    for program in (["train"], ["train_resnet50"]):
        yield [*program, WRONG]
        yield [*program, *settings, WRONG]
        for odd in (f"{WRONG}=1", f"model.{WRONG}=1", f"{WRONG}.name=1", f"model={WRONG}"):
            yield [*program, *settings, odd]
        for key, _ in keys():
            yield [*program, *settings, f"{key}={WRONG}"]


def line(command, value):
    """The words of the command, and what is written to its standard input."""
    words, stdin = [], b""
    raw = value if isinstance(value, bytes) else value.encode()
    for word in command:
        if isinstance(word, str) and word.startswith("--") and word.encode() in words:  # said twice: the latter counts
            at = words.index(word.encode())
            del words[at:at + 2]
        if word is True:
            stdin = raw + b"\n"
        else:
            words.append(os.fsencode(word).replace(WRONG.encode(), raw))
    return words, stdin


def names(value, text, key):
    """Whether a message shows the value, whole or as far as it can be shown, or one of its folders; or the key of
    a configuration that it was given for."""
    shown = value.decode(errors="replace") if isinstance(value, bytes) else value
    if key and key in text:
        return True
    if not shown or (shown.startswith("-") and not key):  # no value, or taken for an option
        return not key
    parts = [part for part in shown.split("/")[-2:] if part]
    seen = [form for part in parts for form in (part[:40], part.split("\n")[0], repr(part)[1:-1],
                                                part.replace("'", "\\'"),
                                                part.replace('"', '\\"'))]
    if isinstance(value, bytes):
        seen += ["\ufffd", "\\377", "\\xff"]
    return shown in text or any(form in text for form in seen)


def key_of(command):
    """The configuration's key that has the wrong value."""
    assigned = [word.partition("=") for word in command if isinstance(word, str) and word.endswith("=" + WRONG)]
    return assigned[0][0] if assigned else ""


def files(root):
    """The files that a command which fails may not change, and their times."""
    found = {}
    for folder, _, entries in os.walk(root):
        for entry in entries:
            path = os.path.join(folder, entry)
            found[path] = os.lstat(path).st_mtime_ns
    return found


def try_one(programs, command, value, prefix, root):
    words, stdin = line(command, value)
    before = files(root)
    program = programs / "imgcls"
    if command[0] == "train_resnet50":
        program, words = programs / words[0].decode(), words[1:]
    try:
        done = subprocess.run([*prefix, program, *words], input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=LIMIT,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)))
    except subprocess.TimeoutExpired:
        return "did not end"
    said = done.stderr.decode(errors="replace")
    text = said + done.stdout.decode(errors="replace")
    if done.returncode not in (0, 1, 2, 127) or "terminate called" in text:
        return f"exit code {done.returncode}: {text[-300:]}"
    if done.returncode != 0 and not names(value, text, key_of(command)):
        return f"says nothing of it: {text[-300:]}"
    # What prepares data or trains goes on where it was stopped, and is right to leave files.
    after = files(root) if done.returncode != 0 and command[0] == "weights" else before
    left = [path for path in after if before.get(path) != after[path]]
    return f"left {left}" if left else None


def main():
    programs, chosen = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    # Root's right to read everything would hide what a folder without permission does.
    rights = "-dac_override,-dac_read_search"
    prefix = ["setpriv", f"--inh-caps={rights}", f"--bounding-set={rights}"] if os.getuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        make_data(root)
        make_run(programs / "imgcls", root)
        subprocess.run([programs / "imgcls", "weights", "init", "squeezenet1_1", "--output", root / "w.pth"], check=True,
                       stdout=subprocess.DEVNULL)
        (root / "out").mkdir()
        values = wrong_values(root)
        os.chdir(root)
        tried = bad = 0
        for command in commands(root):
            shown = " ".join("" if word is True else str(word).rpartition("/")[2].replace(WRONG, "WRONG")
                             for word in command)
            if not all(re.search(pattern, shown) for pattern in chosen):
                continue
            for value in values if takes_text(command) else OF_ANY_KIND:
                tried += 1
                fault = try_one(programs, command, value, prefix, root)
                if fault:
                    bad += 1
                    print(f"{shown} with {value[:60]!r}: {fault}", flush=True)
                shutil.rmtree(root / "new", ignore_errors=True)
        for device in ("/dev/null", "/dev/full"):
            if not stat.S_ISCHR(os.stat(device).st_mode):
                bad += 1
                print(f"{device} is no device any more")
        print(f"{tried} tried, {bad} ended otherwise than they should")
        return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
