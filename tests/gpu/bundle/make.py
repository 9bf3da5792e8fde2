#!/usr/bin/env python3
"""Puts a bundle together from a build: what `./dev bundle` does last.

    make.py BUILD_DIR TORCH_DIR BUNDLE_DIR [PHOTOS]

PHOTOS is a folder with a subfolder of JPEGs for each class, or a tar file of one; as many are taken
as fit. Fails when the bundle is larger than LIMIT_MIB.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

LIMIT_MIB = 45
PROGRAMS = ("train_resnet50", "imgcls", "gpu_check")
PHOTO = re.compile(r"\.jpe?g$", re.IGNORECASE)
# What every machine has, with the rules of its own loader, or newer than Debian 12's.
OF_THE_SYSTEM = re.compile(r"/(ld-linux[^/]*|lib(c|m|dl|rt|pthread|resolv|util|stdc\+\+|gcc_s)\.so\.\d+)$")


def output_of(*words):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout


def copy_programs(build, bundle):
    (bundle / "bin").mkdir()
    (bundle / "lib").mkdir()
    copies = []
    for source, folder in [*((build / "bin" / name, "bin") for name in PROGRAMS),
                           (build / "lib/libimgcls_cuda.so", "lib")]:
        copy = bundle / folder / source.name
        shutil.copy2(source, copy)
        subprocess.run(["strip", copy], check=True)
        copies.append(copy)
    return copies


def copy_libraries(build, torch, bundle):
    """Those that the programs load and neither the system nor PyTorch brings."""
    copied = {}
    for name in PROGRAMS:
        for line in output_of("ldd", build / "bin" / name).splitlines():
            found = re.search(r"(\S+) => (\S+)", line)
            if not found:
                continue
            wanted, path = found.groups()
            if path == "not":
                sys.exit(f"make.py: {name} needs {wanted}, which is not found")
            of_torch = pathlib.Path(path).resolve().is_relative_to(torch.parent.resolve())
            if of_torch or OF_THE_SYSTEM.search(path) or wanted in copied:
                continue
            copied[wanted] = bundle / "lib" / wanted
            shutil.copy2(path, copied[wanted])
    stand_in_for_lapack(copied)
    return list(copied.values())


def stand_in_for_lapack(libraries):
    """OpenCV's core wants LAPACK for decompositions, which imgcls asks none of: 10 MiB with what that loads.

    A library of its name takes its place, in which each function that OpenCV could call ends the program.
    """
    lapack, core = "liblapack.so.3", "libopencv_core.so.406"
    if lapack not in libraries or core not in libraries:
        return
    symbols = [set(line.split()[-1].split("@")[0] for line in output_of("nm", "-D", which, libraries[name]).splitlines())
               for name, which in ((core, "--undefined-only"), (lapack, "--defined-only"))]
    functions = "".join(f'void {name}(void) {{ say("{name}"); }}\n' for name in sorted(symbols[0] & symbols[1]))
    text = ('#include <stdio.h>\n#include <stdlib.h>\n'
            'static void say(const char* name) { fprintf(stderr, "this bundle has no LAPACK: %s\\n", name); abort(); }\n'
            + functions)
    libraries[lapack].unlink()
    subprocess.run(["cc", "-shared", "-fPIC", "-Os", "-fno-builtin", f"-Wl,-soname,{lapack}", "-o", libraries[lapack],
                    "-x", "c", "-"], input=text, text=True, check=True)
    for name in ("libblas.so.3", "libgfortran.so.5", "libquadmath.so.0"):
        if name in libraries:
            libraries.pop(name).unlink()


def newest_symbols(files, prefix):
    """The newest version of a symbol that files ask for: what the machine's library must have."""
    versions = set()
    for file in files:
        versions.update(re.findall(rf"\b{prefix}_([0-9.]+)", output_of("objdump", "-T", file)))
    return max(versions, key=lambda version: [int(number) for number in version.split(".")])


