#!/usr/bin/env bash
# The rules of the floor plan that a machine can hold. Prints each breach as file:line; exit 1 if any.
set -uo pipefail
cd "$(dirname "$0")/../.."
breaches=0
complain() { # TEXT LINES
  [ -z "$2" ] && return
  printf '%s\n' "$2" | sed "s|^|$1: |"
  breaches=$((breaches + $(printf '%s\n' "$2" | wc -l)))
}
includes() { # FOLDER PATTERN [EXCLUDED...]: includes in FOLDER that match PATTERN
  local folder=$1 pattern=$2
  grep -rnE --include='*.c' --include='*.h' "^#include [\"<]($pattern)" "$folder" 2>/dev/null
}

# Arrows point down only.
complain "upward include" "$(includes iso8583 '(switch|routes|tools|hsm_sim|tests)/')"
complain "upward include" "$(includes hsm_sim '(switch|routes|tools|tests)/')"
complain "upward include" "$(includes routes '(switch|tools|tests|hsm_sim/engine)/')"
complain "upward include" "$(includes switch '(tools|tests)/')"
complain "upward include" "$(includes tools '(switch|tests)/')"
complain "base includes upwards" "$(includes iso8583/base '(iso8583/[^b]|switch|routes|hsm_sim)')"

# The core is pure: no I/O, clock, allocation or foreign library.
pure='uv\.h|lmdb\.h|openssl/|time\.h|stdio\.h|unistd\.h|sys/|yaml\.h|jansson\.h'
complain "impure include" "$(includes switch/core "$pure")"
complain "impure include" "$(includes hsm_sim/wire "$pure")"
complain "impure include" "$(for f in iso8583/*.[ch] iso8583/dialects/*.[ch]; do
  grep -nHE "^#include [\"<](uv\.h|lmdb\.h|openssl/|time\.h|unistd\.h|sys/)" "$f"; done)"
complain "the core reaches out of its floor" "$(grep -rnE --include='*.[ch]' \
  '^#include "(switch/(edge|store|config|clearing)|iso8583/net|hsm_sim/engine|routes/(issuer|stub|route_file))' \
  switch/core)"
complain "impure call in the core" "$(grep -rnE --include='*.[ch]' \
  '\b(malloc|calloc|realloc|free|printf|fprintf|time|clock_gettime|rand|random)\(' switch/core |
  grep -vE 'stans_free|slab_free|/\*')"

# Calls that cannot be used safely.
complain "banned call" "$(grep -rnE --include='*.[ch]' \
  '\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|gets|alloca)\(' \
  iso8583 hsm_sim routes switch tools tests)"

# Unfinished marks, and files without their one-time guard.
complain "unfinished" "$(grep -rnE --include='*.[ch]' --include='*.sh' '\b(TO''DO|FIX''ME|X''XX)\b' \
  iso8583 hsm_sim routes switch tools tests | grep -v 'iso8583/base/currency.c')"
complain "no #pragma once" "$(find iso8583 hsm_sim routes switch tools tests -name '*.h' -print0 |
  xargs -0 grep -L '^#pragma once')"

# Every folder says what it is, but those whose every file is data that a program reads: the seeds of
# one fuzz target, what is told of a broken script, scripts that tell their behaviour in their names.
spoken_for='^tests/(fuzz/(corpus/.*|found)|vectors/isot/told|scripts/.*)$'
complain "no README.md" "$(find .ci iso8583 hsm_sim routes switch tools tests -type d |
  sort | grep -vE "$spoken_for" | while read -r folder; do
    [ -s "$folder/README.md" ] || echo "$folder"
  done)"

if command -v clang-format >/dev/null; then
  complain "layout (clang-format -i)" "$(find iso8583 hsm_sim routes switch tools tests \
    -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run 2>&1 |
    grep -E 'warning: code should be clang-formatted' | cut -d: -f1 | sort -u)"
fi

# Told, not judged.
echo "longest files:"
find iso8583 hsm_sim routes switch tools tests -name '*.[ch]' -print0 | xargs -0 wc -l |
  grep -v ' total$' | sort -rn | head -5
echo "tidy: $breaches breaches"
[ "$breaches" -eq 0 ]
