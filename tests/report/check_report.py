#!/usr/bin/env python3
"""Recomputes the figures of a report from its runs' CSV files, with Python's csv and statistics.

    check_report.py REPORT.html RUN...     the runs in the order in which the report has them

Compares every mean and every sample standard deviation (statistics.stdev) of the evaluations and of
steps.csv, the final row of each recipe, and each run's best. Exits with 0 where all agree to 1e-9.
"""

import csv
import html.parser
import json
import math
import pathlib
import statistics
import sys

EVALUATIONS = {"time": "time", "train_loss": "train_loss", "val_loss": "val_loss", "acc1": "val_acc1",
               "acc5": "val_acc5"}
STEPS = {"loss": "loss", "lr": "lr", "grad_norm": "grad_norm", "images_per_second": "images_per_second",
         "data_wait": "data_wait", "memory": "memory_mib"}


class Report(html.parser.HTMLParser):
    """The JSON in the page's <script type="application/json">."""

    def __init__(self, text):
        super().__init__()
        self.inside, self.text = False, ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.inside = tag == "script" and dict(attributes).get("id") == "report"

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.text += data


def rows_of(path):
    return list(csv.DictReader(path.open(newline=""))) if path.exists() else []


class Comparison:
    def __init__(self):
        self.compared, self.faults = 0, []

    def number(self, what, given, expected):
        self.compared += 1
        same = given is None if expected is None else (
            given is not None and math.isclose(given, expected, rel_tol=1e-9, abs_tol=1e-12))
        if not same:
            self.faults.append(f"{what}: {given}, but the files say {expected}")

    def spread(self, what, mean, sd, numbers):
        self.number(what + " mean", mean, statistics.fmean(numbers))
        self.number(what + " sd", sd, statistics.stdev(numbers) if len(numbers) > 1 else None)


def check_evaluations(compare, label, group, logs):
    curve = group["evaluations"]
    steps = sorted({int(row["step"]) for rows in logs for row in rows})
    compare.number(f"{label} evaluations", len(curve["step"]), len(steps))
    for at, step in enumerate(steps):
        rows = [row for rows in logs for row in rows if int(row["step"]) == step]
        compare.number(f"{label} step", curve["step"][at], step)
        compare.number(f"{label} step {step} n", curve["n"][at], len(rows))
        for key, column in EVALUATIONS.items():
            numbers = [float(row[column]) for row in rows]
            compare.spread(f"{label} step {step} {key}", curve[key]["mean"][at], curve[key]["sd"][at], numbers)
            if step == steps[-1]:
                final = group["final"]
                compare.spread(f"{label} final {key}", final[key]["mean"], final[key]["sd"], numbers)


def check_steps(compare, label, group, tables):
    curve = group["steps"]
    steps = sorted({int(row["step"]) for rows in tables for row in rows})
    size = curve["rows_per_point"]
    buckets = [steps[at:at + size] for at in range(0, len(steps), size)]
    compare.number(f"{label} points", len(curve["step"]), len(buckets))
    for at, bucket in enumerate(buckets):
        for key, column in STEPS.items():
            runs = []
            for rows in tables:
                numbers = [float(row[column]) for row in rows if bucket[0] <= int(row["step"]) <= bucket[-1]]
                if numbers:
                    runs.append(statistics.fmean(numbers))
            compare.spread(f"{label} step {bucket[-1]} {key}", curve[key]["mean"][at], curve[key]["sd"][at], runs)


def main():
    report = json.loads(Report(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")).text)
    folders = [pathlib.Path(name) for name in sys.argv[2:]]
    compare = Comparison()
    compare.number("runs", len(report["runs"]), len(folders))
    for group in report["groups"]:
        members = [folders[run] for run in group["runs"]]
        logs = [rows_of(folder / "train_log.csv") for folder in members]
        check_evaluations(compare, group["label"], group, logs)
        check_steps(compare, group["label"], group, [rows_of(folder / "steps.csv") for folder in members])
        furthest = max(int(rows[-1]["step"]) for rows in logs)
        best = [max(float(row["val_acc1"]) for row in rows) for rows in logs if int(rows[-1]["step"]) == furthest]
        compare.spread(f"{group['label']} best", group["best_acc1"]["mean"], group["best_acc1"]["sd"], best)
    for run, folder in zip(report["runs"], folders):
        rows = rows_of(folder / "train_log.csv")
        compare.number(f"{folder} final", run["final"]["acc1"], float(rows[-1]["val_acc1"]))
        compare.number(f"{folder} best", run["best_acc1"]["value"], max(float(row["val_acc1"]) for row in rows))
    print("\n".join(compare.faults) or f"{compare.compared} figures agree")
    return 1 if compare.faults else 0


if __name__ == "__main__":
    sys.exit(main())
