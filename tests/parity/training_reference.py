#!/usr/bin/env python3
"""Reference values of models and training, made by PyTorch and torchvision: writes
training_reference.json beside this file.

    pip install torch==2.15.0 torchvision==0.29.2
    python3 tests/parity/training_reference.py

The CPU kernels are pinned to AVX2 and one thread, as the tests that compare with these values pin
them: then the same calls give the same bits on every x86-64 machine with AVX2.
"""
import os

PINNED = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "COMPATIBLE",
          "OMP_NUM_THREADS": "1"}
os.environ.update(PINNED)  # before torch is loaded

import hashlib
import json
import pathlib
import sys

import torch
import torchvision


def digest(tensor):
    return hashlib.sha256(tensor.detach().contiguous().numpy().tobytes()).hexdigest()[:16]


def initial_weights(name, **options):
    torch.manual_seed(3)
    model = getattr(torchvision.models, name)(**options)
    state = model.state_dict()
    return {key: digest(value) for key, value in state.items()}


def last_drawn(digests):
    """The last convolution and the classifier: right only if all draws before them were."""
    convolution = [key for key in digests if ".conv" in key][-1]
    return {key: digests[key] for key in (convolution, "fc.weight")}


def groups_of(model, weight_decay):
    """The first recipe's: no decay where the name has 'bn'."""
    named = list(model.named_parameters())
    return [
        {"params": [p for n, p in named if "bn" in n], "weight_decay": 0.0},
        {"params": [p for n, p in named if "bn" not in n], "weight_decay": weight_decay},
    ]


def schedule(optimizer, steps_per_epoch):
    """The first recipe's: 5 epochs of linear warm-up from 0.01, then cosine to 1e-5, by step."""
    warmup = 5 * steps_per_epoch
    return torch.optim.lr_scheduler.SequentialLR(
        optimizer,
        [
            torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters=warmup),
            torch.optim.lr_scheduler.CosineAnnealingLR(
                optimizer, T_max=90 * steps_per_epoch - warmup, eta_min=1e-5),
        ],
        milestones=[warmup],
    )


def losses(name, side, steps=10):
    """Ten steps of the first recipe in fp32 on eight fixed images."""
    torch.manual_seed(3)
    model = getattr(torchvision.models, name)().to(memory_format=torch.channels_last)
    torch.manual_seed(7)
    images = torch.randn(8, 3, side, side).to(memory_format=torch.channels_last)
    labels = torch.randint(0, 1000, (8,))
    optimizer = torch.optim.Adam(groups_of(model, 2.0**-15), lr=1e-3, betas=(0.9, 0.999), eps=1e-8,
                                 fused=True)
    scheduler = schedule(optimizer, steps_per_epoch=2)
    criterion = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    found = []
    for _ in range(steps):
        loss = criterion(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        found.append(loss.item())
    weights = {key: digest(model.state_dict()[key]) for key in
               ("conv1.weight", "layer4.1.bn2.running_var", "layer2.0.downsample.1.weight", "fc.bias")}
    return {"side": side, "losses": found, "final_weights": weights}


def optimizer_steps(make, steps=5):
    """Five steps on one 7 x 5 parameter with gradients that are drawn anew."""
    torch.manual_seed(11)
    parameter = torch.nn.Parameter(torch.randn(7, 5))
    optimizer = make([parameter])
    for _ in range(steps):
        parameter.grad = torch.randn(7, 5)
        optimizer.step()
    return [float(x) for x in parameter.detach().flatten()]


def learning_rates():
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.Adam([parameter], lr=1e-3)
    scheduler = schedule(optimizer, steps_per_epoch=20)
    rates = []
    for _ in range(90 * 20):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates[::25] + [rates[-1]]


def scaler_steps():
    """Scale, tracker and parameter of a GradScaler that meets an infinite gradient."""
    parameter = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.Adam([parameter], lr=0.1, fused=True)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=3)
    rows = []
    for step in range(8):
        factor = float("inf") if step == 2 else 1.0 + step
        loss = (parameter * factor).sum()
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        rows.append({"scale": scaler.get_scale(), "tracker": scaler._get_growth_tracker(),
                     "parameter": [float(x) for x in parameter.detach()]})
    return rows


def label_smoothed_loss():
    torch.manual_seed(5)
    logits = torch.randn(4, 10)
    labels = torch.randint(0, 10, (4,))
    return [torch.nn.CrossEntropyLoss(label_smoothing=e)(logits, labels).item() for e in (0.0, 0.1)]


def main():
    torch.set_num_threads(1)
    reference = {
        "made_by": {"torch": torch.__version__, "torchvision": torchvision.__version__,
                    "environment": PINNED},
        "initial_weights": {
            "resnet18": initial_weights("resnet18"),
            "resnet50": initial_weights("resnet50"),
            "resnet50 zero_init_residual": initial_weights("resnet50", zero_init_residual=True),
            **{name: last_drawn(initial_weights(name))
               for name in ("resnet34", "resnet101", "resnet152")},
        },
        "training": {"resnet18": losses("resnet18", 64), "resnet50": losses("resnet50", 96)},
        "optimizers": {
            "adam": optimizer_steps(
                lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.1, fused=True)),
            "adamw": optimizer_steps(
                lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1, fused=True)),
            "sgd": optimizer_steps(lambda p: torch.optim.SGD(
                p, lr=0.1, momentum=0.9, weight_decay=0.01, fused=True)),
            "sgd nesterov": optimizer_steps(lambda p: torch.optim.SGD(
                p, lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True, fused=True)),
            "sgd plain": optimizer_steps(lambda p: torch.optim.SGD(p, lr=0.1, fused=True)),
        },
        "learning_rates": learning_rates(),
        "grad_scaler": scaler_steps(),
        "label_smoothing": label_smoothed_loss(),
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(reference, indent=1, separators=(",", ":")) + "\n")
    print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
