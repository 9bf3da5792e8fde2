#!/usr/bin/env python3
"""Lets Weights & Biases' own client upload what wandb_run_test.cpp wrote, to a server in this process, and
compares what arrives to the last bit.

    sync_wandb.py FOLDER
"""

import gzip
import http.server
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import threading


class Server(http.server.ThreadingHTTPServer):
    """Answers as far as `wandb sync` asks, and keeps what it is sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.lines, self.files, self.run, self.end = {}, {}, None, {}

    def graphql(self, query, variables):
        if "upsertBucket" in query:
            self.run = {**(self.run or {}), **{key: value for key, value in variables.items() if value}}
            project = {"name": variables["project"], "entity": {"name": "somebody"}}
            return {"upsertBucket": {"inserted": True, "bucket": {
                "id": "1", "name": variables["name"], "displayName": "", "sweepName": None,
                "historyLineCount": 0, "config": "{}", "project": project}}}
        if "createRunFiles" in query:
            files = [{"name": name, "uploadUrl": f"{self.url}/{name}"} for name in variables["files"]]
            return {"createRunFiles": {"runID": "1", "uploadHeaders": [], "files": files}}
        return {}

    def stream(self, message):
        for name, part in message.get("files", {}).items():
            lines = self.lines.setdefault(name, {})
            if name == "wandb-summary.json":
                lines.clear()
            for place, line in enumerate(part["content"], part["offset"]):
                lines[place] = line
        self.end.update({key: message[key] for key in ("complete", "exitcode") if key in message})


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def body(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data

    def answer(self, value):
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        message = json.loads(self.body())
        if self.path == "/graphql":
            self.answer({"data": self.server.graphql(message["query"], message.get("variables") or {})})
        else:
            self.server.stream(message)
            self.answer({})

    def do_PUT(self):
        self.server.files[self.path[1:]] = self.body()
        self.answer({})


def same(found, wanted):
    if isinstance(wanted, float):
        return math.isnan(found) and math.isnan(wanted) or struct.pack("<d", found) == struct.pack("<d", wanted)
    return found == wanted


def expect(what, found, wanted):
    if not same(found, wanted):
        sys.exit(f"{what}: {found!r} instead of {wanted!r}")


def upload(folder):
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {**os.environ, "WANDB_BASE_URL": server.url, "WANDB_API_KEY": "0" * 40,
                   "WANDB_ERROR_REPORTING": "false", "WANDB_MODE": "online"}
    with tempfile.TemporaryDirectory() as elsewhere:
        subprocess.run([sys.executable, "-m", "wandb", "sync", folder], check=True, env=environment,
                       cwd=elsewhere, timeout=120)
    server.shutdown()
    return server


def main():
    server = upload(sys.argv[1])
    expect("project", server.run["project"], "seeds")
    expect("name", server.run["displayName"], "seed-3")
    config = json.loads(server.run["config"])
    expect("config", {key: config[key]["value"] for key in ("train", "optimizer")},
           {"train": {"batch": 128, "seed": 3}, "optimizer": {"lr": 0.1}})

    # The client writes "-0" for -0.0, an integer to Python.
    history = [json.loads(line, parse_int=float) for _, line in sorted(server.lines["wandb-history.jsonl"].items())]
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
