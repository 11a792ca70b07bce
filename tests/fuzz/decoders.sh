#!/usr/bin/env bash
# Millions of runs of every decoder of messages, with address and undefined-behaviour sanitizers, in one
# go: what ten seconds a target (tools/test.sh) do not reach.
#
#   tests/fuzz/decoders.sh [MILLIONS [DIR]]   default 100, in build/fuzz-long
#
# Starts from corpus/ and from what DIR/NAME has from a run before; ends with a line a target and exit 1
# if one found something. found/NAME.tar.gz has the inputs that were kept of the last long run.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
millions=${1:-100}
dir=${2:-build/fuzz-long}
# Shares of a hundred: where bytes decide most, most runs.
shares=(decode:20 edition:15 field:20 frame:20 parts:10 tlv:10 hsm:5)
targets=()
for share in "${shares[@]}"; do targets+=("fuzz_${share%:*}"); done
mkdir -p "$dir"
cmake -S . -B "$dir/build" -DCMAKE_C_COMPILER=clang -DSWITCH_FUZZ=ON -DSWITCH_SANITIZE=address,undefined >"$dir/build.log" 2>&1 &&
  cmake --build "$dir/build" -j "$(nproc)" --target "${targets[@]}" >>"$dir/build.log" 2>&1 ||
  { echo "the build failed: $dir/build.log"; exit 1; }
one() { # NAME RUNS
  local name=fuzz_$1 work=$dir/fuzz_$1
  mkdir -p "$work"
  [ -s "tests/fuzz/found/$name.tar.gz" ] && tar -xzf "tests/fuzz/found/$name.tar.gz" -C "$work"
  "$dir/build/fuzz/$name" -runs="$2" -max_len=1024 -entropic=0 -print_final_stats=1 -artifact_prefix="$dir/$name-" \
    "$work" "tests/fuzz/corpus/$name" >"$dir/$name.log" 2>&1
  local code=$?
  printf '%-14s %s of %s runs, %s inputs kept, %s\n' "$name" \
    "$(sed -n 's/stat::number_of_executed_units: //p' "$dir/$name.log")" "$2" \
    "$(find "$work" -type f | wc -l)" "$([ $code = 0 ] && echo 'nothing found' || echo "FOUND: $dir/$name.log")"
  return $code
}
failed=0
running=0
for share in "${shares[@]}"; do
  one "${share%:*}" $((millions * ${share#*:} * 10000)) &
  running=$((running + 1))
  if [ $running -ge "$(nproc)" ]; then
    wait -n || failed=1
    running=$((running - 1))
  fi
done
while [ $running -gt 0 ]; do
  wait -n || failed=1
  running=$((running - 1))
done
exit $failed
