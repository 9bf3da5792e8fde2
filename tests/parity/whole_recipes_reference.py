#!/usr/bin/env python3
"""Reference values of whole recipes, made by PyTorch, timm and torchvision: writes
whole_recipes_reference.json beside this file.

    pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31 schedulefree==1.4.1
    python3 tests/parity/whole_recipes_reference.py

ResNet-18, ViT-Ti and EfficientNet-B0 take 20 steps of each recipe on images of 64 x 64; kept are
the losses, and the loss of the weights to evaluate on images that were not trained on. And 4 batches
that timm's Mixup mixes image by image.

Rates are low, so that a difference of the last bit does not grow beyond 1e-5 within the steps: a
batch of 8, batch norm, LAMB's division by the root of small squares and SAM's gradients, which are
taken where the loss is steepest, all make it grow. With ResNet-18's first weights changed by 6e-8 of
themselves, losses change by 3e-5 with LAMB at a rate of 1e-4, by 2e-6 at 2e-5; with AdamW by 5e-5 at
1e-4, by 1e-6 at 1e-5. What SAM does is still seen: without it ResNet-18's losses are off by up to
7e-5.
"""
import os

PINNED = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "COMPATIBLE",
          "OMP_NUM_THREADS": "1"}
os.environ.update(PINNED)  # before torch is loaded

import importlib.metadata
import json
import math
import pathlib
import sys

import groups_reference
import numpy as np
import schedulefree
import timm
import timm.data
import timm.loss
import timm.optim
import timm.utils
import torch
import torchvision
from torch.nn.functional import cross_entropy
from transforms_reference import Random  # imgcls::Random

MIX = 4  # imgcls::RandomStream::mix
STEPS, IMAGES, SIDE, CLASSES = 20, 8, 64, 10
NEIGHBOURS = [i ^ 1 for i in range(IMAGES)]


def batch(step):
    torch.manual_seed(100 + step)
    images = torch.randn(IMAGES, 3, SIDE, SIDE).to(memory_format=torch.channels_last)
    return images, torch.randint(0, CLASSES, (IMAGES,))


# ---- models -------------------------------------------------------------------------------------
def resnet18(drop_path):
    assert drop_path == 0  # torchvision's has none
    return torchvision.models.resnet18(num_classes=CLASSES)


def efficientnet_b0(drop_path):
    return torchvision.models.efficientnet_b0(num_classes=CLASSES, dropout=0.0,
                                              stochastic_depth_prob=drop_path)


def vit_ti_16(drop_path):
    model = torchvision.models.VisionTransformer(
        image_size=SIDE, patch_size=16, num_layers=12, num_heads=3, hidden_dim=192, mlp_dim=768,
        num_classes=CLASSES)
    # torchvision's has no stochastic depth; timm's rises from 0 at the first block, too.
    for i, block in enumerate(model.encoder.layers):
        drop = timm.layers.DropPath(drop_path * i / 11)
        block.dropout = drop
        block.mlp.append(drop)
    return model


# Of vit_b_16 are the names of parameters and the number of layers.
MODELS = {resnet18: "resnet18", vit_ti_16: "vit_b_16", efficientnet_b0: "efficientnet_b0"}


def made(make, drop_path=0.0):
    torch.manual_seed(3)
    return make(drop_path).to(memory_format=torch.channels_last).train()


def two_groups(model, decay):
    """No decay of biases."""
    named = list(model.named_parameters())
    return [{"params": [p for n, p in named if "bias" not in n], "weight_decay": decay},
            {"params": [p for n, p in named if "bias" in n], "weight_decay": 0.0}]


def layers(model, lr, like):
    """timm's layer decay 0.75, and weight decay 0.05 where timm has it."""
    of = groups_reference.groups(like, *groups_reference.MODELS[like])
    return [{"params": [p], "lr": lr * of[n][0], "weight_decay": of[n][1]}
            for n, p in model.named_parameters()]


