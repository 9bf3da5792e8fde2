#!/usr/bin/env python3
"""Reference values of ViT with a distillation token, made by timm's VisionTransformerDistilled:
writes deit_reference.json beside this file.

    pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31 xxhash
    python3 tests/parity/deit_reference.py

Weights and images are lite_reference.py's, in torchvision's names of ViT's parameters. In training
there are logits of the class token and of the distillation token, in evaluation their mean; with
the gradients of DeiT's loss, half of it learnt from labels and half from a teacher's classes: of
some parameters the first three values and the sum of all squares. Layers' rates and decays are
groups_reference.py's.
"""
import json
import pathlib
import re

import lite_reference  # first: it pins the kernels before torch is loaded
import groups_reference
import timm
import timm.optim
import torch
import zoo_reference
from torchvision.models import VisionTransformer

FILE = pathlib.Path(__file__).with_suffix(".json")
TIMMS_NAME = "deit_tiny_distilled_patch16_224"
SEEN = ["class_token", "distillation_token", "heads.head.weight", "heads.head_dist.weight",
        "encoder.layers.encoder_layer_3.mlp.0.weight", "conv_proj.weight"]


def renamed(ours):
    ours = re.sub(r"^distillation_token", "dist_token", ours)
    return groups_reference.vit(re.sub(r"^heads\.head_dist\.", "head_dist.", ours))


class Renamed(torch.nn.Module):
    """timm's model with our names in its state_dict."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        plain = VisionTransformer(image_size=224, patch_size=16, **zoo_reference.VITS["vit_ti_16"])
        names = [*plain.state_dict(), "distillation_token", "heads.head_dist.weight",
                 "heads.head_dist.bias"]
        theirs = model.state_dict()
        self.ours = {name: renamed(name) for name in names}
        assert sorted(self.ours.values()) == sorted(theirs), set(theirs) ^ set(self.ours.values())

    def state_dict(self):
        theirs = self.model.state_dict()
        return {ours: theirs[name] for ours, name in self.ours.items()}

    def forward(self, images):
        return self.model(images)


def gradients(model, images):
    """Of half the labels' loss and half the teacher's, whose class follows the label's."""
    labels = torch.tensor([3, 7])
    by_labels, by_teacher = model.train()(images)
    cross_entropy = torch.nn.functional.cross_entropy
    loss = cross_entropy(by_labels, labels) * 0.5 + cross_entropy(by_teacher, labels + 1) * 0.5
    loss.backward()
    found = {}
    for ours in SEEN:
        gradient = model.model.get_parameter(model.ours[ours]).grad.double()
        found[ours] = [*gradient.flatten()[:3].tolist(), gradient.square().sum().item()]
    return {"loss": loss.item(), "gradients": found}


def groups(model):
    timms = model.model
    listed = timms.no_weight_decay()
    of = {}
    for group in timm.optim.param_groups_layer_decay(
            timms, weight_decay=0.05, no_weight_decay_list=listed, layer_decay=0.75):
        for parameter in group["params"]:
            of[id(parameter)] = [group["lr_scale"], group["weight_decay"]]
    return {ours: of[id(timms.get_parameter(name))] for ours, name in model.ours.items()}


def main():
    torch.set_num_threads(1)
    model = Renamed(timm.create_model(TIMMS_NAME))
    model.model.set_distilled_training(True)
    timm.layers.set_fused_attn(False)
    found = lite_reference.measure(model, 224)
    torch.manual_seed(7)
    images = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        by_labels, by_teacher = model.train()(images)
    found["by_labels"], found["by_teacher"] = zoo_reference.logits((by_labels, by_teacher))
    found["training"] = zoo_reference.logits((by_labels + by_teacher) / 2)[0]
    found |= gradients(model, images)
    found["groups"] = groups(model)
    text = json.dumps(found, separators=(",", ":"))
    FILE.write_text(re.sub(r'([\]}],)(?=")', r"\1\n", text) + "\n")


if __name__ == "__main__":
    main()
