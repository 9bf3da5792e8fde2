#!/usr/bin/env bash
# build.sh BUILD OUT: the public headers of BUILD, and examples/, as pages in OUT/html. A reference that leads nowhere
# is an error.
set -euo pipefail
build=$(realpath "$1") out=$(realpath -m "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
command -v doxygen >/dev/null || { echo "skipped: doxygen is not installed"; exit 77; }
rm -rf "$out"
mkdir -p "$out"
cmake --install "$build" --component development --prefix "$out/prefix" >/dev/null
cmake --install "$build" --component dist --prefix "$out/prefix" >/dev/null
{
  printf '/** @mainpage imgcls\nTrain image classifiers from C++. Each room of the library has a header that is its map: '
  for header in "$out"/prefix/include/imgcls/*.h; do printf '%s ' "$(basename "$header")"; done
  printf '\n*/\n'
  for example in examples/*.cpp; do
    printf '/** @example %s\n' "$(basename "$example")"
    sed -n '/^\/\//!q; s|^// \?||p' "$example"
    printf '*/\n'
  done
} >"$out/examples.dox"
OUT=$out doxygen docs/api/Doxyfile
rm -rf "$out/prefix" "$out/examples.dox"
echo "$out/html/index.html"
