#!/usr/bin/env python3
"""Reference values of a recipe's ingredients, made by PyTorch, timm and torchvision: writes
recipe_reference.json beside this file.

    pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31 schedulefree==1.4.1 \
        pytorch_optimizer==4.1.0
    python3 tests/parity/recipe_reference.py

Optimizers take 50 steps on three parameters of two groups, with gradients drawn anew each step;
schedules give the rate of every step; losses, limits of gradients and averages are those of the
library that is named beside each.
"""
import os

PINNED = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "COMPATIBLE",
          "OMP_NUM_THREADS": "1"}
os.environ.update(PINNED)  # before torch is loaded

import json
import math
import pathlib
import sys

import numpy as np
import pytorch_optimizer
import schedulefree
import timm
import timm.loss
import timm.optim
import timm.scheduler
import timm.utils
import torch
import torchvision
from timm.utils.agc import adaptive_clip_grad

CLASS_FACTORS = [0.5, 2.0, 1.0, 0.0, 3.0, 0.25, 1.5, 1.0, 4.0, 0.75]

SHAPES = {"layer.weight": (8, 6), "conv.weight": (6, 4, 3, 3), "layer.bias": (8,)}


def values(tensor):
    return [float(f"{x:.9g}") for x in tensor.detach().flatten().tolist()]  # all of a float


def parameters():
    torch.manual_seed(11)
    return {name: torch.nn.Parameter(torch.randn(shape)) for name, shape in SHAPES.items()}


def groups(named, decay):
    return [{"params": [p for n, p in named.items() if "bias" not in n], "weight_decay": decay},
            {"params": [p for n, p in named.items() if "bias" in n], "weight_decay": 0.0}]


# ---- optimizers ---------------------------------------------------------------------------------
def optimizer_steps(make, decay, steps=50, scaled=False):
    """What the parameters are after 1, 10 and 50 steps, and what is evaluated then if that differs. `scaled`: gradients come times a loss scale,
    and the 4th step's are infinite."""
    named = parameters()
    optimizer = make(groups(named, decay))
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=5)
    scaler.scale(torch.zeros(1))
    found = []
    for step in range(1, steps + 1):
        for name, parameter in named.items():
            parameter.grad = torch.randn(SHAPES[name]) * (0.1 if step % 3 else 1)
            if scaled:
                parameter.grad *= scaler.get_scale()
        if scaled and step == 4:
            named["layer.bias"].grad[0] = math.inf
        if scaled:
            scaler.step(optimizer)
            scaler.update()
        else:
            optimizer.step()
        if step in (1, 10, 50):
            found.append([x for p in named.values() for x in values(p)])
    if hasattr(optimizer, "eval"):  # schedule-free: the average at the end
        optimizer.eval()
        found.append([x for p in named.values() for x in values(p)])
    return found


