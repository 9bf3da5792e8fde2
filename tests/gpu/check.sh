#!/usr/bin/env bash
# The first day with a GPU: runs each check of docs/gpu.md, prints what it should print and what it printed,
# and a summary. `./dev gpu-check` builds first and calls it.
#
#   tests/gpu/check.sh BUILD_DIR
#
# Exit code: 0 all passed; 1 some failed; 77 no GPU here, nothing was checked.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
gpus=$(nvidia-smi -L 2>/dev/null | grep -c '^GPU ')
if ((gpus == 0)); then
  echo "there is no GPU here (nvidia-smi lists none): nothing was checked"
  exit 77
fi
nvidia-smi -L

build=$(cd "${1:-build}" && pwd) || exit 1
bin=$build/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
config=$(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../cluster python3 -c \
  'import support, sys; print(support.make_run(sys.argv[1], train=600))' "$work") || exit 1
passed=0 failed=0 left=()

# ---- how a check is made --------------------------------------------------------------------------
# say NAME EXPECTED OUTPUT VERDICT
say() {
  printf '\n== %s\n   expected  %s\n' "$1" "$2"
  # mpirun's own words, between its lines, say little here.
  sed '/^---*$/,/^---*$/d' <<<"$3" | tail -n 6 | cut -c1-200 | sed 's/^/   printed   /'
  echo "   $4"
  if [[ $4 == pass ]]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# check NAME EXPECTED TEST COMMAND...: runs the command and then TEST, with the command's output in
# $output and its exit code in $code.
check() {
  local name=$1 expected=$2 test=$3 output code verdict=FAIL
  shift 3
  output=$(timeout 300 "$@" 2>&1 </dev/null)
  code=$?
  if "$test"; then verdict=pass; fi
  say "$name" "$expected" "$output"$'\n'"exit code $code" "$verdict"
}

not_tried() {
  printf '\n== %s\n   not tried: %s\n' "$1" "$2"
  left+=("$1")
}

says() { grep -Eq -- "$1" <<<"$output"; }

train() { # RUN [OVERRIDES...]: a command line for check, in `command`
  command=("$bin/train_resnet50" "$config" "run.dir=$work/$1" train.max_steps=10 "${@:2}")
}

# ---- one process ----------------------------------------------------------------------------------
loads() { ((code == 0)) && ! says 'not found'; }
check "the plugin and its libraries" "every library of libimgcls_cuda.so is found" loads \
  ldd "$build/lib/libimgcls_cuda.so"

succeeds() { ((code == 0)); }
check "ctest -R test_dist" "all tests pass" succeeds ctest --test-dir "$build" -R test_dist

links_none() { ! says torch_cuda; }
check "the program's own libraries" "no torch_cuda among them" links_none ldd "$bin/train_resnet50"

sees_no_gpu() { ((code != 0)) && says 'GPU support loads, but CUDA sees no GPU'; }
train hidden dist.device=cuda
check "GPUs hidden, device cuda" "GPU support loads, but CUDA sees no GPU ...; exit code not 0" \
  sees_no_gpu env CUDA_VISIBLE_DEVICES= "${command[@]}"

falls_back() { ((code == 0)) && says 'training on the CPU although there is a GPU' && says ' x cpu'; }
train fallback dist.device=auto
check "GPUs hidden, device auto" "training on the CPU although there is a GPU ...; trains on the CPU" \
  falls_back env CUDA_VISIBLE_DEVICES= "${command[@]}"

names_plugin() { ((code != 0)) && says '/nowhere.so: cannot open shared object file'; }
train nowhere dist.device=cuda
check "a plugin that is not there" "/nowhere.so: cannot open shared object file; exit code not 0" \
  names_plugin env IMGCLS_CUDA_PLUGIN=/nowhere.so "${command[@]}"

# The losses of the first epoch's steps, from a run's log.
losses() { sed -nE 's/.*epoch 1\/[0-9]+ [0-9]+\/[0-9]+ .* loss ([0-9.]+).*/\1/p' "$work/$1/log.txt"; }
near_cpu() {
  ((code == 0)) && says 'on 1 x cuda:0' &&
    paste <(losses cpu) <(losses gpu) |
    awk '{d = $1 - $2; if (d < 0) d = -d; if (NF < 2 || d > 1e-3) wrong = 1} END {exit wrong || NR < 5}'
}
train cpu dist.device=cpu train.tf32=false
"${command[@]}" >/dev/null 2>&1
train gpu dist.device=cuda train.tf32=false
check "one process on the GPU" "on 1 x cuda:0; losses within 1e-3 of the CPU's ($(losses cpu | xargs))" \
  near_cpu "${command[@]}"

ends_clean() { ((code == 0)) && ! says 'destroy_process_group|shutdown'; }

# ---- several ranks --------------------------------------------------------------------------------
too_few() { ((code != 0)) && says 'this machine runs 2 ranks and has 1 GPU'; }
train few dist.device=cuda
check "two ranks on one GPU" "this machine runs 2 ranks and has 1 GPU: ...; exit code not 0" \
  too_few env CUDA_VISIBLE_DEVICES=0 "$bin/imgcls" launch -n 2 -- "${command[@]}"

equal_ranks() {
  ((code == 0)) && (($(grep -c '^rank .* backend mpi+nccl ' <<<"$output") == gpus)) &&
    (($(sed -n 's/.* device \(cuda:[0-9]*\) .*/\1/p' <<<"$output" | sort -u | wc -l) == gpus)) &&
    (($(sed -n 's/.* parameters //p' <<<"$output" | sort -u | wc -l) == 1)) &&
    sed -n 's/.* gradients \([^ ]*\) .*/\1/p' <<<"$output" | awk '$1 > 1e-5 {wrong = 1} END {exit wrong}'
}

# While a long run is under way: GPU memory by process, and who listens. Prints both.
look_at_run() { # DEVICE
  local job
  "$bin/imgcls" launch -n "$gpus" -- "$bin/train_resnet50" "$config" "run.dir=$work/long-$1" \
    "dist.device=$1" "train.batch=$((gpus * 6))" train.epochs=100000 >"$work/long-$1.txt" 2>&1 &
  job=$!
  for _ in $(seq 600); do
    if grep -q 'epoch 2/' "$work/long-$1.txt" || ! kill -0 "$job" 2>/dev/null; then break; fi
    sleep 0.1
  done
  nvidia-smi --query-compute-apps=gpu_uuid,pid,process_name --format=csv,noheader
  ss -Hltnp | grep train_resnet50
  kill -USR1 "$job" 2>/dev/null
  wait "$job"
}
export -f look_at_run
export bin gpus config work
one_process_a_gpu() {
  (($(grep -c 'train_resnet50$' <<<"$output") == gpus)) &&
    (($(grep 'train_resnet50$' <<<"$output" | cut -d, -f1 | sort -u | wc -l) == gpus))
}
open_listeners() { grep LISTEN <<<"$1" | awk '$4 !~ /^(127\.|\[::1\])/' | wc -l; }
no_more_listeners() {
  grep -q LISTEN <<<"$output" && (($(open_listeners "$output") <= $(open_listeners "$on_cpus")))
}
ends_as_it_should() { says '[1-9][0-9]* of [1-9][0-9]* trials ended as they should' && ((code == 0)); }
none_left() { ! says train_resnet50; }

if ((gpus < 2)); then
  for name in "a rank for each GPU: equal parameters, gradients of the whole batch" \
    "one process a GPU" "nobody listens beyond this machine" "a normal end" \
    "kill -9, kill -STOP, an exception and a silent end of a rank" "nothing left on the GPUs"; do
    not_tried "$name" "needs 2 GPUs or more"
  done
else
  check "a rank for each GPU: equal parameters, gradients of the whole batch" \
    "$gpus lines: devices cuda:0 to cuda:$((gpus - 1)), mpi+nccl, gradients within 1e-5, equal hashes" \
    equal_ranks "$bin/imgcls" launch -n "$gpus" -- "$bin/gpu_ranks" cuda

  check "one process a GPU" "$gpus lines of train_resnet50, each with another GPU" \
    one_process_a_gpu bash -c 'look_at_run cuda'

  on_cpus=$(bash -c 'look_at_run cpu' 2>&1)
  rm -rf "$work/long-cuda"
  check "nobody listens beyond this machine" \
    "no more listeners than on CPUs ($(open_listeners "$on_cpus"), which are Open MPI's) but on 127.0.0.1" \
    no_more_listeners bash -c 'look_at_run cuda'

  train normal dist.device=cuda "train.batch=$((gpus * 6))"
  check "a normal end" "exit code 0; no warning of destroy_process_group or shutdown" \
    ends_clean "$bin/imgcls" launch -n "$gpus" -- "${command[@]}"

  check "kill -9, kill -STOP, an exception and a silent end of a rank" \
    "8 of 8 trials ended as they should, within 20 s + 5 s" ends_as_it_should \
    python3 "$here/../cluster/faults.py" "$bin" mpirun --trials 8 --limit 20 --ranks 2 --device cuda

  check "nothing left on the GPUs" "no train_resnet50" none_left \
    nvidia-smi --query-compute-apps=pid,process_name --format=csv,noheader
fi
not_tried "two machines" "by hand, with NCCL_DEBUG=INFO: the store's host name resolves, and NCCL names the \
network expected"

printf '\n%d passed, %d failed, %d not tried\n' "$passed" "$failed" "${#left[@]}"
((failed == 0))
