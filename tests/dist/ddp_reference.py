#!/usr/bin/env python3
"""What PyTorch's DistributedDataParallel gives: writes ddp_reference.json beside this file.

    pip install torch==2.15.0 numpy
    python3 tests/dist/ddp_reference.py

Real processes over gloo, 1 to 3 of them. Five steps of AdamW with limited gradients on a small network
with batch norm, each step of two micro-batches of which the first is under `no_sync`. Weights and data
are formulas, so that the test in C++ (ddp_reference.cpp) begins with the same numbers.
"""
import json
import os
import pathlib
import tempfile

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

STEPS = 5
BATCH = 24  # of all ranks, in two micro-batches


def values(shape, seed, scale):
    count = torch.Size(shape).numel()
    return torch.arange(count, dtype=torch.float64).mul(1.7).add(seed).sin().mul(scale).float().view(shape)


def network():
    # Batch norm takes a bias before it out again: its gradient would be rounding, which AdamW enlarges.
    net = torch.nn.Sequential(torch.nn.Linear(6, 8, bias=False), torch.nn.BatchNorm1d(8), torch.nn.ReLU(),
                              torch.nn.Linear(8, 3))
    with torch.no_grad():
        for seed, parameter in enumerate(net.parameters()):
            parameter.copy_(values(parameter.shape, seed, 0.5))
    return net


def train(rank, ranks, store, folder):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=ranks)
    net = network()
    ddp = torch.nn.parallel.DistributedDataParallel(net)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2)
    losses, norms = [], []

    def backward(step, half):
        share = BATCH // 2 // ranks
        first = half * (BATCH // 2) + rank * share
        rows = values((BATCH, 6), 10 + step, 1.0)[first:first + share]
        labels = (torch.arange(BATCH) % 3)[first:first + share]
        loss = torch.nn.functional.cross_entropy(ddp(rows), labels) / 2
        loss.backward()
        return loss.detach()

    for step in range(STEPS):
        optimizer.zero_grad()
        with ddp.no_sync():
            loss = backward(step, 0)
        loss += backward(step, 1)
        norms.append(torch.nn.utils.clip_grad_norm_(net.parameters(), 0.05).item())
        optimizer.step()
        dist.all_reduce(loss)
        losses.append(loss.item() / ranks)

    if rank == 0:
        state = {name: tensor.flatten().tolist() for name, tensor in net.state_dict().items()}
        result = {"losses": losses, "norms": norms, "state": state}
        (pathlib.Path(folder) / f"{ranks}.json").write_text(json.dumps(result))
    dist.destroy_process_group()


def main():
    results = {"torch": torch.__version__}
    for ranks in (1, 2, 3):
        with tempfile.TemporaryDirectory() as folder:
            mp.spawn(train, (ranks, os.path.join(folder, "store"), folder), nprocs=ranks)
            results[str(ranks)] = json.loads((pathlib.Path(folder) / f"{ranks}.json").read_text())
    path = pathlib.Path(__file__).with_name("ddp_reference.json")
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in results.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
