"""simplejpeg and OpenCV: a full decode, bilinear without antialias."""

import importlib.metadata
import math
import random

import cv2
import numpy as np
import simplejpeg

from measure import arguments, each_image, files_of, measure

args = arguments()
cv2.setNumThreads(0)


def decode(path):
    with open(path, "rb") as file:
        content = file.read()
    try:
        return simplejpeg.decode_jpeg(content)
    except ValueError:  # PNG, or CMYK
        return cv2.cvtColor(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def random_crop(height, width):
    """RandomResizedCrop's box; the whole image where ten tries fail."""
    for _ in range(10):
        area = height * width * random.uniform(0.08, 1)
        aspect = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            return random.randint(0, height - h), random.randint(0, width - w), h, w
    return 0, 0, height, width


def load(path):
    image = decode(path)
    y, x, h, w = random_crop(*image.shape[:2])
    resized = cv2.resize(image[y:y + h, x:x + w], (args.crop, args.crop), interpolation=cv2.INTER_LINEAR)
    return cv2.flip(resized, 1) if random.random() < 0.5 else resized


measure(each_image(load, files_of(args.root)), args.seconds, simplejpeg=importlib.metadata.version("simplejpeg"), opencv=cv2.__version__)