OPTIMIZERS = {
    # name, weight decay: what makes it
    "adamw cautious": (0.1, lambda g: timm.optim.AdamWLegacy(
        g, lr=0.01, caution=True, foreach=True)),
    "adan": (0.02, lambda g: timm.optim.Adan(g, lr=0.01, foreach=True)),
    "adan cautious": (0.02, lambda g: timm.optim.Adan(g, lr=0.01, caution=True, foreach=True)),
    "lamb": (0.02, lambda g: timm.optim.Lamb(g, lr=0.01, foreach=True)),
    "lamb cautious": (0.02, lambda g: timm.optim.Lamb(g, lr=0.01, caution=True, foreach=True)),
    "lars": (0.02, lambda g: timm.optim.Lars(g, lr=0.5, momentum=0.9, foreach=True)),
    "lars nesterov clip": (0.02, lambda g: timm.optim.Lars(
        g, lr=0.5, momentum=0.9, nesterov=True, trust_clip=True, foreach=True)),
    "lion": (0.1, lambda g: timm.optim.Lion(g, lr=0.003, foreach=True)),
    "lion cautious": (0.1, lambda g: timm.optim.Lion(g, lr=0.003, caution=True, foreach=True)),
    "nadamw": (0.1, lambda g: torch.optim.NAdam(
        g, lr=0.01, decoupled_weight_decay=True, foreach=True)),
    "radam": (0.1, lambda g: torch.optim.RAdam(g, lr=0.01, foreach=True)),
    "radam decoupled": (0.1, lambda g: torch.optim.RAdam(
        g, lr=0.01, decoupled_weight_decay=True, foreach=True)),
    "rmsprop_tf": (0.01, lambda g: timm.optim.RMSpropTF(
        g, lr=0.01, alpha=0.9, momentum=0.9, eps=0.001, foreach=True)),
    "rmsprop_tf cautious": (0.01, lambda g: timm.optim.RMSpropTF(
        g, lr=0.01, alpha=0.9, momentum=0.9, eps=0.001, caution=True, foreach=True)),
    "sgdw": (0.1, lambda g: timm.optim.SGDW(g, lr=0.1, momentum=0.9, foreach=True)),
    "sgdw nesterov cautious": (0.1, lambda g: timm.optim.SGDW(
        g, lr=0.1, momentum=0.9, nesterov=True, caution=True, foreach=True)),
    "schedule_free_adamw": (0.1, lambda g: training(schedulefree.AdamWScheduleFree(
        g, lr=0.01, betas=(0.9, 0.99), warmup_steps=10, r=0.5))),
    "schedule_free_sgd": (0.1, lambda g: training(schedulefree.SGDScheduleFree(
        g, lr=0.3, momentum=0.8))),
    "soap": (0.1, lambda g: pytorch_optimizer.SOAP(g, lr=0.01)),
    "soap often short": (0.1, lambda g: pytorch_optimizer.SOAP(
        g, lr=0.01, betas=(0.9, 0.99), precondition_frequency=3, max_precondition_dim=6)),
    "muon": (0.1, lambda g: timm.optim.Muon(
        muon_groups(g), lr=0.02, momentum=0.95, nesterov=True, ns_coefficients="original",
        betas=(0.9, 0.999), eps=1e-8)),
    "nadamuon": (0.1, lambda g: timm.optim.Muon(
        muon_groups(g), lr=0.02, momentum=0.95, nesterov=True, ns_coefficients="original",
        betas=(0.9, 0.999), eps=1e-8, algo="adamuon")),
}


def training(optimizer):
    optimizer.train()
    return optimizer


def muon_groups(two):
    """Vectors are AdamW's, in the usual form: with nesterov they would be NAdamW's."""
    return [two[0], {**two[1], "use_fallback": True, "nesterov": False}]


# ---- schedules ----------------------------------------------------------------------------------
def rates(make, steps=200, lr=0.4):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = make(optimizer)
    found = []
    for step in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if isinstance(scheduler, timm.scheduler.scheduler.Scheduler):
            scheduler.step_update(step + 1)
        else:
            scheduler.step()
    return found[::9]


