#!/usr/bin/env python3
"""A server that Weights & Biases' own client uploads to.

    wandb_server.py FILE COMMAND...

Runs COMMAND, which starts the client, with this server as the client's, and writes what arrived into FILE, as JSON:
name and project of the run, and its history. The exit code is COMMAND's.
"""

import gzip
import http.server
import json
import os
import subprocess
import sys
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


def served(command, folder=None):
    """The server that heard what the client in `command` had to say, and the command's exit code."""
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {**os.environ, "WANDB_BASE_URL": server.url, "WANDB_API_KEY": "0" * 40,
                   "WANDB_ERROR_REPORTING": "false", "WANDB_MODE": "online"}
    done = subprocess.run(command, env=environment, cwd=folder, timeout=120)
    server.shutdown()
    return server, done.returncode


def history(server, **options):
    return [json.loads(line, **options) for _, line in sorted(server.lines["wandb-history.jsonl"].items())]


def main():
    server, code = served(sys.argv[2:])
    if code == 0:
        arrived = {"name": server.run["displayName"], "project": server.run["project"], "history": history(server)}
        with open(sys.argv[1], "w") as file:
            json.dump(arrived, file)
    return code


if __name__ == "__main__":
    sys.exit(main())
