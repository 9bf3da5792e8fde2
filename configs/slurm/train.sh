#!/usr/bin/env bash
# What the batch scripts beside this one do on their nodes: train, pass signals on, go back to the queue when
# the run has saved. Not to be given to sbatch itself.
set -uo pipefail
saved=75 # the programs' exit code after a signal and a checkpoint

echo "job $SLURM_JOB_ID on $SLURM_JOB_NODELIST, restart ${SLURM_RESTART_COUNT:-0}"
# Two minutes before the time limit, or on a preemption, Slurm signals the ranks: they save and end. All of
# them end by themselves, also after an error, so that none is to be killed for another's exit code; one
# that is still there a minute after the first has ended is stopped, and killed.
srun --kill-on-bad-exit=0 --wait=60 --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" \
  build/bin/train_resnet50 "$@" &
step=$!
# A signal to this shell alone (sbatch --signal=B:..., scancel --batch) is passed on. A trap runs only while
# the shell waits, and ends that wait.
trap 'kill -USR1 "$step"' USR1
while true; do
  wait "$step"
  code=$?
  kill -0 "$step" 2>/dev/null || break
done

if ((code == saved)); then # go on later; a failure is left as it is
  echo "saved; job $SLURM_JOB_ID goes back to the queue"
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
