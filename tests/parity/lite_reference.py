#!/usr/bin/env python3
"""Reference values of EfficientNet-Lite, which torchvision lacks, made by the package
efficientnet-lite-pytorch: writes lite_reference.json beside this file.

    pip install torch==2.15.0 efficientnet-lite-pytorch==0.1.0 xxhash
    python3 tests/parity/lite_reference.py

For each model: a digest of its tensors' names and shapes, the number of parameters, and logits of
images of its own size with weights that `fill` draws, first in training mode without dropout and
stochastic depth (whose draws differ), then in evaluation mode. Kernels are pinned as in
zoo_reference.py.
"""
import json
import pathlib

import zoo_reference  # first: it pins the kernels before torch is loaded
import torch
import xxhash

FILE = pathlib.Path(__file__).with_suffix(".json")


def fill(model):
    """Draws all floating-point tensors, in the order of their names: weights that keep a signal's size,
    other values near 1 (norms' weights, variances) or near 0."""
    torch.manual_seed(5)
    with torch.no_grad():
        for name, tensor in zoo_reference.tensors(model):
            if not tensor.is_floating_point():
                continue
            if name.endswith("weight") and tensor.dim() > 1:
                tensor.normal_(0, (tensor.shape[0] / tensor.numel()) ** 0.5)
            elif name.endswith(("weight", "running_var")):
                tensor.uniform_(0.8, 1.2)
            else:
                tensor.uniform_(-0.1, 0.1)


def names(model):
    digest = xxhash.xxh3_128()
    for name, tensor in zoo_reference.tensors(model):
        digest.update(zoo_reference.line(name, tensor))
    return digest.digest()[::-1].hex()


def measure(model, side):
    """Of a filled model; training draws after manual_seed(11)."""
    fill(model)
    torch.manual_seed(7)
    images = torch.randn(2, 3, side, side)
    found = {"side": side, "parameters": sum(p.numel() for p in model.parameters()),
             "names": names(model)}
    with torch.no_grad():
        torch.manual_seed(11)
        found["training"] = zoo_reference.logits(model.train()(images))[0]
        found["evaluation"] = zoo_reference.logits(model.eval()(images))[0]
    return found


def write(file, measured):
    lines = [f"{json.dumps(name)}: {json.dumps(found)}" for name, found in measured.items()]
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main():
    from efficientnet_lite_pytorch import EfficientNet
    torch.set_num_threads(1)
    measured = {}
    for i in range(5):
        package_name = f"efficientnet-lite{i}"
        model = EfficientNet.from_name(package_name, dropout_rate=0.0, drop_connect_rate=0.0)
        measured[f"efficientnet_lite{i}"] = measure(model, EfficientNet.get_image_size(package_name))
    # Padding is placed for the model's own size also where images have another.
    model = EfficientNet.from_name("efficientnet-lite1", dropout_rate=0.0, drop_connect_rate=0.0)
    measured["efficientnet_lite1 other size"] = measure(model, 224)
    write(FILE, measured)


if __name__ == "__main__":
    main()
