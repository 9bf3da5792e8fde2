"""Compares imgcls's loader with others': the same files in the same run.

    ./dev bench peers DIR          or   python3 benchmarks/peers/run.py DIR

Every peer reads the images of DIR (a folder of class folders) and makes RandomResizedCrop and a flip, and
what each `--policy` adds, in one thread pinned to one core. Rounds alternate, each a process of its own that warms up over the data
set once; the table has each peer's median and spread. The peers come from PyPI into a virtual
environment in the cache folder (6 GB, mostly CUDA's libraries, which torch loads even on a CPU). One that
cannot be installed or fails is listed as such, with the reason.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
CACHE = pathlib.Path(os.environ.get("IMGCLS_CACHE") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "imgcls")
ENVIRONMENT = CACHE / "peers-venv"
PYTHON = ENVIRONMENT / "bin" / "python"
LIMIT = 300  # seconds for a measurement, with what a peer prepares before it

# name: (what it does, program, its variants, of which the fastest counts)
PEERS = {
    "Pillow + torchvision v2": ("full decode, antialias", "pillow_torchvision.py", [""]),
    "torchvision.io + v2": ("full decode, antialias", "torchvision_io.py", [""]),
    "DALI CPU": ("region decode, antialias", "dali.py", ["antialias", "antialias,sync"]),
    "DALI CPU, no antialias": ("region decode, bilinear, no antialias", "dali.py", ["plain", "plain,sync"]),
    "FFCV": ("re-encoded at 500 px, full decode, area", "ffcv_rrc.py", [""]),
    "simplejpeg + OpenCV": ("full decode, bilinear, no antialias", "simplejpeg_opencv.py", [""]),
}
IMGCLS = {
    "imgcls": ("region decode, antialias", "bilinear", False),
    "imgcls from checkpoints": ("region decode from an index's checkpoints, antialias", "bilinear", True),
    "imgcls, no antialias": ("region decode, bilinear, no antialias", "bilinear_no_antialias", False),
}
POLICIES = {
    "none": {**IMGCLS, **PEERS},
    **{policy: {"imgcls": IMGCLS["imgcls"], **{name: PEERS[name] for name in (
        "Pillow + torchvision v2", "torchvision.io + v2", "DALI CPU")}}
       for policy in ("rand_augment", "trivial_augment_wide")},
}


def say(text):
    print(f"== {text}", file=sys.stderr, flush=True)


def last_line(text, whole=False):
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["it said nothing"]
    return lines[-1] if whole else lines[-1][:300]


def pip_install(*arguments, **options):
    command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, text=True, capture_output=True, **options)


def install():
    """Makes the environment where it is missing or out of date. Returns why FFCV is missing, or None."""
    requirements = (HERE / "requirements.txt").read_text()
    mark = ENVIRONMENT / "requirements.txt"
    if not mark.exists() or mark.read_text() != requirements:
        say(f"installing the peers into {ENVIRONMENT} (6 GB)")
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        done = pip_install("-r", HERE / "requirements.txt")
        if done.returncode != 0:
            raise SystemExit(f"the peers cannot be installed: {last_line(done.stderr)}")
        mark.write_text(requirements)
    return install_ffcv()


def install_ffcv():
    """FFCV 1.0.2 is source only. It asks pkg-config for all of OpenCV, and uses three parts of it."""
    if subprocess.run([PYTHON, "-c", "import ffcv"], capture_output=True).returncode == 0:
        return None
    say("building FFCV")
    folder = ENVIRONMENT / "ffcv-build"
    (folder / "opencv2").mkdir(parents=True, exist_ok=True)
    (folder / "opencv2" / "opencv.hpp").write_text(
        "".join(f"#include <opencv2/{part}.hpp>\n" for part in ("core", "imgproc", "imgcodecs")))
    (folder / "opencv4.pc").write_text(
        f"Name: OpenCV\nDescription: three parts\nVersion: 4\nCflags: -I{folder} -I/usr/include/opencv4\n"
        "Libs: -lopencv_core -lopencv_imgproc -lopencv_imgcodecs\n")
    done = pip_install("--no-deps", "--no-binary=ffcv", "ffcv==1.0.2",
                       env={**os.environ, "PKG_CONFIG_PATH": str(folder)})
    return None if done.returncode == 0 else f"it cannot be built: {last_line(done.stderr)}"


def run(command, core):
    """The JSON that `command` prints last, on one core. Raises RuntimeError with the reason."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    try:
        done = subprocess.run(["taskset", "-c", str(core), *map(str, command)], text=True, capture_output=True,
                              env=environment, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"it did not end within {LIMIT} s") from None
    if done.returncode != 0:
        raise RuntimeError(last_line(done.stderr or done.stdout))
    return json.loads(last_line(done.stdout, whole=True))


