#!/usr/bin/env python3
"""Reference values of parameter groups, made by timm: writes groups_reference.json beside this file.

    pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31
    python3 tests/parity/groups_reference.py

For models of each family whose layers are numbered: timm's param_groups_layer_decay with decay 0.05,
layer decay 0.75 and the model's no_weight_decay list, under torchvision's names. Each of timm's
parameters is found by its torchvision name's counterpart, once.
"""
import json
import pathlib
import re
import sys

import timm
import timm.optim
import torchvision

MLP = [(r"\.mlp\.(?:0|linear_1)\.", ".mlp.fc1."), (r"\.mlp\.(?:3|linear_2)\.", ".mlp.fc2.")]


def stage(name, inner):
    """features.1, 3, 5, 7 are stages, 2, 4, 6 the reductions before them."""
    def replaced(found):
        place = int(found[1])
        if place % 2 == 0:
            return f"{inner}.{place // 2}.downsample."
        return f"{inner}.{place // 2}.blocks."
    return re.sub(r"^features\.([1-7])\.", replaced, name)


def same(name):
    return name


def regnet(name):
    name = re.sub(r"^trunk_output\.block(\d+)\.block\d+-(\d+)\.",
                  lambda m: f"s{m[1]}.b{int(m[2]) + 1}.", name)
    for layer, timms in (("stem", "stem"), ("proj", "downsample"), ("f.a", "conv1"), ("f.b", "conv2"),
                         ("f.c", "conv3")):
        name = re.sub(rf"(^|\.){re.escape(layer)}\.0\.", rf"\g<1>{timms}.conv.", name)
        name = re.sub(rf"(^|\.){re.escape(layer)}\.1\.", rf"\g<1>{timms}.bn.", name)
    return re.sub(r"^fc\.", "head.fc.", name.replace(".f.se.", ".se."))


def efficientnet(name):
    outside = {"features.0.0": "conv_stem", "features.0.1": "bn1", "features.8.0": "conv_head",
               "features.8.1": "bn2", "classifier.1": "classifier"}
    for ours, timms in outside.items():
        if name.startswith(ours + "."):
            return timms + name[len(ours):]
    stage, block, rest = re.match(r"features\.(\d+)\.(\d+)\.block\.(.*)", name).groups()
    # The first stage's blocks do not widen.
    layers = ["dw", "se", "pw"] if stage == "1" else ["pw", "dw", "se", "pwl"]
    place, rest = rest.split(".", 1)
    layer = layers[int(place)]
    if layer == "se":
        rest = rest.replace("fc1", "se.conv_reduce").replace("fc2", "se.conv_expand")
    else:
        norm = [each for each in layers if each != "se"].index(layer) + 1
        rest = re.sub(r"^0\.", f"conv_{layer}.", re.sub(r"^1\.", f"bn{norm}.", rest))
    return f"blocks.{int(stage) - 1}.{block}.{rest}"


def convnext(name):
    name = stage(re.sub(r"^features\.0\.", "stem.", name), "stages")
    for ours, timms in ((r"\.block\.0\.", ".conv_dw."), (r"\.block\.2\.", ".norm."),
                        (r"\.block\.3\.", ".mlp.fc1."), (r"\.block\.5\.", ".mlp.fc2."),
                        (r"\.layer_scale$", ".gamma"), (r"^classifier\.0\.", "head.norm."),
                        (r"^classifier\.2\.", "head.fc.")):
        name = re.sub(ours, timms, name)
    return name


def vit(name):
    for ours, timms in ((r"^class_token", "cls_token"), (r"^conv_proj", "patch_embed.proj"),
                        (r"^encoder\.pos_embedding", "pos_embed"), (r"^encoder\.ln\.", "norm."),
                        (r"^encoder\.layers\.encoder_layer_", "blocks."),
                        (r"\.ln_([12])\.", r".norm\1."),
                        (r"\.self_attention\.in_proj_", ".attn.qkv."),
                        (r"\.self_attention\.out_proj\.", ".attn.proj."),
                        (r"^heads\.head\.", "head."), *MLP):
        name = re.sub(ours, timms, name)
    return name


def swin(name):
    name = re.sub(r"^features\.0\.0\.", "patch_embed.proj.", name)
    name = stage(re.sub(r"^features\.0\.2\.", "patch_embed.norm.", name), "layers")
    for ours, timms in (*MLP, (r"^head\.", "head.fc.")):
        name = re.sub(ours, timms, name)
    return name


MODELS = {
    # torchvision's name: timm's, and how a parameter of the former is called in the latter
    "resnet18": ("resnet18", same),
    "resnet50": ("resnet50", same),
    "regnet_y_400mf": ("regnety_004", regnet),
    "efficientnet_b0": ("efficientnet_b0", efficientnet),
    "convnext_tiny": ("convnext_tiny", convnext),
    "vit_b_16": ("vit_base_patch16_224", vit),
    "swin_t": ("swin_tiny_patch4_window7_224", swin),
}


def groups(name, timms_name, renamed):
    theirs = timm.create_model(timms_name)
    listed = theirs.no_weight_decay() if hasattr(theirs, "no_weight_decay") else set()
    names = {id(p): n for n, p in theirs.named_parameters()}
    values = {}
    for group in timm.optim.param_groups_layer_decay(
            theirs, weight_decay=0.05, no_weight_decay_list=listed, layer_decay=0.75):
        for parameter in group["params"]:
            values[names[id(parameter)]] = [group["lr_scale"], group["weight_decay"]]
    found = {}
    for ours, parameter in getattr(torchvision.models, name)().named_parameters():
        counterpart = theirs.get_parameter(renamed(ours))
        assert counterpart.numel() == parameter.numel(), ours
        found[ours] = values.pop(renamed(ours))
    assert not values, sorted(values)
    return found


def main():
    reference = {
        "made_by": {"timm": timm.__version__, "torchvision": torchvision.__version__},
        "models": {name: groups(name, *how) for name, how in MODELS.items()},
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    text = json.dumps(reference, separators=(",", ":"))
    path.write_text(re.sub(r'([\]}],)(?=")', r"\1\n", text) + "\n")  # a parameter a line
    print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
