"""Folders of images to train on, made of links to a few photos, and a configuration's words."""

import json
import os
import pathlib
import random
import shutil
import tempfile

from runner import HERE

COUNT_MADE = 64  # where the bundle has no photos


class Data:
    """A temporary folder with data sets and runs, which goes when it is left."""

    def __init__(self, runner):
        self.runner = runner

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="imgcls-gpu-"))
        kept = HERE.parent / "photos"
        self.photos = sorted(path for path in kept.rglob("*") if path.is_file()) if kept.is_dir() else []
        self.source = f"{len(self.photos)} photos"
        if not self.photos:
            self.photos = make_photos(self.folder / "made")
            self.source = f"{len(self.photos)} images of noise made by Pillow"
        self.runner.note("images", self.source if self.photos else "none")
        if self.photos:
            self.small = self.link("small", classes=8, each=16)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def large(self):
        """1,000 classes, for batches of ImageNet's size; made when it is first asked for."""
        if not (self.folder / "large").is_dir():
            self.link("large", classes=20 if self.runner.quick else 1000,
                      each=4 if self.runner.quick else 32)
            # Whoever trains a few steps wants no evaluation of all of them. Classes are the same.
            self.link("large", classes=20 if self.runner.quick else 1000, each=1, images="tiny")
        return self.folder / "large"

    def link(self, name, classes, each, images="images"):
        """A folder of class folders, whose images are the photos over and over."""
        at = 0
        for label in range(classes):
            folder = self.folder / name / images / f"class{label:04}"
            folder.mkdir(parents=True)
            for number in range(each):
                photo = self.photos[at % len(self.photos)]
                os.symlink(photo, folder / f"{number:03}.jpg")
                at += 1
        return self.folder / name

    def words(self, folder):
        """Of a configuration."""
        return [f"data.root={json.dumps(str(folder))}", "data.train=images", "data.val=images"]


def make_photos(folder):
    """JPEGs of an ImageNet photo's size; none without Pillow."""
    try:
        from PIL import Image
    except ImportError:
        return []
    folder.mkdir()
    noise, files = random.Random(1), []
    for number in range(COUNT_MADE):
        coarse = Image.frombytes("RGB", (50, 38), noise.randbytes(50 * 38 * 3))
        path = folder / f"{number:03}.jpg"
        coarse.resize((500, 375), Image.BICUBIC).save(path, quality=90)
        files.append(path)
    return files
