#!/usr/bin/env python3
"""Reference values of learning from images with any number of classes, made by PyTorch, timm,
torchvision, scikit-learn and torchmetrics: writes multi_label_reference.json beside this file.

    pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31 scikit-learn==1.9.1 torchmetrics==1.9.0
    python3 tests/parity/multi_label_reference.py
"""
import json
import pathlib

import numpy as np
import timm.loss
import torch
from sklearn.metrics import average_precision_score, f1_score
from torchmetrics.functional.classification import multilabel_average_precision
from torchvision.ops import sigmoid_focal_loss

IMAGES, CLASSES = 8, 7
FACTORS = [0.5, 2.0, 1.0, 0.0, 3.0, 0.25, 1.5]


def values(tensor):
    return [float(f"{x:.9g}") for x in tensor.detach().flatten().tolist()]  # all of a float


def losses():
    torch.manual_seed(41)
    logits = torch.randn(IMAGES, CLASSES) * 3
    rows = (torch.rand(IMAGES, CLASSES) < 0.3).float()
    rows[2] = 0  # an image without a class
    rows[3, 0] = rows[3, 1] = 1
    shares = torch.rand(IMAGES // 2).repeat_interleave(2)
    partners = rows.view(-1, 2, CLASSES).flip(1).reshape(IMAGES, CLASSES)
    # as timm's Mixup has it for rows
    mixed = rows * shares[:, None] + partners * (1 - shares[:, None])

    def run(loss, target):
        x = logits.clone().requires_grad_()
        value = loss(x, target)
        value.backward()
        return {"loss": value.item(), "gradient": values(x.grad)}

    bce = timm.loss.BinaryCrossEntropy
    torch_bce = torch.nn.functional.binary_cross_entropy_with_logits
    factors = torch.tensor(FACTORS)

    asymmetric = timm.loss.AsymmetricLossMultiLabel

    def focal(**options):
        return lambda x, y: sigmoid_focal_loss(x, y, **options)

    found = {
        "bce": run(torch_bce, rows),
        "bce weights": run(lambda x, y: torch_bce(x, y, weight=factors), rows),
        "bce mixed": run(bce(smoothing=0), mixed),
        "bce sum threshold mixed": run(
            bce(smoothing=0, target_threshold=0.2, sum_classes=True, reduction="none"), mixed),
        "sigmoid_focal": run(focal(reduction="mean"), rows),
        "sigmoid_focal sum": run(
            lambda x, y: sigmoid_focal_loss(x, y, alpha=-1, gamma=1.5, reduction="sum") / IMAGES,
            rows),
        "sigmoid_focal mixed": run(focal(alpha=0.6, gamma=2, reduction="mean"), mixed),
        "sigmoid_focal weights": run(
            lambda x, y: (sigmoid_focal_loss(x, y) * factors).mean(), rows),
        "asymmetric_multi_label": run(asymmetric(), rows),
        "asymmetric_multi_label no clip": run(
            asymmetric(gamma_neg=2, gamma_pos=0, clip=0), rows),
        "asymmetric_multi_label mixed": run(asymmetric(), mixed),
        "asymmetric_multi_label weights": run(asymmetric(weight=factors), rows),
    }
    return {"logits": values(logits), "rows": values(rows), "shares": values(shares),
            "factors": FACTORS, "values": found}


def figures():
    """Of 200 images, whose logits have many equal ones, and of which none has the last class: the
    libraries would count it as 0, and are asked about the others."""
    random = np.random.default_rng(43)
    images, classes = 200, 6
    rows = (random.random((images, classes)) < [0.5, 0.2, 0.05, 0.9, 0.02, 0]).astype(int)
    logits = np.round(random.normal(size=(images, classes)) + 1.2 * rows - 0.4, 1)
    logits = logits.astype(np.float32)
    used = rows.any(axis=0)
    by_torchmetrics = multilabel_average_precision(
        torch.from_numpy(logits[:, used]), torch.from_numpy(rows[:, used]),
        num_labels=int(used.sum()), average="macro").item()
    guesses = (logits > 0).astype(int)
    return {
        "logits": [round(float(x), 1) for x in logits.flatten()],
        "rows": rows.flatten().tolist(),
        "ap": [average_precision_score(rows[:, k], logits[:, k]) for k in np.flatnonzero(used)],
        "map": average_precision_score(rows[:, used], logits[:, used], average="macro"),
        "map by torchmetrics": by_torchmetrics,
        "micro f1": f1_score(rows, guesses, average="micro"),
        "macro f1": f1_score(rows[:, used], guesses[:, used], average="macro", zero_division=0),
    }


def main():
    reference = {"losses": losses(), "figures": figures()}
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(reference, separators=(",", ":")).replace("},", "},\n") + "\n")
    print(path)


if __name__ == "__main__":
    main()
