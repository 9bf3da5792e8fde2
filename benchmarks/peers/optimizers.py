#!/usr/bin/env python3
"""One step of each optimizer on ResNet-50's parameters, by turns with its Python twin.

    pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31 schedulefree==1.4.1 \
        pytorch_optimizer==4.1.0
    python3 benchmarks/peers/optimizers.py build/bin/optimizers [ROUNDS [STEPS [THREADS [NAME ...]]]]

Each round runs build/bin/optimizers and then the twin, a process each, and the table has the median
over the rounds of each one's median over its steps. Without names, soap, muon and nadamuon are
left out: the last two's matrix products in bfloat16 take a minute a step on a CPU that has no
instructions for them.
"""
import os
import statistics
import subprocess
import sys
import time

CAUTIOUS = "+cautious"


def twin(name, groups):
    import pytorch_optimizer
    import schedulefree
    import timm.optim
    import torch
    each = {"foreach": True}
    caution = {"caution": name.endswith(CAUTIOUS)}
    sgd = {"lr": 1e-3, "momentum": 0.9, "weight_decay": 0.01}
    adam = {"lr": 1e-3, "weight_decay": 0.01}
    make = {
        "adam": lambda: torch.optim.Adam(groups, fused=True, **adam),
        "adamw": lambda: torch.optim.AdamW(groups, fused=True, **adam),
        "adamw" + CAUTIOUS: lambda: timm.optim.AdamWLegacy(groups, **adam, **each, **caution),
        "adan": lambda: timm.optim.Adan(groups, **adam, **each, **caution),
        "lamb": lambda: timm.optim.Lamb(groups, **adam, **each, **caution),
        "lars": lambda: timm.optim.Lars(groups, **sgd, **each),
        "lion": lambda: timm.optim.Lion(groups, **adam, **each, **caution),
        "muon": lambda: timm.optim.Muon(matrices(groups), lr=1e-3, weight_decay=0.01, nesterov=True,
                                        ns_coefficients="original"),
        "nadamuon": lambda: timm.optim.Muon(
            matrices(groups), lr=1e-3, weight_decay=0.01, nesterov=True,
            ns_coefficients="original", algo="adamuon"),
        "nadamw": lambda: torch.optim.NAdam(groups, decoupled_weight_decay=True, **adam, **each),
        "radam": lambda: torch.optim.RAdam(groups, **adam, **each),
        "rmsprop_tf": lambda: timm.optim.RMSpropTF(groups, momentum=0.9, **adam, **each, **caution),
        "schedule_free_adamw": lambda: schedulefree.AdamWScheduleFree(groups, **adam, **each),
        "schedule_free_sgd": lambda: schedulefree.SGDScheduleFree(groups, **sgd, **each),
        "sgd": lambda: torch.optim.SGD(groups, fused=True, **sgd),
        "soap": lambda: pytorch_optimizer.SOAP(groups, lr=1e-3, weight_decay=0.01),
        "sgdw": lambda: timm.optim.SGDW(groups, **sgd, **each, **caution),
    }
    optimizer = make[name if name in make else name.removesuffix(CAUTIOUS)]()
    if name.startswith("schedule_free"):
        optimizer.train()
    return optimizer


def matrices(named):
    """Muon's, and what is AdamW's: the head, and what is no matrix."""
    def is_head(name):
        return name.startswith("fc.")
    return [{"params": [p for n, p in named if not is_head(n)]},
            {"params": [p for n, p in named if is_head(n)], "use_fallback": True}]


def median_ms(name, steps, threads):
    import torch
    import torchvision
    torch.set_num_threads(threads)
    model = torchvision.models.resnet50().to(memory_format=torch.channels_last)
    named = list(model.named_parameters())
    parameters = [p for _, p in named]
    optimizer = twin(name, named if "muon" in name else parameters)
    times = []
    for step in range(-2, steps):
        for parameter in parameters:
            parameter.grad = torch.randn_like(parameter)
        start = time.perf_counter()
        optimizer.step()
        if step >= 0:
            times.append((time.perf_counter() - start) * 1e3)
    return statistics.median_high(times)


def main():
    if sys.argv[1] == "twin":
        print(median_ms(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
        return
    program = sys.argv[1]
    rounds, steps, threads = (sys.argv[2:5] + ["5", "10", "1"][len(sys.argv[2:5]):])
    names = sys.argv[5:] or [
        "adam", "adamw", "adamw+cautious", "adan", "adan+cautious", "lamb", "lamb+cautious", "lars",
        "lion", "lion+cautious", "nadamw", "radam", "rmsprop_tf",
        "rmsprop_tf+cautious", "schedule_free_adamw", "schedule_free_sgd", "sgd", "sgdw",
        "sgdw+cautious"]

    def told(*command):
        return float(subprocess.run(command, check=True, capture_output=True,
                                    text=True).stdout.split()[-1])

    print("| optimizer | imgcls, ms | Python, ms | ratio |\n| --- | --- | --- | --- |", flush=True)
    for name in names:
        ours, theirs = [], []
        for _ in range(int(rounds)):
            ours.append(told(program, name, "resnet50", steps, threads))
            theirs.append(told(sys.executable, os.path.abspath(__file__), "twin", name, steps, threads))
        mine, other = statistics.median(ours), statistics.median(theirs)
        print(f"| {name} | {mine:.1f} | {other:.1f} | {other / mine:.2f} |", flush=True)


if __name__ == "__main__":
    main()
