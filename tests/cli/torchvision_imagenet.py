#!/usr/bin/env python3
"""Opens a folder that `imgcls prepare imagenet` has made with torchvision's ImageNet class.

    torchvision_imagenet.py FOLDER TRAIN_IMAGES VAL_IMAGES CLASSES
"""

import sys

from torchvision.datasets import ImageNet


def main():
    folder, *numbers = sys.argv[1:]
    train_images, val_images, classes = map(int, numbers)
    for split, images in (("train", train_images), ("val", val_images)):
        found = ImageNet(folder, split=split)
        assert len(found) == images, (split, len(found))
        assert len(found.wnids) == len(found.classes) == classes, (found.wnids, found.classes)
        assert found.wnids == sorted(found.wnids)
        for path, label in found.samples:
            assert f"/{found.wnids[label]}/" in path, (path, label)
        names = {name for names in found.classes for name in names}
        assert names == set(found.class_to_idx), names
    print("torchvision reads it")


main()
