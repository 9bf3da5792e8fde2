#!/bin/sh
# The bundle's run.sh where there is no GPU: every item is "no GPU", and the exit code 77.
#
#   bundle_test.sh SOURCE_DIR BUILD_DIR
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
code=0

CUDA_VISIBLE_DEVICES= OUT=$folder/out \
  python3 "$1/tests/gpu/bundle/run.py" --programs "$2" >"$folder/said" || code=$?
tail -n 3 "$folder/said"
[ "$code" -eq 77 ] || { echo "exit code $code instead of 77"; exit 1; }
python3 - "$folder/out/results.json" <<'END'
import json, sys
results = json.load(open(sys.argv[1]))
statuses = {item["status"] for item in results["items"]}
kinds = {item["kind"] for item in results["items"]}
assert statuses == {"no GPU"}, statuses
assert kinds == {"check", "measure"} and len(results["items"]) > 30, len(results["items"])
print(len(results["items"]), "items, all of them: no GPU")
END
