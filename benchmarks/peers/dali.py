"""DALI on the CPU: region decode (decoders.image_random_crop), resize, flip.

--variant: comma-separated, `plain` for no antialias, `sync` for the executor without threads of its own.
"""

import nvidia.dali as dali
from nvidia.dali import fn, pipeline_def, types

from measure import arguments, files_of, measure

args = arguments()
variant = args.variant.split(",")
files = files_of(args.root)
batches = -(-len(files) // args.batch)
executor = dict(exec_async=False, exec_pipelined=False) if "sync" in variant else {}


@pipeline_def(batch_size=args.batch, num_threads=1, device_id=None, **executor)
def pipeline():
    content, label = fn.readers.file(files=files, labels=[0] * len(files), random_shuffle=True,
                                     initial_fill=len(files), name="reader")
    image = fn.decoders.image_random_crop(content, device="cpu", output_type=types.RGB,
                                          random_area=[0.08, 1], random_aspect_ratio=[3 / 4, 4 / 3])
    image = fn.resize(image, size=[args.crop, args.crop], interp_type=types.INTERP_LINEAR,
                      antialias="plain" not in variant)
    return fn.flip(image, horizontal=fn.random.coin_flip()), label


built = pipeline()
built.build()


def run_epoch():
    for _ in range(batches):
        built.run()
    return batches * args.batch


measure(run_epoch, args.seconds, dali=dali.__version__)
