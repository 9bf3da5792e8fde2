#!/usr/bin/env bash
# table.sh BUILD: does the jobs one after the other, and prints a row of docs/results/jobs.md for each: how many
# commands a user types, and the minutes from the first to the last.
set -euo pipefail
printf '| job | commands | minutes |\n| --- | --- | --- |\n'
code=0
for job in "$(dirname "$0")"/*.sh; do
  name=$(basename "$job" .sh)
  [[ $name != job && $name != table ]] || continue
  said=$(bash "$job" "$1" 2>&1) || { (($? == 77)) || code=1; }
  awk -v name="$name" '
    /^job / {row = sprintf("| `%s` | %d | %.1f |", name, $3, $5 / 60)}
    /^(skipped|FAILED): / {why = $0}
    END {print row != "" ? row : "| `" name "` | | |"; if (why) print why >"/dev/stderr"}' <<<"$said"
done
exit "$code"