# ---- mixing -------------------------------------------------------------------------------------
def log_gamma_number(random, shape):
    """Marsaglia and Tsang (2000)."""
    if shape < 1:
        boost = math.log(1 - random.uniform()) / shape
        return log_gamma_number(random, shape + 1) + boost
    d = shape - 1 / 3
    while True:
        radius = math.sqrt(-2 * math.log(1 - random.uniform()))
        x = radius * math.cos(2 * math.pi * random.uniform())
        v = (1 + x / math.sqrt(9 * d)) ** 3
        if v > 0 and math.log(1 - random.uniform()) < x * x / 2 + d - d * v + d * math.log(v):
            return math.log(d * v)


def beta(random, a, b):
    x, y = log_gamma_number(random, a), log_gamma_number(random, b)
    return 1 / (1 + math.exp(y - x))


def mix(images, step, seed):
    """Mixup (0.2) or cutmix (1.0) of neighbours; the share that is left of each image."""
    random = Random(seed, 0xFFFFFFFF, step, MIX)
    random.uniform()  # against a probability of 1
    kind = random.below(2)
    partners = images[NEIGHBOURS]
    if kind == 0:
        share = beta(random, 0.2, 0.2)
        return images * share + partners * (1 - share), share
    share = beta(random, 1.0, 1.0)
    height, width = images.shape[-2:]
    x, y = random.below(width), random.below(height)
    # torchvision.transforms.v2.CutMix's box
    half = 0.5 * math.sqrt(1 - share)
    half_width, half_height = int(half * width), int(half * height)
    left, right = max(0, x - half_width), min(width, x + half_width)
    top, bottom = max(0, y - half_height), min(height, y + half_height)
    mixed = images.clone()
    mixed[..., top:bottom, left:right] = partners[..., top:bottom, left:right]
    return mixed, 1 - (bottom - top) * (right - left) / (width * height)


class Elements(timm.data.Mixup):
    """timm's mode "elem", told which numbers to draw: each image's own, and torchvision's box."""

    def __init__(self, prob, step, seed):
        super().__init__(mixup_alpha=0.2, cutmix_alpha=1.0, prob=prob, mode="elem",
                         label_smoothing=0.0, num_classes=CLASSES)
        self.draws = [Random(seed, place, step, MIX) for place in MIRRORED]

    def _params_per_elem(self, count):
        shares, boxes = [], []
        for random in self.draws:
            mixed = random.uniform() < self.mix_prob
            boxes.append(mixed and random.below(2) == 1)
            alpha = self.cutmix_alpha if boxes[-1] else self.mixup_alpha
            shares.append(beta(random, alpha, alpha) if mixed else 1.0)
        # the numbers that boxes are drawn from, in the order in which timm asks for boxes
        self.left = iter([r for r, box, share in zip(self.draws, boxes, shares)
                          if box and np.float32(share) != 1])
        self.shares = iter([s for s, box in zip(shares, boxes) if box and np.float32(s) != 1])
        return np.array(shares, dtype=np.float32), np.array(boxes)

    def box(self, shape, lam, **options):
        random, share = next(self.left), next(self.shares)
        height, width = shape[-2:]
        x, y = random.below(width), random.below(height)
        half = 0.5 * math.sqrt(1 - share)
        top, bottom = max(0, y - int(half * height)), min(height, y + int(half * height))
        left, right = max(0, x - int(half * width)), min(width, x + int(half * width))
        return (top, bottom, left, right), 1 - (bottom - top) * (right - left) / (height * width)


# timm's partner of the i-th is the i-th from the end: in this order they are neighbours of ours.
MIRRORED = [*range(0, IMAGES, 2), *range(IMAGES - 1, 0, -2)]


def elements(seed=7, side=6, prob=0.8):
    found = []
    for step in range(4):
        torch.manual_seed(100 + step)
        images, labels = torch.randn(IMAGES, 3, side, side), torch.randint(0, CLASSES, (IMAGES,))
        mixer = Elements(prob, step, seed)
        timm.data.mixup.cutmix_bbox_and_lam = mixer.box
        mixed, rows = mixer(images[MIRRORED].clone(), labels[MIRRORED])
        order = sorted(range(IMAGES), key=lambda i: MIRRORED[i])
        found.append({"images": [float(f"{x:.9g}") for x in mixed[order].flatten().tolist()],
                      "rows": [float(f"{x:.9g}") for x in rows[order].flatten().tolist()]})
    return found


# ---- recipes ------------------------------------------------------------------------------------
def evaluated(model):
    images, labels = batch(STEPS)
    with torch.no_grad():
        return cross_entropy(model.eval()(images), labels).item()


