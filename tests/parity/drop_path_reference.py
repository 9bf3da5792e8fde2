#!/usr/bin/env python3
"""Reference values of stochastic depth where torchvision's networks have none, made by torchvision
with timm's DropPath in its blocks at the rates of timm's networks: writes drop_path_reference.json
beside this file.

    pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31
    python3 tests/parity/drop_path_reference.py
"""
import os

PINNED = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "COMPATIBLE",
          "OMP_NUM_THREADS": "1"}
os.environ.update(PINNED)  # before torch is loaded

import json
import pathlib
import sys

import timm
import timm.layers
import torch
import torchvision.models as zoo
from torchvision.models import mnasnet, mobilenetv2, mobilenetv3, regnet, resnet

DROP_PATH, IMAGES, SIDE = 0.5, 8, 64


def rates(name):
    """Of timm's blocks, in their order."""
    found = []
    for block in timm.create_model(name, drop_path_rate=DROP_PATH).modules():
        if hasattr(block, "drop_path"):
            found.append(getattr(block.drop_path, "drop_prob", None) or 0.0)
    return found


def basic(block, x):
    y = block.bn2(block.conv2(block.relu(block.bn1(block.conv1(x)))))
    return block.relu(block.drop(y) + (x if block.downsample is None else block.downsample(x)))


def of_regnet(block, x):
    return block.activation((x if block.proj is None else block.proj(x)) + block.drop(block.f(x)))


def of_mobilenet(branch, adds):
    def forward(block, x):
        y = getattr(block, branch)(x)
        return x + block.drop(y) if getattr(block, adds) else y

    return forward


MODELS = {
    # name: timm's, the block, its forward pass, blocks of timm's before those of torchvision's
    "resnet18": ("resnet18", resnet.BasicBlock, basic, 0),
    "regnet_x_400mf": ("regnetx_004", regnet.ResBottleneckBlock, of_regnet, 0),
    "regnet_y_800mf": ("regnety_008", regnet.ResBottleneckBlock, of_regnet, 0),
    "mobilenet_v2": ("mobilenetv2_100", mobilenetv2.InvertedResidual,
                     of_mobilenet("conv", "use_res_connect"), 0),
    "mobilenet_v3_small": ("mobilenetv3_small_100", mobilenetv3.InvertedResidual,
                           of_mobilenet("block", "use_res_connect"), 0),
    "mobilenet_v3_large": ("mobilenetv3_large_100", mobilenetv3.InvertedResidual,
                           of_mobilenet("block", "use_res_connect"), 0),
    "mnasnet1_0": ("mnasnet_100", mnasnet._InvertedResidual,
                   of_mobilenet("layers", "apply_residual"), 1),
}


def logits(name):
    of_timm, kind, forward, before = MODELS[name]
    torch.manual_seed(3)
    model = zoo.get_model(name)
    blocks = [m for m in model.modules() if isinstance(m, kind)]
    each = rates(of_timm)[before:]
    assert len(each) in (len(blocks), len(blocks) + 1)  # MobileNetV3: and the last convolution
    for block, rate in zip(blocks, each):
        block.drop = timm.layers.DropPath(rate)
        block.forward = forward.__get__(block)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    torch.manual_seed(7)
    images = torch.randn(IMAGES, 3, SIDE, SIDE)
    torch.manual_seed(11)
    return [[float(f"{x:.9g}") for x in row] for row in model.train()(images)[:, :10].tolist()]


def main():
    torch.set_num_threads(1)
    with torch.no_grad():
        lines = ",\n".join(f"{json.dumps(name)}:{json.dumps(logits(name), separators=(',', ':'))}"
                           for name in MODELS)
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text("{\n" + lines + "\n}\n")
    print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
