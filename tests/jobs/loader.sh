#!/usr/bin/env bash
# The loader alone, in a program without LibTorch and MPI (docs/building.md, docs/data.md).
source "$(dirname "$0")/job.sh"
python3 "$source_folder/tests/jobs/photos.py" photos 50 10 bag boot || exit $?
cp -r "$source_folder/tests/jobs/loader" ../mine # what the user wrote
typed "cmake --install $build_folder --prefix ~/imgcls >/dev/null"
typed "imgcls prepare index photos/train"
says "100 images"
cd ../mine
for package in LibTorch MPI fmt spdlog; do without+=" -DCMAKE_DISABLE_FIND_PACKAGE_$package=ON"; done
typed "cmake -B build -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH=$HOME/imgcls$without"
typed "cmake --build build"
typed "build/loader ../imgcls/photos/train"
says "^2 epochs of 100 images, 50 bag"
says "the second in another order"
typed_wrong 1 "build/loader no/such/folder"
says "there is no folder no/such/folder"
done_with_it
