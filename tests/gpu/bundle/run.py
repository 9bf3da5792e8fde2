#!/usr/bin/env python3
"""Checks imgcls on a GPU, and measures it beside PyTorch, with what lies in this folder.

    run.sh [--budget SECONDS] [--only REGEX] [--device cuda|cpu] [--quick]

Needs an NVIDIA driver and a python3 that has the PyTorch this bundle was built for; no network, no
compiler, no root. Checks come first, then measures in the order of their worth, until the budget is
spent. Results go to $OUT, or ./out, as they come: results.json, log.txt, kernels.csv and
trace.json.gz.

Exit code: 0 all checks passed; 1 some did not; 2 PyTorch is of another version; 77 there is no GPU.
"""

import argparse
import os
import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import checks  # noqa: E402
import machine  # noqa: E402
import measures  # noqa: E402
import photos  # noqa: E402
from runner import Runner  # noqa: E402

NO_GPU = 77


def arguments():
    parser = argparse.ArgumentParser(
        prog="run.sh", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=float, default=480, metavar="SECONDS",
                        help="time for all of it; what is left then is recorded as not run (480)")
    parser.add_argument("--only", default="", metavar="REGEX",
                        help="items in whose name this is found")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda",
                        help="cpu: a rehearsal of the scripts on the CPU, which proves nothing of GPUs")
    parser.add_argument("--quick", action="store_true", help="tiny measures, for a rehearsal")
    parser.add_argument("--list", action="store_true", help="name the items and end")
    parser.add_argument("--programs", type=pathlib.Path, metavar="DIR",
                        help="a build folder, whose bin/ and lib/ are run instead of the bundle's")
    return parser.parse_args()


def main():
    args = arguments()
    items = [item for item in checks.ITEMS + measures.ITEMS if re.search(args.only, item.name)]
    if args.list:
        for item in items:
            print(f"{item.kind:8} {item.limit_s:4} s  {item.name}")
        return 0
    out = pathlib.Path(os.environ.get("OUT") or "out").resolve()
    runner = Runner(args, out)
    runner.note("machine", machine.facts())
    if args.device == "cuda" and not machine.has_gpu():
        for item in items:
            runner.record(item, "no GPU")
        runner.end("there is no GPU here: nothing was checked or measured")
        return NO_GPU
    problem = runner.find_programs()
    if problem:
        for item in items:
            runner.record(item, "not run", problem)
        runner.end(problem)
        return 2
    with photos.Data(runner) as data:
        runner.data = data
        for item in items:
            runner.run(item)
    failed = [result["name"] for result in runner.results
              if result["kind"] == "check" and result["status"] not in ("pass", "needs a GPU")]
    runner.end(f"not passed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
