#!/usr/bin/env bash
# Set up, build and pass every test. Asks nothing, leaves nothing running, ends with a verdict.
#   ./tools/test.sh           all of it
#   ./tools/test.sh --quick   one build, no sanitizers, no fuzzing
#   FUZZ_SECONDS=60 ./tools/test.sh   fuzz longer (default 10 s a target)
# JUnit files: build/junit/ (the scripts of tests/scripts: scripts.xml).
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
root=$PWD
quick=0
[ "${1:-}" = "--quick" ] && quick=1
jobs=$(nproc)
passed=0
failed=0
mkdir -p build/junit

say() { printf '\n== %s\n' "$*"; }

# Build TARGET in DIR with cmake options; a build that fails ends everything.
build() {
  local dir=$1 target=$2
  shift 2
  mkdir -p "$dir"
  cmake -S . -B "$dir" "$@" >"$dir/build.log" 2>&1 &&
    cmake --build "$dir" -j "$jobs" --target "$target" >>"$dir/build.log" 2>&1 && return 0
  grep -E 'error|Error|warning' "$dir/build.log" | head -40
  echo "the build in $dir failed; all of it: $dir/build.log"
  exit 1
}

# Run ctest in DIR and add its counts; NAME is the JUnit file's.
run_tests() {
  local dir=$1 name=$2
  shift 2
  local log="$dir/ctest.log"
  ctest --test-dir "$dir" -j "$jobs" --output-on-failure --output-junit \
    "$root/build/junit/$name.xml" "$@" 2>&1 | tee "$log" | grep -vE '^ *Start |^Test project'
  local line total bad
  line=$(grep -E 'tests passed, [0-9]+ tests failed out of [0-9]+' "$log" | tail -1)
  total=$(sed -E 's/.*out of ([0-9]+).*/\1/' <<<"$line")
  bad=$(sed -E 's/.*passed, ([0-9]+) tests.*/\1/' <<<"$line")
  passed=$((passed + ${total:-0} - ${bad:-0}))
  failed=$((failed + ${bad:-1}))
}

# What the scripts of the tester's language came to, from the JUnit file that their story writes.
scripts_told() {
  local file=$1/junit/scripts.xml
  [ -f "$file" ] && sed -nE 's|.*testsuite name="isotest" tests="([0-9]+)" failures="([0-9]+)" time="([0-9.]+)".*|scripts: \1 tests, \2 failures, \3 s|p' "$file"
}

say "setup"
./tools/setup.sh --tests || exit 1

say "build (gcc) and test"
build build all
run_tests build gcc
scripts_told build

if [ $quick = 0 ]; then
  say "build (gcc, address and undefined-behaviour sanitizers) and test"
  build build/sanitize all -DSWITCH_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Debug
  run_tests build/sanitize sanitize -LE heavy
  scripts_told build/sanitize

  say "fuzz (clang, libFuzzer), ${FUZZ_SECONDS:-10} s a target"
  build build/fuzz fuzzers -DSWITCH_FUZZ=ON -DSWITCH_SANITIZE=address,undefined \
    -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=RelWithDebInfo
  for target in tests/fuzz/fuzz_*.c; do
    name=$(basename "$target" .c)
    work=$(mktemp -d)
    found=tests/fuzz/found/$name.tar.gz # what long runs came to
    [ -f "$found" ] && tar -xzf "$found" -C "$work"
    if build/fuzz/fuzz/"$name" -max_total_time="${FUZZ_SECONDS:-10}" -print_final_stats=1 \
      -artifact_prefix="$work/" "$work" "tests/fuzz/corpus/$name" >"$work.log" 2>&1; then
      echo "ok    $name  $(grep -oE 'number_of_executed_units: *[0-9]+' "$work.log" | grep -oE '[0-9]+') runs"
      passed=$((passed + 1))
    else
      echo "FAILED $name"
      tail -30 "$work.log"
      failed=$((failed + 1))
    fi
    rm -rf "$work" "$work.log"
  done
fi

say "done in $((SECONDS / 60)) min $((SECONDS % 60)) s"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
