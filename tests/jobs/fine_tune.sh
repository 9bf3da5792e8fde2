#!/usr/bin/env bash
# From a folder of photos to a file that a program without imgcls classifies with, by its names of classes
# (docs/fine-tuning.md). The weights are those of a short run on other classes, in the place of published ones.
source "$(dirname "$0")/job.sh"
python3 "$source_folder/tests/jobs/photos.py" others 150 20 t-shirt pullover dress coat sneaker || exit $?
python3 "$source_folder/tests/jobs/photos.py" photos 60 15 bag boot trousers
small="model.name=resnet9 model.width=8 augment.size=28 eval.size=28 eval.resize=28 train.precision=fp32 train.batch=16 \
    optimizer.lr=0.1"
typed "imgcls train configs/train/finetune.json data.root=others $small model.new_head=false train.epochs=3 \
    run.dir=runs/others" >"$work/weights"
commands=0 # published weights are not trained

typed "imgcls train configs/train/finetune.json data.root=photos $small model.weights=runs/others run.dir=runs/photos"
says "starts from runs/others/checkpoints/step-.*/weights.safetensors"
says "resnet9 \(0.26 M parameters\) .* 180 training and 45 evaluation images"
typed "imgcls eval runs/photos --best -o runs/photos/details"
says "images 45"
is_at_least "top-1" "$(awk '/^top-1/ {print $2}' "$said")" 90
has runs/photos/details/confusion.png
typed "imgcls predict photos/val --run runs/photos --best --top 1 --csv"
cp "$said" ours.csv
typed "imgcls export --run runs/photos --best -o photos.onnx"
has photos.onnx

# Trained longer where the weights that it began with are gone.
typed "mv runs/others elsewhere && imgcls train runs/photos/config.json train.epochs=21 checkpoint.resume=changed"
says "model.weights=runs/others is not there any more; the run's own checkpoint has all weights"
says "done: top-1 .*; 231 steps"

# The page's own programs.
python=${IMGCLS_PYTHON:-python3}
if ! "$python" -c "import onnx, onnxruntime, PIL" 2>/dev/null; then
  done_with_it
  skip "photos.onnx is not classified with: IMGCLS_PYTHON names no Python with onnx, onnxruntime and PIL"
fi
program() { awk -v wanted="$1" '/^```python$/ {on = ++count == wanted; next} /^```$/ {on = 0} on' docs/fine-tuning.md; }
program 1 >classify.py
program 2 >quantize.py
typed "$python classify.py photos.onnx photos/val/boot/0.png"
typed "$python -m onnxruntime.quantization.preprocess --input photos.onnx --output plain.onnx --skip_symbolic_shape true"
typed "$python quantize.py plain.onnx photos/train photos.int8.onnx"
(($(stat -c %s photos.int8.onnx) < $(stat -c %s photos.onnx) / 3)) || fail "photos.int8.onnx is not a third as large"
int8=0
for image in photos/val/*/{0,3,6,9,12}.png; do
  theirs=$("$python" classify.py photos.onnx "$image")
  grep -qE "^$image,1,[0-9]+,$theirs," ours.csv || fail "onnxruntime takes $image for $theirs, and imgcls does not"
  [[ $("$python" classify.py photos.int8.onnx "$image") != "$theirs" ]] || int8=$((int8 + 1))
done
is_at_least "what int8 takes for the same, of 15," "$int8" 13
done_with_it
