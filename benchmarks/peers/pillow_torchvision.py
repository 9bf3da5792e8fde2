"""Pillow and torchvision v2: a full decode, Pillow's antialiased bilinear."""

import PIL
import torch
import torchvision
from PIL import Image
from torchvision.transforms import v2

from measure import arguments, each_image, files_of, measure, torchvision_policy

args = arguments()
torch.set_num_threads(1)
transform = v2.Compose([v2.RandomResizedCrop(args.crop, antialias=True), v2.RandomHorizontalFlip(),
                        *torchvision_policy(args.policy), v2.PILToTensor()])


def load(path):
    with open(path, "rb") as file:  # as torchvision's ImageFolder does
        return transform(Image.open(file).convert("RGB"))


measure(each_image(load, files_of(args.root)), args.seconds,
        pillow=PIL.__version__, torchvision=torchvision.__version__)