def schedules():
    by = torch.optim.lr_scheduler
    per_epoch = 20

    def per_step(gamma_at):  # a schedule by epochs, asked at each step
        return lambda o: by.LambdaLR(o, lambda step: gamma_at(step / per_epoch))

    return {
        "step": rates(lambda o: by.StepLR(o, 3 * per_epoch, 0.1)),
        "multi_step": rates(lambda o: by.MultiStepLR(o, [2 * per_epoch, 7 * per_epoch], 0.2)),
        "linear": rates(lambda o: by.LinearLR(o, 1.0, 0.1, total_iters=200)),
        "polynomial": rates(lambda o: by.PolynomialLR(o, 200, power=3)),
        "exponential": rates(lambda o: by.ExponentialLR(o, 0.9 ** (1 / per_epoch))),
        "one_cycle": rates(lambda o: by.OneCycleLR(o, 0.4, total_steps=201, pct_start=0.3,
                                                   div_factor=25, final_div_factor=1e4)),
        "restarts": rates(lambda o: by.CosineAnnealingWarmRestarts(o, 50, eta_min=0.01)),
        "restarts longer": rates(lambda o: by.CosineAnnealingWarmRestarts(
            o, 200 // 7 + 0, T_mult=2, eta_min=0.01), steps=196),
        "timm cycles": rates(lambda o: timm.scheduler.CosineLRScheduler(
            o, t_initial=50, lr_min=0.01, cycle_mul=1.0, cycle_decay=0.5, cycle_limit=4, k_decay=1.5,
            t_in_epochs=False)),
    }


def plateaus():
    """The rate after each of 60 evaluations, whose figures get better, slower and slower."""
    torch.manual_seed(31)
    by = torch.optim.lr_scheduler.ReduceLROnPlateau
    losses = (1 + 3 * torch.exp(-torch.arange(60) / 12.0) + 0.05 * torch.randn(60)).tolist()
    losses[7], losses[20] = math.nan, math.inf
    accuracies = [100 / (1 + loss) for loss in losses]

    def after_each(figures, make):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.4)
        scheduler = make(optimizer)
        found = []
        for epoch, figure in enumerate(figures, 1):
            if isinstance(scheduler, timm.scheduler.scheduler.Scheduler):
                scheduler.step(epoch, figure)
            else:
                scheduler.step(figure)
            found.append(optimizer.param_groups[0]["lr"])
        return found

    return {
        "losses": [str(x) if not math.isfinite(x) else x for x in losses],
        "accuracies": [str(x) if not math.isfinite(x) else x for x in accuracies],
        "loss": after_each(losses, lambda o: by(o, patience=2, factor=0.3)),
        "loss absolute cooldown": after_each(losses, lambda o: by(
            o, patience=1, factor=0.5, threshold=0.05, threshold_mode="abs", cooldown=3)),
        "accuracy": after_each(accuracies, lambda o: by(
            o, mode="max", patience=0, factor=0.7, threshold=0.01, min_lr=0.02)),
        "accuracy absolute": after_each(accuracies, lambda o: by(
            o, mode="max", patience=3, factor=0.1, threshold=2, threshold_mode="abs")),
        "timm warm-up": after_each(accuracies, lambda o: timm.scheduler.PlateauLRScheduler(
            o, decay_rate=0.5, patience_t=0, threshold=0.02, cooldown_t=1, warmup_t=6,
            warmup_lr_init=0.04, lr_min=1e-3)),
    }


def stages():
    """EfficientNetV2's four stages of 350 epochs: the first epoch of each as the authors' program
    has it (google/automl, efficientnetv2/main_tf2.py), magnitude and alpha by its np.linspace, and
    the sides of the paper's algorithm 1 (arXiv:2104.00298)."""
    epochs, count = 350, 4
    return {"begin": [int(float(stage) / float(count) * epochs) for stage in range(count)],
            "magnitude": np.linspace(5, 15, count).tolist(),
            "mixup_alpha": np.linspace(0, 0.2, count).tolist(),
            "side": [128 + (300 - 128) * stage / (count - 1) for stage in range(count)]}


def half_cosine(high, low, done):
    return low + (high - low) * (1 + math.cos(math.pi * done)) / 2


def cycled(make):
    """50 steps of one cycle of rate and momentum, with the weight decay of the group that has one
    from 0.1 to 0.4 by DINO's cosine; the momenta, decays and parameters."""
    named = parameters()
    optimizer = make(groups(named, 0.1))
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=50)
    momenta, decays, found = [], [], []
    for step in range(50):
        first = optimizer.param_groups[0]
        first["weight_decay"] = half_cosine(0.1, 0.4, step / 50)
        momenta.append(first["momentum"] if "momentum" in first else first["betas"][0])
        decays.append(first["weight_decay"])
        for name, parameter in named.items():
            parameter.grad = torch.randn(SHAPES[name])
        optimizer.step()
        if step < 49:
            scheduler.step()
        if step in (0, 9, 49):
            found.append([x for p in named.values() for x in values(p)])
    return {"momenta": momenta, "decays": decays, "parameters": found}


