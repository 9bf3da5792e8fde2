"""FFCV: images re-encoded into its own format (JPEG of quality 90, at most 500 pixels a side, as its
authors train ImageNet), a full decode, area resize, flip. The file is written once."""

import hashlib
import importlib.metadata
import os

import numpy as np
import torch
from ffcv.fields import IntField, RGBImageField
from ffcv.fields.rgb_image import RandomResizedCropRGBImageDecoder
from ffcv.loader import Loader, OrderOption
from ffcv.transforms import RandomHorizontalFlip
from ffcv.writer import DatasetWriter
from PIL import Image

from measure import arguments, files_of, measure

args = arguments()
files = files_of(args.root)


class Files(torch.utils.data.Dataset):
    def __len__(self):
        return len(files)

    def __getitem__(self, index):
        return Image.open(files[index]).convert("RGB"), 0


def written():
    key = hashlib.sha256("\n".join(files).encode()).hexdigest()[:16]
    path = args.cache / f"peers-{key}.beton"
    if not path.exists():
        part = path.with_suffix(".part")
        fields = {"image": RGBImageField(write_mode="jpg", max_resolution=500, jpeg_quality=90),
                  "label": IntField()}
        DatasetWriter(str(part), fields, num_workers=1).from_indexed_dataset(Files())
        part.rename(path)
    return path


def main():
    torch.set_num_threads(1)
    decoder = RandomResizedCropRGBImageDecoder((args.crop, args.crop))
    loader = Loader(str(written()), batch_size=args.batch, num_workers=1, order=OrderOption.RANDOM, os_cache=True,
                    drop_last=False, pipelines={"image": [decoder, RandomHorizontalFlip()], "label": None})

    def run_epoch():
        return sum(len(batch[0]) for batch in loader)

    measure(run_epoch, args.seconds, ffcv=importlib.metadata.version("ffcv"), numpy=np.__version__)


if __name__ == "__main__":
    main()
    # FFCV's thread that fills the next epoch's batches waits for ever at times, and an ordinary exit for it.
    os._exit(0)
