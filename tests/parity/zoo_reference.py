#!/usr/bin/env python3
"""Reference values of the model zoo, made by torchvision and PyTorch: writes zoo_reference.json beside
this file.

    pip install torch==2.15.0 torchvision==0.29.2 xxhash
    python3 tests/parity/zoo_reference.py                  all models, some minutes, 4 GB of memory
    python3 tests/parity/zoo_reference.py vgg11 vit_b_16   these alone; the others' values stay
    python3 tests/parity/zoo_reference.py --list vgg11     each tensor's digest, to find a difference

For each model, made after manual_seed(3): digests of its tensors' names and shapes and of their first
values (bit for bit), the number of parameters, and logits, first in training mode (after manual_seed(11):
dropout and stochastic depth draw), then in evaluation mode, whose running statistics the first pass has
moved. Images are drawn after manual_seed(7). Kernels are pinned as in training_reference.py.
"""
import argparse
import json
import os
import pathlib

PINNED = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "COMPATIBLE",
          "OMP_NUM_THREADS": "1"}
os.environ.update(PINNED)  # before torch is loaded

import torch
import torchvision
import xxhash
from torchvision.models import VisionTransformer

FILE = pathlib.Path(__file__).with_suffix(".json")
# Image sides. The others take 64: small enough to be quick, large enough for every reduction.
SIDES = {"inception_v3": 299, "vision_transformer": 224, "maxvit": 224, "swin_transformer": 128}
SHOWN = 6  # logits of each image

# Sizes of "How to train your ViT?" (arXiv:2106.10270) that torchvision has no function for.
VITS = {"vit_ti_16": dict(num_layers=12, num_heads=3, hidden_dim=192, mlp_dim=768),
        "vit_s_16": dict(num_layers=12, num_heads=6, hidden_dim=384, mlp_dim=1536)}


def makers():
    """name -> (family, function that makes it)"""
    all_of = {}
    for name in torchvision.models.list_models(module=torchvision.models):
        maker = torchvision.models.get_model_builder(name)
        all_of[name] = (maker.__module__.rsplit(".", 1)[1], maker)
    for name, sizes in VITS.items():
        all_of[name] = ("vision_transformer",
                        lambda sizes=sizes: VisionTransformer(image_size=224, patch_size=16, **sizes))
    return all_of


def tensors(model):
    """Sorted by name: a state_dict's order is not that of C++."""
    return sorted(model.state_dict().items())


def line(name, tensor):
    return f"{name} {list(tensor.shape)}\n".replace(" ", "").encode()


def contents(tensor):
    return tensor.detach().contiguous().numpy().tobytes()


def digests(model):
    names, values = xxhash.xxh3_128(), xxhash.xxh3_128()
    for name, tensor in tensors(model):
        names.update(line(name, tensor))
        values.update(contents(tensor))
    return {"names": names.digest()[::-1].hex(), "values": values.digest()[::-1].hex()}


def logits(output):
    """Six of each image's, which are as good as all. In training, GoogLeNet and Inception v3 give
    auxiliary ones as well: all are listed."""
    outputs = output if isinstance(output, tuple) else (output,)
    return [[image[:SHOWN].tolist() for image in one] for one in outputs]


def measure(family, make, name):
    torch.manual_seed(3)
    model = make()
    side = SIDES.get(name, SIDES.get(family, 64))
    torch.manual_seed(7)
    images = torch.randn(2, 3, side, side)
    found = {"family": family, "side": side,
             "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
             **digests(model)}
    with torch.no_grad():
        torch.manual_seed(11)
        found["training"] = logits(model.train()(images))
        found["evaluation"] = logits(model.eval()(images))[:1]
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="*")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.backends.mha.set_fastpath_enabled(False)  # the one path that imgcls has as well
    all_of = makers()
    if args.list:
        for name in args.models:
            torch.manual_seed(3)
            for key, tensor in tensors(all_of[name][1]()):
                print(f"{key} {list(tensor.shape)} {xxhash.xxh3_128(contents(tensor)).digest()[::-1].hex()[:16]}")
        return
    known = json.loads(FILE.read_text()) if FILE.exists() and args.models else {}
    for name in args.models or all_of:
        known[name] = measure(*all_of[name], name)
        print(name, known[name]["parameters"], flush=True)
    lines = [f"{json.dumps(name)}: {json.dumps(known[name])}" for name in sorted(known)]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