def commands(args, name, policy):
    """The commands of a peer's variants."""
    common = ["--crop", args.crop, "--batch", args.batch, "--seconds", args.seconds, "--policy", policy]
    if name in IMGCLS:
        _, interpolation, indexed = IMGCLS[name]
        return [[args.imgcls, "bench", "data", "--root", args.root, "--threads", 1, "--json",
                 "--interpolation", interpolation, *common, *(["--index", args.index] if indexed else [])]]
    _, program, variants = PEERS[name]
    return [[PYTHON, HERE / program, "--root", args.root, "--cache", CACHE, "--variant", variant, *common]
            for variant in variants]


class Peer:
    """A row of a table: the rates of each of its variants, or why there are none."""

    def __init__(self, name, policy, choices):
        self.name, self.policy, self.choices = name, policy, choices
        self.rates = [[] for _ in choices]
        self.details, self.skipped = None, None

    def measure(self, core):
        """One round, of every variant."""
        try:
            for rates, command in zip(self.rates, self.choices):
                self.details = run(command, core)
                rates.append(self.details["images_per_second"])
        except (RuntimeError, ValueError, OSError) as error:
            self.skipped = str(error)

    def best(self):
        return max(self.rates, key=statistics.median)

    def to_json(self):
        if self.skipped:
            return dict(name=self.name, policy=self.policy, skipped=self.skipped)
        rates, variant = self.best(), self.choices[self.rates.index(self.best())]
        return dict(name=self.name, policy=self.policy, images_per_second=statistics.median(rates), lowest=min(rates),
                    highest=max(rates), rounds=rates, versions=self.details.get("versions"),
                    variant=variant[variant.index("--variant") + 1] if "--variant" in variant else "")


def measure_all(args, missing):
    peers = [Peer(name, policy, commands(args, name, policy)) for policy in args.policy for name in POLICIES[policy]]
    for peer in peers:
        peer.skipped = missing.get(peer.name)
    for number in range(args.rounds):
        for peer in peers:
            if not peer.skipped:
                say(f"round {number + 1} of {args.rounds}: {peer.name}, policy {peer.policy}")
                peer.measure(args.core)
    return [peer.to_json() for peer in peers]


def print_table(results, policy):
    what = {name: does for name, (does, *_) in {**PEERS, **IMGCLS}.items()}
    plain = {r["name"]: r.get("images_per_second") for r in results if r["policy"] == "none"}
    rows = [r for r in results if r["policy"] == policy]
    ours = {r["name"]: r.get("images_per_second") for r in rows}
    print(f"\n`augment.policy={policy}`\n")
    print("| | images/s a core | lowest to highest | imgcls is so many times as fast | of its rate without a policy "
          "| what it does |")
    print("| --- | --- | --- | --- | --- | --- |")
    for r in rows:
        if "skipped" in r:
            print(f"| {r['name']} | skipped | | | | {r['skipped']} |")
            continue
        # Like is compared with like: bilinear without antialias with our own.
        like = ours["imgcls, no antialias" if "no antialias" in what[r["name"]] else "imgcls"]
        ratio = f"{like / r['images_per_second']:.2f}" if like else ""
        share = f"{100 * r['images_per_second'] / plain[r['name']]:.0f} %" if plain.get(r["name"]) else ""
        print(f"| {r['name']} | {r['images_per_second']:.0f} | {r['lowest']:.0f} to {r['highest']:.0f} | {ratio} "
              f"| {share} | {what[r['name']]} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("root", type=pathlib.Path, help="a folder of class folders with images")
    parser.add_argument("--crop", type=int, default=176)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--policy", nargs="+", choices=list(POLICIES), default=["none"],
                        help="what is done to the pixels after crop and flip; each has a table of its own")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6, help="of each measurement")
    parser.add_argument("--core", type=int, default=min(os.sched_getaffinity(0)))
    parser.add_argument("--imgcls", type=pathlib.Path, default=PROJECT / "build/bin/imgcls")
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")
    args = parser.parse_args()
    for path, what in [(args.root, "the folder of images"), (args.imgcls, "imgcls (./dev build makes it)")]:
        if not path.exists():
            parser.error(f"{path} does not exist: {what}")
    if (args.root / "imgcls.index").exists():
        parser.error(f"{args.root} has an index, which imgcls would use in every row; measure a folder without")
    ffcv = install()
    with tempfile.TemporaryDirectory() as folder:
        args.index = pathlib.Path(folder) / "imgcls.index"
        subprocess.run([args.imgcls, "prepare", "index", args.root, "-o", args.index], check=True)
        results = measure_all(args, {"FFCV": ffcv} if ffcv else {})
    if args.json:
        return print(json.dumps(results, indent=1))
    for policy in args.policy:
        print_table(results, policy)


if __name__ == "__main__":
    main()
