#!/usr/bin/env bash
# Images, network, optimizer, loss and augmentation of one's own, in a program that links the installed library
# (docs/building.md, "In your own project").
source "$(dirname "$0")/job.sh"
cp -r "$source_folder/tests/jobs/own_parts" ../mine # what the user wrote
typed "cmake --install $build_folder --prefix ~/imgcls >/dev/null"
cd ../mine
typed "cmake -B build -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH=$HOME/imgcls"
typed "cmake --build build"
for start in "build/own_parts runs/one" "imgcls launch -n 2 -- build/own_parts runs/two"; do
  typed "$start"
  says "net \(1,250 parameters\)"
  is_at_least "what is right of new stripes" "$(awk '/of new stripes/ {print $1}' "$said")" 85
done
typed "imgcls report runs -o stripes.html"
says "stripes.html: 2 runs"
done_with_it
