#!/usr/bin/env bash
# Branch coverage of the codec: builds it and its tests with gcov in a private directory, runs unit
# tests, golden vectors, properties and the fuzzers' corpus, and prints a line a file and the total.
#   tests/unit/iso8583/coverage.sh [-v]     -v: also each branch that was never taken
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
verbose=${1:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests=(message decode encode field tlv dialect edition parts property vectors dialect_file dialect_vectors import_packager)
fuzzers=(fuzz_decode fuzz_edition fuzz_tlv fuzz_field fuzz_parts)

cmake -S "$root" -B "$work" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS="--coverage -O0" >"$work/log"
cmake --build "$work" -j2 --target "${tests[@]/#/test_}" "${fuzzers[@]}" >>"$work/log" 2>&1 ||
  { tail -20 "$work/log"; exit 5; }
for test in "${tests[@]}"; do
  CK_FORK=no "$work/tests/test_$test" >>"$work/log" 2>&1 || { echo "test_$test failed"; exit 1; }
done
for fuzzer in "${fuzzers[@]}"; do
  mkdir "$work/$fuzzer.found"
  tar -xzf "$root/tests/fuzz/found/$fuzzer.tar.gz" -C "$work/$fuzzer.found"
  "$work/fuzz/$fuzzer" "$root/tests/fuzz/corpus/$fuzzer" "$work/$fuzzer.found" >>"$work/log" 2>&1
done

cd "$work"
objects=$work/iso8583/CMakeFiles/iso8583.dir
printf '%-22s %8s %8s\n' file lines% branches%
for file in decode encode field coding prefix content ebcdic fail blame parts parts_encode tlv dialect \
  message edition edition_read edition_write action_code point_of_service; do
  gcov -b -c -o "$objects" "$objects/$file.c.gcda" 2>/dev/null >"$file.sum"
  awk -v file="$file.c" '
    /^File/ { mine = index($0, "/iso8583/" file) > 0 }
    mine && /^Lines executed/ { split($2, a, ":"); lines = a[2] }
    mine && /^Taken at least/ { split($0, b, /[:%]/); branches = b[2]; count = $NF; mine = 0 }
    END { printf "%-22s %8s %8s %s\n", file, lines + 0, branches + 0, count + 0 }' "$file.sum"
done | tee table | cut -c1-40
awk '{ taken += $3 * $4 / 100; all += $4 }
     END { printf "%-22s %8s %8.1f   (%d branches)\n", "total", "", 100 * taken / all, all }' table
if [ "$verbose" = -v ]; then
  for file in *.c.gcov; do
    awk -v file="$file" '
      /^ *[0-9#=*-]+:/ { line = $0 }
      /^branch.*(never executed|taken 0)/ { if (line != told) { print file ": " line; told = line } }' \
      "$file"
  done
fi
