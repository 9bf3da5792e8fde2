#!/usr/bin/env bash
# by_variables.sh N PROGRAM ARGS...: starts N ranks with the variables that torchrun sets. Ends with the
# exit code of the first that ended badly, or 0. As launchers do, it kills ranks that are still there
# some time after that: a stopped process cannot end by itself.
set -uo pipefail
ranks=$1
shift
MASTER_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
export MASTER_ADDR=127.0.0.1 MASTER_PORT WORLD_SIZE=$ranks LOCAL_WORLD_SIZE=$ranks
declare -A pids=()
killer=
trap 'kill -9 ${pids[*]} $killer 2>/dev/null' EXIT
for ((rank = 0; rank < ranks; ++rank)); do
  RANK=$rank LOCAL_RANK=$rank "$@" &
  pids[$!]=$!
done
code=0
while ((${#pids[@]})); do
  wait -n -p ended "${pids[@]}"
  status=$?
  unset "pids[$ended]"
  ((code != 0 || status == 0)) && continue
  code=$status
  { sleep 10 && kill -9 ${pids[*]}; } >/dev/null 2>&1 &
  killer=$!
done
exit "$code"
