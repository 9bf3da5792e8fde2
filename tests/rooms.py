"""Whether the library's files include only what there is, of their own room and the rooms before it.

    python3 tests/rooms.py lib/imgcls
"""
import pathlib
import re
import sys

# An umbrella header (imgcls/image.h) is above all rooms.
ROOMS = ["core", "image", "augment", "data", "prepare", "weights", "kernels", "models", "onnx",
         "optim", "dist", "log", "report", "train", "predict"]

root = pathlib.Path(sys.argv[1])
wrong = []
for path in sorted(p for p in root.rglob("*") if p.suffix in (".h", ".cpp", ".in")):
    inside = path.relative_to(root).parts
    for line, included in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r"\s*#include <imgcls/(\S+)>", included)
        if not found:
            continue
        if not (root / found[1]).is_file():
            wrong.append(f"{path}:{line}: there is no {found[1]}")
            continue
        if len(inside) == 1:
            continue
        room = found[1].split("/")[0]
        if "/" not in found[1]:
            wrong.append(f"{path}:{line}: {found[1]} is an umbrella for users")
        elif ROOMS.index(room) > ROOMS.index(inside[0]):
            wrong.append(f"{path}:{line}: {inside[0]}/ comes before {room}/")
for text in wrong:
    print(text)
sys.exit(bool(wrong))
