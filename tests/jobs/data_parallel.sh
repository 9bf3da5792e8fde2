#!/usr/bin/env bash
# A LibTorch program made data-parallel: component dist alone, no OpenCV, no data (docs/data-parallel.md).
source "$(dirname "$0")/job.sh"
cp -r "$source_folder/tests/jobs/data_parallel" ../mine
cp "$source_folder/examples/070-data-parallel.cpp" ../mine/main.cpp # what the user wrote, with ten lines more
typed "cmake --install $build_folder --component dist --prefix ~/imgcls >/dev/null"
cd ../mine
for package in nlohmann_json ZLIB JPEG PNG TIFF WebP LibArchive OpenCVImage fmt spdlog; do
  without+=" -DCMAKE_DISABLE_FIND_PACKAGE_$package=ON"
done
typed "cmake -B build -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH=$HOME/imgcls$without"
typed "cmake --build build"
for start in "" "mpirun -np 2 " "mpirun -np 3 "; do
  typed "OMP_NUM_THREADS=1 ${start}build/data_parallel"
  says "(9[5-9][0-9]|1000) of 1000 test images are right"
done
done_with_it
