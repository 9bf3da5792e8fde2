"""Checks FOLDER/m.onnx against the logits in FOLDER/expected.safetensors: python check.py FOLDER"""
import pathlib
import sys

import numpy
import onnx
import onnxruntime
from safetensors.numpy import load_file

LARGEST = 1e-4  # of the largest logit: the kernels are others, and add in another order

folder = pathlib.Path(sys.argv[1])
onnx.checker.check_model(str(folder / "m.onnx"), full_check=True)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(str(folder / "m.onnx"), options)
expected = load_file(folder / "expected.safetensors")
for count in 3, 1:
    logits = session.run(None, {"images": expected["images"][:count]})[0]
    difference = numpy.abs(logits - expected["logits"][:count]).max()
    share = difference / numpy.abs(expected["logits"]).max()
    print(f"{count} images: {share:.2g} of the largest logit")
    if not share <= LARGEST:
        sys.exit(1)
