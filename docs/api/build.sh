#!/usr/bin/env bash
# build.sh BUILD OUT: the public headers of BUILD, and examples/, as pages in OUT/html. A public name without a sentence
# of its own is an error, as is a reference that leads nowhere; messages name the header of lib/, the line and the name.
set -euo pipefail
build=$(realpath "$1") out=$(realpath -m "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
command -v doxygen >/dev/null || { echo "skipped: doxygen is not installed"; exit 77; }
rm -rf "$out"
mkdir -p "$out"
cmake --install "$build" --component development --prefix "$out/prefix" >/dev/null
cmake --install "$build" --component dist --prefix "$out/prefix" >/dev/null
status=0
python3 docs/api/enumerations.py "$out/prefix/include" || status=1
python3 -B docs/api/pages.py "$out/prefix/include" examples >"$out/pages.dox"
OUT=$out doxygen docs/api/Doxyfile 2>&1 | sed "s|^$out/prefix/include/|lib/|" >&2 || status=1
rm -rf "$out/prefix" "$out/pages.dox"
[ "$status" = 0 ] || exit "$status"
echo "$out/html/index.html"