def copy_scripts(source, bundle):
    (bundle / "scripts").mkdir()
    here = pathlib.Path(__file__).parent
    for file in here.glob("*.py"):
        if file.name != pathlib.Path(__file__).name:
            shutil.copy2(file, bundle / "scripts")
    for name in ("run.sh", "env.sh", "README.md"):
        shutil.copy2(here / name, bundle)
    shutil.copytree(source / "configs", bundle / "configs")
    shutil.copytree(source / "benchmarks/peers/gpu", bundle / "peers", ignore=shutil.ignore_patterns("__pycache__"))


def size_of(folder):
    """In bytes, of blocks of 4 KiB, as a file system holds it."""
    return 4096 + sum(4096 if path.is_dir() else -(-path.stat().st_size // 4096) * 4096
                      for path in folder.rglob("*"))


class Photos:
    """Photos of a folder or of a tar file."""

    def __init__(self, path):
        self.tar = tarfile.open(path) if path.is_file() else None
        if self.tar:
            found = {member.name: member.size for member in self.tar if member.isfile()}
        else:
            found = {str(file.relative_to(path)): file.stat().st_size for file in path.rglob("*") if file.is_file()}
        self.root = path
        self.sizes = {name: size for name, size in sorted(found.items()) if PHOTO.search(name)}

    def read(self, name):
        return self.tar.extractfile(name).read() if self.tar else (self.root / name).read_bytes()

    def in_turn(self):
        """One of each class, then a second of each."""
        numbers, counts = [], {}
        for name in self.sizes:
            label = pathlib.PurePath(name).parent.name
            counts[label] = counts.get(label, 0) + 1
            numbers.append((counts[label], name))
        return [name for _, name in sorted(numbers)]


def copy_photos(path, bundle, room):
    photos, taken = Photos(path), 0
    for name in photos.in_turn():
        file = pathlib.PurePath(name)
        folder = bundle / "photos" / file.parent.name
        needed = -(-photos.sizes[name] // 4096) * 4096 + (0 if folder.is_dir() else 4096)
        if needed > room:
            continue
        room -= needed
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file.name).write_bytes(photos.read(name))
        taken += 1
    if taken == 0:
        sys.exit(f"make.py: {path} holds no JPEG that fits")
    return taken


def main():
    build, torch, bundle = (pathlib.Path(argument) for argument in sys.argv[1:4])
    source = pathlib.Path(__file__).resolve().parents[3]
    if bundle.exists() and any(bundle.iterdir()):
        if not (bundle / "bundle.json").is_file():
            sys.exit(f"make.py: {bundle} is not empty, and no bundle")
        shutil.rmtree(bundle)
    bundle.mkdir(parents=True, exist_ok=True)

    programs = copy_programs(build, bundle)
    libraries = copy_libraries(build, torch, bundle)
    copy_scripts(source, bundle)
    facts = {
        "torch": re.search(r"__version__ = '([0-9.]+)", (torch / "version.py").read_text()).group(1),
        "commit": output_of("git", "-C", source, "describe", "--always", "--dirty").strip(),
        "glibc": newest_symbols(programs + libraries, "GLIBC"),
        "glibcxx": newest_symbols(programs + libraries, "GLIBCXX"),
        "libraries": sorted(file.name for file in libraries),
        "photos": 0,
    }
    (bundle / "bundle.json").write_text(json.dumps(facts, indent=1) + "\n")
    limit = LIMIT_MIB << 20
    if len(sys.argv) > 4:
        spare = 64 << 10  # folders, and this file's last version
        facts["photos"] = copy_photos(pathlib.Path(sys.argv[4]), bundle, limit - size_of(bundle) - spare)
        (bundle / "bundle.json").write_text(json.dumps(facts, indent=1) + "\n")
    size = size_of(bundle)
    print(f"{bundle}: {size / 2**20:.1f} MiB for PyTorch {facts['torch']}, with {len(libraries)} libraries and "
          f"{facts['photos']} photos; needs glibc {facts['glibc']}")
    if size > limit:
        sys.exit(f"make.py: that is more than {LIMIT_MIB} MiB")


if __name__ == "__main__":
    main()
