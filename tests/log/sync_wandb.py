#!/usr/bin/env python3
"""Lets Weights & Biases' own client upload what wandb_run_test.cpp wrote to the server of
tests/support/wandb_server.py, and compares what arrives to the last bit.

    sync_wandb.py FOLDER
"""

import json
import math
import pathlib
import struct
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import wandb_server  # noqa: E402


def same(found, wanted):
    if isinstance(wanted, float):
        return math.isnan(found) and math.isnan(wanted) or struct.pack("<d", found) == struct.pack("<d", wanted)
    return found == wanted


def expect(what, found, wanted):
    if not same(found, wanted):
        sys.exit(f"{what}: {found!r} instead of {wanted!r}")


def upload(folder):
    with tempfile.TemporaryDirectory() as elsewhere:
        server, code = wandb_server.served([sys.executable, "-m", "wandb", "sync", folder], elsewhere)
    if code != 0:
        sys.exit(code)
    return server


def main():
    server = upload(sys.argv[1])
    expect("project", server.run["project"], "seeds")
    expect("name", server.run["displayName"], "seed-3")
    config = json.loads(server.run["config"])
    expect("config", {key: config[key]["value"] for key in ("train", "optimizer")},
           {"train": {"batch": 128, "seed": 3}, "optimizer": {"lr": 0.1}})

    # The client writes "-0" for -0.0, an integer to Python.
    history = wandb_server.history(server, parse_int=float)
    awkward = [0.0, -0.0, 5e-324, 1.7976931348623157e308, 0.1, math.inf, math.nan, 1 / 3, 1e21, 9007199254740992.0]
    losses = awkward + [1.0 / step for step in range(11, 301)]
    expect("rows", len(history), len(losses) + 1)
    for place, (row, loss) in enumerate(zip(history, losses)):
        expect("order", (row["_step"], row["step"]), (place, place + 1))
        expect(f"loss of step {place + 1}", row["train/loss"], loss)
    figures = {"step": 300, "epoch": 2, "train/epoch_loss": 1.5, "val/loss": 2.25, "val/acc1": 100 / 3,
               "val/acc5": 50, "_runtime": 7.5}
    for key, value in figures.items():
        expect(key, history[-1][key], float(value))

    (summary,) = [json.loads(line) for line in server.lines["wandb-summary.json"].values()]
    for key, value in {**figures, "train/loss": 1 / 300}.items():
        expect(f"summary of {key}", float(summary[key]), float(value))
    expect("system figures", len(server.lines["wandb-events.jsonl"]), 300)
    system = json.loads(server.lines["wandb-events.jsonl"][0])
    if not system["system.proc.memory.rssMB"] > 1:
        sys.exit(f"system figures: {system}")
    output = [line.split(" ", 1)[1] for _, line in sorted(server.lines["output.log"].items())]
    expect("output", output, ["one line", "and \u00e9, no UTF-8: \ufffd"])
    expect("end", server.end, {"complete": True, "exitcode": 0})
    metadata = json.loads(server.files["wandb-metadata.json"])
    if not metadata["host"] or not metadata["cpu"]["model"]:
        sys.exit(f"metadata: {metadata}")


main()