# ---- losses -------------------------------------------------------------------------------------
def losses():
    torch.manual_seed(5)
    logits = torch.randn(6, 10)
    labels, partners = torch.randint(0, 10, (6,)), torch.randint(0, 10, (6,))
    shares = torch.rand(6)

    def with_gradient(loss):
        x = logits.clone().requires_grad_()
        value = loss(x)
        value.backward()
        return {"loss": value.item(), "gradient": values(x.grad)}

    def soft(smoothing):
        off = smoothing / 10

        def rows(of):
            return torch.full((6, 10), off).scatter_(1, of[:, None], 1 - smoothing + off)

        return rows(labels) * shares[:, None] + rows(partners) * (1 - shares[:, None])

    bce = timm.loss.BinaryCrossEntropy
    factors = torch.tensor(CLASS_FACTORS)

    def weighted(smoothing=0.0):
        return torch.nn.CrossEntropyLoss(weight=factors, label_smoothing=smoothing)

    def jsd(views, **options):
        """timm has the views of a batch one behind the other, we those of an image."""
        loss = timm.loss.JsdCrossEntropy(num_splits=views, **options)
        return with_gradient(lambda x: loss(
            x.view(-1, views, 10).transpose(0, 1).reshape(6, 10), labels[::views]))

    # torch divides by the sum of the batch's factors, which a mean over images does not
    per_image = factors[labels].mean()
    found = {
        "cross_entropy weights": with_gradient(lambda x: weighted()(x, labels) * per_image),
        "cross_entropy weights smoothing": with_gradient(
            lambda x: weighted(0.1)(x, labels) * per_image),
        "cross_entropy weights mixed": with_gradient(lambda x: weighted(0.1)(x, soft(0))),
        "bce weights": with_gradient(lambda x: bce(smoothing=0.1, weight=factors)(x, labels)),
        # torch.nn.CrossEntropyLoss with rows of probabilities, as torchvision's references use it
        "cross_entropy mixed": with_gradient(
            lambda x: torch.nn.CrossEntropyLoss(label_smoothing=0.1)(x, soft(0))),
        "cross_entropy timm": with_gradient(
            lambda x: timm.loss.SoftTargetCrossEntropy()(x, soft(0.1))),
        "bce": with_gradient(lambda x: bce(smoothing=0.1)(x, labels)),
        "bce sum threshold mixed": with_gradient(
            lambda x: bce(smoothing=0.1, target_threshold=0.2, sum_classes=True,
                          reduction="none")(x, soft(0.1))),
        "asymmetric": with_gradient(
            lambda x: timm.loss.AsymmetricLossSingleLabel(gamma_pos=1, gamma_neg=4, eps=0.1)(x, labels)),
        # torchvision has the sigmoid form only; the definition (arXiv:1708.02002, 4) with softmax
        "focal": with_gradient(lambda x: (
            -((1 - x.softmax(-1).gather(1, labels[:, None])) ** 2)
            * x.log_softmax(-1).gather(1, labels[:, None])).mean()),
        # the definition (arXiv:2204.12511, appendix)
        "poly": with_gradient(lambda x: (
            torch.nn.functional.cross_entropy(x, labels)
            + (1 - x.softmax(-1).gather(1, labels[:, None])).mean())),
        "focal weights": with_gradient(lambda x: (
            -factors[labels] * (1 - x.softmax(-1)[range(6), labels]) ** 2
            * x.log_softmax(-1)[range(6), labels]).mean()),
        "poly weights": with_gradient(lambda x: (factors[labels] * (
            torch.nn.functional.cross_entropy(x, labels, reduction="none")
            + 1 - x.softmax(-1)[range(6), labels])).mean()),
        "jsd": jsd(3, smoothing=0.1),
        "jsd of 2 views": jsd(2, alpha=3, smoothing=0),
        # of one class alone timm's loss is linear in the factor of that class
        "asymmetric weights": with_gradient(lambda x: (factors[labels] * timm.loss.
            AsymmetricLossSingleLabel(gamma_pos=1, gamma_neg=4, eps=0, reduction="none")(
                x, labels)).mean()),
    }
    return {"logits": values(logits), "labels": labels.tolist(), "partners": partners.tolist(),
            "shares": values(shares), "class factors": CLASS_FACTORS, "values": found}


# ---- distillation -------------------------------------------------------------------------------
def distillation():
    """DeiT's DistillationLoss (facebookresearch/deit, losses.py), by its formula."""
    torch.manual_seed(23)
    logits, teacher = torch.randn(6, 10) * 2, torch.randn(6, 10) * 3
    labels = torch.randint(0, 10, (6,))
    log_softmax = torch.nn.functional.log_softmax

    def run(kind, weight, temperature=1.0):
        x = logits.clone().requires_grad_()
        base = torch.nn.functional.cross_entropy(x, labels, label_smoothing=0.1)
        if kind == "soft":
            part = torch.nn.functional.kl_div(
                log_softmax(x / temperature, dim=1), log_softmax(teacher / temperature, dim=1),
                reduction="sum", log_target=True) * (temperature * temperature) / x.numel()
        else:
            part = torch.nn.functional.cross_entropy(x, teacher.argmax(dim=1))
        loss = base * (1 - weight) + part * weight
        loss.backward()
        return {"loss": loss.item(), "gradient": values(x.grad)}

    return {"logits": values(logits), "teacher": values(teacher), "labels": labels.tolist(),
            "values": {"soft": run("soft", 0.5), "soft 3": run("soft", 0.9, 3.0),
                       "hard": run("hard", 0.5)}}


