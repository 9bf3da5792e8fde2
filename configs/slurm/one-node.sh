#!/usr/bin/env bash
# Trains on one node, one rank for each GPU. From the project's folder:
#
#   sbatch -A ACCOUNT configs/slurm/one-node.sh \
#       configs/data/imagenet.json configs/train/resnet50.json data.root=/data/Imagenet
#
# Options of sbatch come before the script and replace those below. docs/clusters.md tells more.
#SBATCH --job-name=imgcls
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --signal=USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log
exec configs/slurm/train.sh "$@"
