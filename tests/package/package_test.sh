#!/usr/bin/env bash
# package_test.sh SOURCE BUILD TORCH: makes the packages of BUILD and installs them in a bare Debian, which has the
# network for Debian's packages alone; LibTorch lies in TORCH. Trains there by the program and by the README's own,
# which it builds, and removes the packages again. Exit code 77 where that cannot be done.
set -euo pipefail
source=$1 build=$2 torch=$(realpath "$3")
skip() { echo "skipped: $*"; exit 77; }
for program in debootstrap patchelf dpkg-shlibdeps; do
  command -v "$program" >/dev/null || skip "$program is not there: install debootstrap, patchelf and dpkg-dev"
done
((EUID == 0)) || skip "only root can make a Debian system in a folder"
unshare --mount true 2>/dev/null || skip "mounting is not allowed here"
# What is mounted is so in a namespace of its own, which is gone before the folder is removed.
if [[ -z ${IMGCLS_PACKAGE_TEST:-} ]]; then
  work=$(mktemp -d)
  code=0
  IMGCLS_PACKAGE_TEST=$work unshare --mount -- bash "$0" "$@" || code=$?
  if mount | grep -q "$work"; then
    echo "something is still mounted in $work, which is left there"
    exit 1
  fi
  rm -rf --one-file-system "$work"
  exit "$code"
fi
work=$IMGCLS_PACKAGE_TEST
root=$work/root

cpack --config "$build/CPackConfig.cmake" -B "$work/packages" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
archive=$(echo "$work"/packages/*.tar.gz)

echo "== a bare Debian"
debootstrap --variant=minbase bookworm "$root" >"$work/log" 2>&1 || { tail "$work/log"; skip "no Debian mirror"; }
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev/shm"
mkdir -p "$root/opt/libtorch" "$root/packages"
mount --bind "$(dirname "$torch")" "$root/opt/libtorch"
mount -o remount,bind,ro "$root/opt/libtorch"
cp "$work"/packages/*.deb "$root/packages/"
cp /etc/resolv.conf "$root/etc/resolv.conf"
inside() { chroot "$root" env -i HOME=/root PATH=/usr/bin:/bin:/usr/sbin:/sbin DEBIAN_FRONTEND=noninteractive \
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 http_proxy="${http_proxy:-}" bash -ec "$1"; }
apt() { inside "apt-get -qq -o Dpkg::Use-Pty=0 $1" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }; }
apt update
apt "install --yes --no-install-recommends dataset-fashion-mnist openmpi-bin cmake g++ ninja-build"
inside "find / -xdev -path /packages -prune -o -print" | sort >"$work/before"

echo "== installing"
apt "install --yes --no-install-recommends /packages/imgcls_*.deb /packages/libimgcls-dev_*.deb"
inside "imgcls-libtorch /opt/libtorch/torch && imgcls --version"

echo "== training by the programs"
inside "cd /root && imgcls launch -n 2 -- imgcls train /usr/share/imgcls/data/fashion-mnist.json \
  /usr/share/imgcls/train/demo.json train.max_steps=4 run.dir=run && imgcls report run && test -s run/report.html"

echo "== the README's program"
mkdir -p "$root/root/mine"
awk '/^```cpp$/ {on = 1; next} /^```$/ {on = 0} on' "$source/README.md" >"$root/root/mine/main.cpp"
grep -q "int main" "$root/root/mine/main.cpp"
cat >"$root/root/mine/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(mine CXX)
find_package(imgcls 0.1 REQUIRED)
add_executable(mine main.cpp)
target_link_libraries(mine PRIVATE imgcls::imgcls)
END
python3 - "$root/root/mine/photos" <<'END'
import pathlib, sys
for part, count in (("train", 128), ("val", 4)):
    for number, name in enumerate(("cat", "dog")):
        folder = pathlib.Path(sys.argv[1], part, name)
        folder.mkdir(parents=True)
        for i in range(count):
            (folder / f"{i}.ppm").write_bytes(b"P6 8 8 255\n" + bytes([number * 200, i, 90] * 64))
END
# A step of 256 images takes most of a minute on two cores: one, and SIGINT saves.
inside "cd /root/mine && cmake -G Ninja -B build -DCMAKE_BUILD_TYPE=Release >/dev/null && cmake --build build &&
  { timeout --signal=INT 25 build/mine || true; } && ls runs/photos/checkpoints/*/weights.safetensors"

echo "== the archive, wherever it is unpacked"
mkdir -p "$root/root/elsewhere"
tar -xf "$archive" -C "$root/root/elsewhere" --strip-components=1
inside "/root/elsewhere/bin/imgcls-libtorch /opt/libtorch/torch && /root/elsewhere/bin/imgcls models >/dev/null
  cd /root/mine && cmake -G Ninja -B build-archive -DCMAKE_PREFIX_PATH=/root/elsewhere >/dev/null &&
  grep -q 'imgcls_DIR:PATH=/root/elsewhere' build-archive/CMakeCache.txt"

echo "== removing"
apt "purge --yes imgcls libimgcls-dev"
inside "find / -xdev -path /packages -prune -o -print" | sort >"$work/after"
left=$(comm -13 "$work/before" "$work/after" | grep -i imgcls | grep -v "^/root" || true)
[[ -z $left ]] || { echo "left behind: $left"; exit 1; }
echo "nothing is left"