def lamb(make, lr=0.00002, foreach=True):
    """Mixup and cutmix, BCE with smoothing, LAMB, EMA."""
    model = made(make)
    optimizer = timm.optim.Lamb(two_groups(model, 0.02), lr=lr, foreach=foreach)
    ema = timm.utils.ModelEmaV3(model, decay=0.9, use_warmup=True)
    criterion = timm.loss.BinaryCrossEntropy()
    losses = []
    for step in range(STEPS):
        images, labels = batch(step)
        images, share = mix(images, step, seed=7)
        rows = torch.full((IMAGES, CLASSES), 0.01).scatter_(1, labels[:, None], 0.91)
        rows = rows * share + rows[NEIGHBOURS] * (1 - share)
        loss = criterion(model(images), rows)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        ema.update(model, step=step + 1)
        losses.append(loss.item())
    return {"losses": losses, "evaluated": evaluated(ema.module)}


def adamw(make, lr=0.00001):
    """AdamW with layer decay, smoothing, gradients limited to norm 1, drop path where there is."""
    model = made(make, drop_path=0.0 if make is resnet18 else 0.2)
    optimizer = torch.optim.AdamW(layers(model, lr, MODELS[make]), fused=True)
    losses = []
    for step in range(STEPS):
        images, labels = batch(step)
        loss = cross_entropy(model(images), labels, label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return {"losses": losses, "evaluated": evaluated(model)}


def climb(weights, rho, adaptive):
    """Foret et al., arXiv:2010.01412; adaptive: Kwon et al., arXiv:2102.11600."""
    with torch.no_grad():
        size = [w.abs() if adaptive else torch.ones(()) for w in weights]
        norm = torch.stack([(s * w.grad).norm() for s, w in zip(size, weights)]).norm()
        for s, w in zip(size, weights):
            w.add_(s * s * w.grad * (rho / (norm + 1e-12)))


def sam(make, optimizer_of, rho, adaptive=False):
    """An optimizer within SAM or ASAM; batch norm's statistics are the first pass's."""
    model = made(make)
    optimizer = optimizer_of(two_groups(model, 0.01))
    averages = hasattr(optimizer, "eval")
    if averages:
        optimizer.train()
    losses = []
    for step in range(STEPS):
        images, labels = batch(step)
        loss = cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        weights = list(model.parameters())
        kept = [t.detach().clone() for t in [*weights, *model.buffers()]]
        climb(weights, rho, adaptive)
        optimizer.zero_grad()
        cross_entropy(model(images), labels).backward()
        with torch.no_grad():
            for w, k in zip([*weights, *model.buffers()], kept):
                w.copy_(k)
        optimizer.step()
        losses.append(loss.item())
    if averages:
        optimizer.eval()
    return {"losses": losses, "evaluated": evaluated(model)}


def schedule_free_sam(make, lr=0.00001, rho=0.005):
    return sam(make, lambda g: schedulefree.SGDScheduleFree(g, lr=lr), rho)


def sgd_sam(make, lr=0.000001, rho=0.005, adaptive=False):
    return sam(make, lambda g: torch.optim.SGD(g, lr=lr, momentum=0.9), rho, adaptive)


def main():
    torch.set_num_threads(1)
    recipes = {"lamb": lamb, "adamw": adamw, "schedule-free sam": schedule_free_sam}
    found = {f"{make.__name__} {name}": recipe(make)
             for name, recipe in recipes.items() for make in MODELS}
    found["resnet18 sam"] = sgd_sam(resnet18)
    found["resnet18 asam"] = sgd_sam(resnet18, rho=0.05, adaptive=True)
    made_by = {"torch": torch.__version__, "torchvision": torchvision.__version__,
               "timm": timm.__version__,
               "schedulefree": importlib.metadata.version("schedulefree"), "environment": PINNED}
    found["mixed by element"] = elements()
    lines = ",\n".join(f"{json.dumps(name)}:{json.dumps(values, separators=(',', ':'))}"
                       for name, values in found.items())
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(f'{{\n"made_by":{json.dumps(made_by)},\n"recipes":{{\n{lines}\n}}\n}}\n')
    print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
