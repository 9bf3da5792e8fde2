#!/usr/bin/env bash
# Before a long run: look at the data, see that a few images are learnt by heart, find the rate, plan the hours
# (docs/recipes.md, "Before a long run").
source "$(dirname "$0")/job.sh"
python3 "$source_folder/tests/jobs/photos.py" photos 150 20 bag boot sandal trousers || exit $?
recipe="configs/train/finetune.json data.root=photos model.name=resnet9 model.width=8 model.new_head=false \
    augment.size=28 eval.size=28 eval.resize=28 train.precision=fp32"

typed "imgcls data check photos -o check.html"
says "photos/train: 600 images in 4 classes"
says "0 files cannot be decoded"
typed "imgcls data show $recipe --images 8 -o look.html"
says "look.html: 8 images of 28 x 28"
has look.html

typed "for class in photos/train/*/; do
    mkdir -p few/train/\$(basename \$class) && cp \$(ls -d \$class/* | head -8) few/train/\$(basename \$class)
done"
typed "imgcls train $recipe data.root=few data.val=train train.batch=32 train.epochs=30 train.label_smoothing=0 \
    'augment.area=[1,1]' 'augment.aspect=[1,1]' augment.flip=0 optimizer.lr=0.05 run.dir=runs/by-heart"
says "done: top-1 100.00 % \(32 of 32\)"

typed "imgcls train $recipe train.epochs=2 train.batch=16 optimizer.lr=1 schedule.name=constant schedule.warmup_epochs=2 \
    schedule.warmup_from=0.001 schedule.batch_scaling=none log.every=1 run.dir=runs/rates"
typed "imgcls report runs/rates"
has runs/rates/report.html
[[ $(wc -l <runs/rates/steps.csv) == 75 ]] || fail "steps.csv has not a row for each of 74 steps"
awk -F, 'NR == 2 {first = $5} END {exit !(first < 0.002 && $5 > 0.98)}' runs/rates/steps.csv ||
  fail "the rate does not rise from 0.001 to 1"

typed "imgcls bench step $recipe --steps 4"
says "^[0-9.]+ images/s$"
typed "imgcls bench data $recipe --epochs 1"
says "photos/train: 600 images"
done_with_it
