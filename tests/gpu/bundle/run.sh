#!/bin/sh
# Checks GPU support on this machine and measures it beside PyTorch: see run.py, or run.sh --help.
exec python3 "$(dirname "$(readlink -f "$0")")/scripts/run.py" "$@"