# ---- limits of gradients, averages --------------------------------------------------------------
def clipped(clip):
    named = parameters()
    for name, parameter in named.items():
        parameter.grad = torch.randn(SHAPES[name])
    clip(list(named.values()))
    return [x for p in named.values() for x in values(p.grad)]


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.fc = torch.nn.Linear(3, 4)
        self.bn = torch.nn.BatchNorm1d(4)


def averages():
    def run(update, average):
        net = Net()
        kept = average(net)
        torch.manual_seed(17)
        for step in range(12):
            with torch.no_grad():
                for tensor in [*net.parameters(), net.bn.running_mean, net.bn.running_var]:
                    tensor.add_(torch.randn(tensor.shape), alpha=0.1)
            update(kept, net, step)
        inner = kept.module
        return [x for t in [*inner.parameters(), inner.bn.running_mean, inner.bn.running_var]
                for x in values(t)]

    class Lawa:
        """The mean of the last 3 (arXiv:2209.14981, section 3), the oldest first."""

        def __init__(self, net):
            self.module, self.last = Net(), []

        def update(self, net):
            named = net.state_dict()
            self.last = [*self.last, {k: v.clone() for k, v in named.items()}][-3:]
            self.module.load_state_dict(
                {k: sum(each[k] for each in self.last) / len(self.last) for k in named})

    ema = timm.utils.ModelEmaV3
    swa = torch.optim.swa_utils
    return {
        # timm counts its steps from 1
        "ema": run(lambda a, n, s: a.update(n, step=s + 1), lambda n: ema(n, decay=0.9)),
        "ema warmup": run(lambda a, n, s: a.update(n, step=s + 1),
                          lambda n: ema(n, decay=0.9, use_warmup=True)),
        "ema no buffers": run(lambda a, n, s: a.update(n, step=s + 1),
                              lambda n: ema(n, decay=0.9, exclude_buffers=True)),
        "lawa": run(lambda a, n, s: a.update(n), Lawa),
        # its buffers stay as they were: the last 8 values are not compared
        "swa": run(lambda a, n, s: a.update_parameters(n), lambda n: swa.AveragedModel(n)),
    }


def text_of(reference):
    """JSON with a line for each item of the two upper levels."""
    lines = []
    for key, part in reference.items():
        if isinstance(part, dict):
            inner = [f"{json.dumps(name)}:{json.dumps(item, separators=(',', ':'))}"
                     for name, item in part.items()]
            part_text = "{\n" + ",\n".join(inner) + "\n}"
        elif isinstance(part, list):
            inner = [json.dumps(item, separators=(",", ":")) for item in part]
            part_text = "[\n" + ",\n".join(inner) + "\n]"
        else:
            part_text = json.dumps(part)
        lines.append(f"{json.dumps(key)}:{part_text}")
    return "{\n" + ",\n".join(lines) + "\n}"


def main():
    torch.set_num_threads(1)
    optimizers = {}
    for name, (decay, make) in OPTIMIZERS.items():
        optimizers[name] = optimizer_steps(make, decay)
        optimizers[name + " scaled"] = optimizer_steps(make, decay, scaled=True)
    reference = {
        "made_by": {"torch": torch.__version__, "torchvision": torchvision.__version__,
                    "timm": timm.__version__, "environment": PINNED},
        "optimizers": optimizers,
        "schedules": schedules(),
        "plateaus": plateaus(),
        "stages": stages(),
        "cycled": {
            "sgd": cycled(lambda g: torch.optim.SGD(g, lr=0.05, momentum=0.9, fused=True)),
            "sgdw": cycled(lambda g: timm.optim.SGDW(g, lr=0.05, momentum=0.9, foreach=True)),
            "adamw": cycled(lambda g: torch.optim.AdamW(g, lr=0.05, fused=True)),
            "adamw cautious": cycled(lambda g: timm.optim.AdamWLegacy(
                g, lr=0.05, caution=True, foreach=True)),
        },
        "losses": losses(),
        "distillation": distillation(),
        "clips": {
            "norm": clipped(lambda p: torch.nn.utils.clip_grad_norm_(p, 2.0, foreach=True)),
            "norm above": clipped(lambda p: torch.nn.utils.clip_grad_norm_(p, 1e3, foreach=True)),
            "value": clipped(lambda p: torch.nn.utils.clip_grad_value_(p, 0.5)),
            "adaptive": clipped(lambda p: adaptive_clip_grad(p, 0.5)),
        },
        "averages": averages(),
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(text_of(reference) + "\n")
    print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
