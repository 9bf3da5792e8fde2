# What the jobs share. A job is what somebody wants done, by the commands of README and docs alone, as a new user would
# type them: in a folder like a fresh clone with its build, with an empty home. It begins with
#
#   source "$(dirname "$0")/job.sh"        # takes BUILD, the build folder, as the job's own argument
#
# and ends with a line that says how many commands were typed and how long all took. Exit code 77: skipped.
set -euo pipefail

job=$(basename "$0" .sh)
source_folder=$(realpath "$(dirname "$0")/../..")
build_folder=$(realpath "${1:?give the build folder: $0 build}")
work=$build_folder/tests/jobs/$job
rm -rf "$work"
mkdir -p "$work/home" "$work/imgcls/build"
ln -s "$build_folder/bin" "$work/imgcls/build/bin"
ln -s "$source_folder"/{configs,docs,examples,README.md} "$work/imgcls/"
cd "$work/imgcls"
export HOME=$work/home PATH=$PWD/build/bin:$PATH
# What Open MPI asks of root, of machines with few cores and of containers.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 \
  OMPI_MCA_btl_vader_single_copy_mechanism=none
commands=0 began=$SECONDS said=$work/said

fail() { printf 'FAILED: %s\n' "$*"; exit 1; }
skip() { printf 'skipped: %s\n' "$*"; exit 77; }

# A command as the user types it. What it says is kept for `says`.
typed() { typed_wrong 0 "$1"; }

# One that is to end with that exit code.
typed_wrong() { # CODE COMMAND
  local code=0
  commands=$((commands + 1))
  printf '\n$ %s\n' "$2"
  bash -c "$2" >"$said" 2>&1 </dev/null || code=$?
  cat "$said"
  ((code == $1)) || fail "exit code $code, not $1"
}

# One that Ctrl-C ends as soon as the file is there.
interrupted() { # FILE COMMAND
  local code=0 pid
  commands=$((commands + 2))
  printf '\n$ %s\n' "$2"
  setsid bash -c "trap - INT; exec $2" >"$said" 2>&1 </dev/null &
  pid=$!
  for ((i = 0; i < 600; ++i)); do
    [[ ! -s $1 ]] || break
    sleep 0.1
  done
  printf '^C\n'
  kill -INT "$pid"
  wait "$pid" || code=$?
  cat "$said"
  ((code == 75)) || fail "exit code $code, not 75"
}

# What the last command said, as a regular expression.
says() { grep -qE -- "$1" "$said" || fail "the last command does not say: $1"; }
never_says() { ! grep -qE -- "$1" "$said" || fail "the last command says: $1"; }
has() { [[ -s $1 ]] || fail "there is no $1"; }

is_at_least() { # WHAT VALUE LEAST
  awk -v value="$2" -v least="$3" 'BEGIN {exit !(value + 0 >= least + 0)}' || fail "$1 is $2, not at least $3"
}

done_with_it() {
  printf '\njob %s: %d commands, %d s\n' "$job" "$commands" $((SECONDS - began))
}
