#!/usr/bin/env bash
# Trains on several nodes, one rank for each GPU. From the project's folder, which the nodes share, as they
# share run.dir and the data:
#
#   sbatch -A ACCOUNT --nodes=8 configs/slurm/several-nodes.sh \
#       configs/data/imagenet.json configs/train/resnet50.json data.root=/data/Imagenet
#
# Options of sbatch come before the script and replace those below. docs/clusters.md tells more.
#SBATCH --job-name=imgcls
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --exclusive
#SBATCH --time=24:00:00
#SBATCH --signal=USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log
exec configs/slurm/train.sh "$@"
