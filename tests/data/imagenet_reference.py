"""Writes imagenet_reference/: a small meta.bin as torchvision saves it with PyTorch, and the meta.mat
of a devkit as SciPy writes it, plain and compressed.

    pip install torch==2.15.0 numpy scipy
    python3 tests/data/imagenet_reference.py          writes the files
    python3 tests/data/imagenet_reference.py FILE     reads a meta.bin with torch.load, prints it

The C++ tests hold the same classes and labels.
"""
import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).parent / "imagenet_reference"

#           ID, WNID,        words,                        gloss,                     children
SYNSETS = [(1, "n01440764", "tench, Tinca tinca", "a fish of fresh water", []),
           (2, "n01443537", "goldfish, Carassius auratus", "a fish of ponds", []),
           (3, "n02119789", "kit fox, Vulpes macrotis", "a grey fox", []),
           (4, "n02100735", "English setter", "a dog \u2013 with spots", []),
           (5, "n02084071", "dog, domestic dog, Canis familiaris", "a friend", [4, 3]),
           (6, "n02512053", "fish", "it swims", [1, 2])]
LABELS = [3, 1, 2, 4, 1, 1, 3]


def write_meta_bin():
    import torch
    leaves = [s for s in SYNSETS if not s[4]]
    wnid_of = {s[0]: s[1] for s in leaves}
    classes = {s[1]: tuple(s[2].split(", ")) for s in leaves}
    torch.save((classes, [wnid_of[label] for label in LABELS]), FOLDER / "meta.bin")


def write_meta_mat():
    import numpy
    import scipy.io
    fields = ("ILSVRC2012_ID", "WNID", "words", "gloss", "num_children", "children",
              "wordnet_height", "num_train_images")
    synsets = numpy.empty((len(SYNSETS), 1), dtype=[(name, "O") for name in fields])
    for row, (number, wnid, words, gloss, children) in enumerate(SYNSETS):
        synsets[row, 0] = (float(number), wnid, words, gloss, float(len(children)),
                           numpy.array([children], dtype=float), 1.0 * bool(children), 1300.0)
    others = {"note": "a variable that is not looked at"}
    for name, compressed in (("plain", False), ("compressed", True)):
        scipy.io.savemat(FOLDER / f"meta-{name}.mat", {**others, "synsets": synsets},
                         do_compression=compressed)


def print_meta_bin(path):
    import torch
    classes, labels = torch.load(path, weights_only=True)
    print(json.dumps({"classes": classes, "labels": labels}))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print_meta_bin(sys.argv[1])
    else:
        FOLDER.mkdir(exist_ok=True)
        write_meta_bin()
        write_meta_mat()
