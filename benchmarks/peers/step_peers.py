#!/usr/bin/env python3
"""Training steps on a CPU: imgcls with its own convolutions and without, PyTorch, torch.compile.

    pip install torch==2.15.0 torchvision==0.29.2
    ./dev bench step_peers [CASE ...] [--rounds 3] [--steps N] [--threads N] [--avx2] [--compile]

A case is one of those below, or MODEL:BATCH:SIZE for a model that imgcls and torchvision both call so:
mobilenet_v2:16:224. Each round runs imgcls with train.fast_convolutions=on, imgcls with =off, PyTorch
eager and, with --compile, torch.compile, a process each, which takes some steps with one batch of noise
that lies ready (fp32, channels_last, the same fused optimizer) after others that are not counted. A
table has the medians over the rounds, and the ratios of each round as their median and range: by the
clock, and by the processor time of all threads, which a busy machine disturbs less.

--avx2 keeps ATen, oneDNN and MKL from using AVX-512 in all processes, as on a processor without it.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

# name: (model, images, side, further overrides for imgcls, optimizer, steps)
CASES = {
    "resnet50": ("resnet50", 32, 176, [], "adam", 4),
    "resnet18": ("resnet18", 32, 176, [], "adam", 8),
    "resnet18_small": ("resnet18", 64, 32, ["model.stem=small"], "adam", 8),
    "airbench": ("airbench", 512, 32, [], "sgd", 3),
    "vit_b_16": ("vit_b_16", 8, 224, [], "adam", 4),
    "mobilenet_v2": ("mobilenet_v2", 32, 176, [], "adam", 6),
    "efficientnet_b0": ("efficientnet_b0", 32, 176, [], "adam", 5),
}
WARM_UP = 2
# On AMD's processors MKL has AVX2 alone, whatever it is told.
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
OPTIMIZERS = {
    "adam": ["optimizer.name=adam", "optimizer.lr=1e-3", "optimizer.weight_decay=1e-4"],
    "sgd": ["optimizer.name=sgd", "optimizer.lr=1e-3", "optimizer.momentum=0.9", "optimizer.nesterov=true",
            "optimizer.weight_decay=1e-4"],
}


# ---- PyTorch's side -----------------------------------------------------------------------------
def airbench():
    """As lib/imgcls/models/airbench.h has it, with 64 channels."""
    from torch import nn

    class Group(nn.Sequential):
        def __init__(self, before, after):
            def norm():
                made = nn.BatchNorm2d(after, momentum=0.4)
                made.weight.requires_grad_(False)
                return made
            super().__init__(
                nn.Conv2d(before, after, 3, padding=1, bias=False), nn.MaxPool2d(2), norm(), nn.GELU(),
                nn.Conv2d(after, after, 3, padding=1, bias=False), norm(), nn.GELU())

    class Airbench(nn.Module):
        def __init__(self):
            super().__init__()
            self.whiten = nn.Conv2d(3, 24, 2)
            self.whiten.weight.requires_grad_(False)
            self.groups = nn.Sequential(nn.GELU(), Group(24, 64), Group(64, 256), Group(256, 256))
            self.fc = nn.Linear(256, 1000, bias=False)

        def forward(self, images):
            return self.fc(self.groups(self.whiten(images)).amax((2, 3))) / 9

    return Airbench()


def twin(case):
    import torch
    import torchvision
    if case == "airbench":
        return airbench()
    if case == "resnet18_small":
        model = torchvision.models.resnet18()
        model.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)
        model.maxpool = torch.nn.Identity()
        return model
    return getattr(torchvision.models, case.split(":")[0])()


def take_steps(case, batch, side, optimizer, steps, threads, compiled):
    """Prints seconds by the clock and of the processors, of a step."""
    import torch
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = twin(case).to(memory_format=torch.channels_last).train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    if optimizer == "adam":
        update = torch.optim.Adam(parameters, lr=1e-3, weight_decay=1e-4, fused=True)
    else:
        update = torch.optim.SGD(parameters, lr=1e-3, momentum=0.9, nesterov=True, weight_decay=1e-4,
                                 fused=True)
    images = torch.randn(batch, 3, side, side).to(memory_format=torch.channels_last)
    labels = torch.arange(batch) % 1000
    loss_of = torch.nn.CrossEntropyLoss()
    network = torch.compile(model) if compiled else model

    def step():
        update.zero_grad(set_to_none=True)
        loss_of(network(images), labels).backward()
        update.step()

    for _ in range(WARM_UP):
        step()
    clock, processors = time.perf_counter(), time.process_time()
    for _ in range(steps):
        step()
    print(json.dumps({"step_ms": 1e3 * (time.perf_counter() - clock) / steps,
                      "cpu_ms": 1e3 * (time.process_time() - processors) / steps}))


# ---- taking turns -------------------------------------------------------------------------------
def case_of(name):
    if name in CASES:
        return CASES[name]
    parts = name.split(":")
    if len(parts) != 3 or not all(part.isdigit() for part in parts[1:]):
        raise SystemExit(f"no case {name}; there are {', '.join(CASES)}, and MODEL:BATCH:SIZE")
    return parts[0], int(parts[1]), int(parts[2]), [], "adam", 4


def told(command, environment):
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        return None, lines[-1][:200] if lines else f"exit code {done.returncode}"
    return json.loads(done.stdout.splitlines()[-1]), None


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


class Contest:
    """The rounds of a case."""

    def __init__(self, arguments, name):
        self.model, self.batch, self.side, overrides, self.optimizer, steps = case_of(name)
        steps = arguments.steps or steps
        threads = str(arguments.threads)
        self.environment = dict(os.environ, **(AVX2 if arguments.avx2 else {}))
        ours = [arguments.program, "bench", "step", "--synthetic", "--json", "--steps", str(steps),
                "--warm-up", str(WARM_UP), f"model.name={self.model}", f"augment.size={self.side}",
                f"train.batch={self.batch}", f"train.threads={threads}", "train.precision=fp32",
                "dist.device=cpu", *OPTIMIZERS[self.optimizer], *overrides]
        theirs = [sys.executable, os.path.abspath(__file__), "--twin", name, str(self.batch), str(self.side),
                  self.optimizer, str(steps), threads]
        self.commands = {"own": [*ours, "train.fast_convolutions=on"],
                         "onednn": [*ours, "train.fast_convolutions=off"],
                         "eager": [*theirs, "eager"]}
        if arguments.compile:
            self.commands["compiled"] = [*theirs, "compiled"]
        self.rounds, self.failures = [], {}
        self.name = name

    def play(self):
        figures = {}
        order = list(self.commands.items())
        for peer, command in order if len(self.rounds) % 2 == 0 else reversed(order):
            if peer in self.failures:
                continue
            made, failure = told(command, self.environment)
            if failure:
                self.failures[peer] = failure
                print(f"== {self.name}, {peer}: {failure}", file=sys.stderr, flush=True)
            else:
                figures[peer] = made
        self.rounds.append(figures)

    def rates(self, peer):
        return [1e3 * self.batch / r[peer]["step_ms"] for r in self.rounds if peer in r]

    def ratios(self, peer, clock):
        return [r[peer][clock] / r["own"][clock] for r in self.rounds if peer in r and "own" in r]

    def row(self):
        cells = [f"{self.name}, {self.batch} x {self.side}"]
        for peer in self.commands:
            rates = self.rates(peer)
            cells.append(f"{statistics.median(rates):.1f}" if rates else "failed")
        for clock in ("step_ms", "cpu_ms"):
            for peer in list(self.commands)[1:]:
                ratios = self.ratios(peer, clock)
                cells.append(spread(ratios) if ratios else "")
        return "| " + " | ".join(cells) + " |"


def main():
    if sys.argv[1:2] == ["--twin"]:
        case, batch, side, optimizer, steps, threads, how = sys.argv[2:]
        take_steps(case, int(batch), int(side), optimizer, int(steps), int(threads), how == "compiled")
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("program", help="build/bin/imgcls")
    parser.add_argument("case", nargs="*", default=list(CASES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=0, help="of each process; default: each case's own")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--avx2", action="store_true")
    parser.add_argument("--compile", action="store_true")
    arguments = parser.parse_args()
    contests = [Contest(arguments, name) for name in arguments.case]
    peers = list(contests[0].commands)
    names = {"own": "imgcls", "onednn": "imgcls, off", "eager": "eager", "compiled": "torch.compile"}
    head = ["step", *(names[p] for p in peers), *(f"times {names[p]}" for p in peers[1:]),
            *(f"times {names[p]}, processor time" for p in peers[1:])]
    load = os.getloadavg()[0]
    print(f"{arguments.threads} threads, {'AVX2 alone' if arguments.avx2 else 'any instructions'}, "
          f"{arguments.rounds} rounds; images/s; load average before {load:.1f}\n", flush=True)
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head), flush=True)
    for contest in contests:
        for _ in range(arguments.rounds):
            contest.play()
        print(contest.row(), flush=True)


if __name__ == "__main__":
    main()
