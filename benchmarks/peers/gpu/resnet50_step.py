#!/usr/bin/env python3
"""Training steps of ResNet-50 in PyTorch, eager or compiled, on one batch of noise on the device.

As imgcls's first recipe trains: channels last, autocast (fp16 with a GradScaler, or bf16), fused Adam,
label smoothing 0.1. Prints one line of JSON: images_per_second, step_ms, memory_mib, versions.
"""

import argparse
import json
import time

import torch
import torchvision


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--precision", choices=("fp32", "fp16", "bf16"), default="fp16")
    parser.add_argument("--warm-up", type=int, default=10)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--compile", action="store_true")
    return parser.parse_args()


def main():
    args = arguments()
    gpu = args.device == "cuda"
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True

    model = torchvision.models.resnet50().to(args.device, memory_format=torch.channels_last).train()
    no_decay = [p for name, p in model.named_parameters() if "bn" in name]
    decay = [p for name, p in model.named_parameters() if "bn" not in name]
    optimizer = torch.optim.Adam([{"params": decay, "weight_decay": 2 ** -15}, {"params": no_decay}], lr=1e-3,
                                 fused=True)
    criterion = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    scaler = torch.amp.GradScaler(args.device, enabled=args.precision == "fp16")
    autocast = dict(device_type=args.device, enabled=args.precision != "fp32",
                    dtype=torch.float16 if args.precision == "fp16" else torch.bfloat16)
    images = torch.randn(args.batch, 3, args.size, args.size, device=args.device)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.randint(1000, (args.batch,), device=args.device)

    # Forward and loss are what is compiled, as PyTorch's own examples do.
    def forward(images, labels):
        with torch.autocast(**autocast):
            return criterion(model(images), labels)

    if args.compile:
        forward = torch.compile(forward)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = forward(images, labels)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()

    def synchronize():
        if gpu:
            torch.cuda.synchronize()

    begin = time.perf_counter()
    for _ in range(args.warm_up):
        step()
    synchronize()
    warm_up_s = time.perf_counter() - begin
    if gpu:
        torch.cuda.reset_peak_memory_stats()
    begin = time.perf_counter()
    for _ in range(args.steps):
        step()
    synchronize()
    seconds = time.perf_counter() - begin

    result = {
        "who": "torch.compile" if args.compile else "eager",
        "images_per_second": args.batch * args.steps / seconds,
        "step_ms": 1e3 * seconds / args.steps,
        "batch": args.batch, "size": args.size, "precision": args.precision, "steps": args.steps,
        "warm_up_s": warm_up_s,
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__,
                     "cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version() if gpu else None},
    }
    if gpu:
        result["memory_mib"] = {"allocated": torch.cuda.memory_allocated() / 2**20,
                                "peak": torch.cuda.max_memory_allocated() / 2**20,
                                "reserved": torch.cuda.max_memory_reserved() / 2**20}
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
