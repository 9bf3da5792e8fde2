"""What machine this is, and its PyTorch."""

import importlib.util
import os
import pathlib
import platform
import re
import subprocess
import sys


def output_of(*words):
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def has_gpu():
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        return False  # hidden on purpose
    return "GPU " in output_of("nvidia-smi", "-L") or os.path.exists("/dev/nvidia0")


def torch_folder():
    """Where `import torch` finds it, without the seconds that importing it takes."""
    spec = importlib.util.find_spec("torch")
    return pathlib.Path(spec.submodule_search_locations[0]) if spec else None


def torch_version(folder):
    return re.search(r"__version__ = '([^']+)'", (folder / "version.py").read_text()).group(1)


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def facts():
    return {
        "gpus": output_of("nvidia-smi", "--query-gpu=name,driver_version,memory.total,"
                          "clocks.max.sm,power.limit", "--format=csv,noheader").splitlines(),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "libc": " ".join(platform.libc_ver()),
        "python": sys.version.split()[0],
    }
