#!/usr/bin/env bash
# Thirty wrong usages: each ends with the exit code that scripts know, in a line that names what is wrong and what would
# be right, and leaves no run behind.
source "$(dirname "$0")/job.sh"
python3 "$source_folder/tests/jobs/photos.py" photos 8 4 bag boot || exit $?
cat >mine.json <<'END'
{
  "data": {"root": "photos"}, "model": {"name": "resnet9", "width": 4}, "augment": {"size": 28},
  "eval": {"size": 28, "resize": 28}, "run": {"dir": "runs/mine"}, "optimizer": {"lr": 0.01},
  "train": {"epochs": 1, "batch": 16, "threads": 1, "precision": "fp32"}
}
END
sed 's/"resnet9", "width": 4/"resnet18"/' mine.json >other.json
typed "imgcls train mine.json run.dir=runs/good"
printf '{"train": {"epochs": 3,}}' >comma.json
printf 'train:\n  epochs: 3\n' >recipe.yaml
printf '<html>not found</html>' >page.pth
printf 'no image' >note.jpg
cp -r photos half && rm half/train/boot/*
typed_wrong 1 "imgcls train mine.json optimizer.lr=1e30 train.batch=2 run.dir=runs/diverged"
before=$(find runs | sort)
commands=0

wrong() { # CODE SAYS COMMAND
  typed_wrong "$1" "$3"
  says "$2"
  never_says "terminate called|frame #|Backtrace"
  [[ $(find runs | sort) == "$before" ]] || fail "it left something in runs/"
}

# Commands and options
wrong 2 'did you mean "eval"\?' "imgcls evaluate runs/good"
wrong 2 'did you mean "train"\?' "imgcls help trian"
wrong 2 'no option --wieghts; did you mean --weights\?' "imgcls eval --wieghts a.pth runs/good"
wrong 2 'train.batch=32' "imgcls train mine.json --batch 32"
wrong 2 'train.epochs=3' "imgcls train mine.json --train.epochs=3"
wrong 2 '--output is required' "imgcls export --run runs/good"
wrong 127 'no-such-program' "imgcls launch -n 2 -- no-such-program"
# Configurations
wrong 2 '"train.epoch"; did you mean "train.epochs"\?' "imgcls train mine.json train.epoch=3"
wrong 2 'train.epochs must be an integer of at least 1, not "many"' "imgcls train mine.json train.epochs=many"
wrong 2 "'augment.area=\[0.5, 1\]'" "imgcls train mine.json augment.area=[0.5, 1]"
wrong 2 'comma.json:1: .*comma after the last value' "imgcls train comma.json"
wrong 2 'recipe.yaml is a YAML file' "imgcls train recipe.yaml"
wrong 2 'did you mean "?configs/train/finetune.json' "imgcls train configs/train/finetun.json"
wrong 2 'this run goes on by "runs/good/config.json"' "imgcls train runs/good"
wrong 2 'did you mean "resnet18"\?' "imgcls train mine.json model.name=resnet81"
wrong 2 'optimizer.name must be one of "adam"' "imgcls train mine.json optimizer.name=adm"
# Data
wrong 1 'there is no folder .*phots/train; expected one with a subfolder' "imgcls train mine.json data.root=phots"
wrong 1 'the class folder half/train/boot holds no image' "imgcls train mine.json data.root=half"
wrong 2 'a batch of 64 is larger than the data set of 16 samples' "imgcls train mine.json train.batch=64"
wrong 1 'there is no folder nowhere' "imgcls data check nowhere"
wrong 1 'note.jpg: its first bytes are not those of' "imgcls predict note.jpg --run runs/good"
# Runs and weights
wrong 2 'there is no folder nope' "imgcls eval --run nope"
wrong 2 'files of a run of resnet9 that left no checkpoint' "imgcls train other.json run.dir=runs/diverged"
wrong 1 'no.* folder.* expected the folder of a run' "imgcls report nope"
wrong 1 'there is no file or folder resnet18.pth' "imgcls train mine.json model.weights=resnet18.pth"
wrong 1 'page.pth .*web page' "imgcls train mine.json model.weights=page.pth"
wrong 1 'runs/good is of model.width=4' "imgcls train mine.json model.width=8 model.weights=runs/good"
wrong 2 'leaves nothing of resnet9 to train' "imgcls train mine.json model.weights=runs/good 'model.freeze=[\"backbone\",\"fc\"]'"
wrong 1 'optimizer.lr: 0.01 before, 0.5 now' "imgcls train mine.json run.dir=runs/good optimizer.lr=0.5"
wrong 2 'log.wandb=true' "imgcls wandb sync runs/good"
((commands == 30)) || fail "these are $commands"
done_with_it
