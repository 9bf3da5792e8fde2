"""DALI on the CPU: region decode (decoders.image_random_crop), resize, flip, and a policy of auto_aug.

--variant: comma-separated, `plain` for no antialias, `sync` for the executor without threads of its own.
"""

import nvidia.dali as dali
from nvidia.dali import fn, pipeline_def, types
from nvidia.dali.auto_aug import rand_augment, trivial_augment

from measure import arguments, files_of, measure

args = arguments()
variant = args.variant.split(",")
files = files_of(args.root)
batches = -(-len(files) // args.batch)
executor = dict(exec_async=False, exec_pipelined=False) if "sync" in variant else {}
POLICIES = {  # as torchvision's defaults are
    "none": lambda image: image,
    "rand_augment": lambda image: rand_augment.rand_augment(image, n=2, m=9, fill_value=0),
    "trivial_augment_wide": lambda image: trivial_augment.trivial_augment_wide(image, fill_value=0),
}


# Policies are made of conditionals, which cost a pipeline without them.
@pipeline_def(batch_size=args.batch, num_threads=1, device_id=None,
              enable_conditionals=args.policy != "none", **executor)
def pipeline():
    content, label = fn.readers.file(files=files, labels=[0] * len(files), random_shuffle=True,
                                     initial_fill=len(files), name="reader")
    image = fn.decoders.image_random_crop(content, device="cpu", output_type=types.RGB,
                                          random_area=[0.08, 1], random_aspect_ratio=[3 / 4, 4 / 3])
    image = fn.resize(image, size=[args.crop, args.crop], interp_type=types.INTERP_LINEAR,
                      antialias="plain" not in variant)
    image = fn.flip(image, horizontal=fn.random.coin_flip())
    return POLICIES[args.policy](image), label


built = pipeline()
built.build()


def run_epoch():
    for _ in range(batches):
        built.run()
    return batches * args.batch


measure(run_epoch, args.seconds, dali=dali.__version__)
