"""torchvision's own decoder and v2 on tensors: a full decode, antialiased bilinear."""

import torch
import torchvision
from torchvision.io import ImageReadMode, decode_image, read_file
from torchvision.transforms import v2

from measure import arguments, each_image, files_of, measure, torchvision_policy

args = arguments()
torch.set_num_threads(1)
transform = v2.Compose([v2.RandomResizedCrop(args.crop, antialias=True), v2.RandomHorizontalFlip(),
                        *torchvision_policy(args.policy)])


def load(path):
    return transform(decode_image(read_file(path), ImageReadMode.RGB))


measure(each_image(load, files_of(args.root)), args.seconds, torchvision=torchvision.__version__)
