# shellcheck shell=bash
# What every test with real processes begins with: a private world, checks that count, a verdict.
# Sourced, not run; it sources world.sh. WORLD_BIN must be set (ctest does). WORLD_KEEP=1 keeps the
# directory of a test that fails.
#
#   check TEXT COMMAND...    COMMAND succeeds, or the test fails; it goes on
#   must TEXT COMMAND...     the same, and the test ends there
#   refuted TEXT COMMAND...  COMMAND fails
#   exits CODE COMMAND...    COMMAND ends with CODE; what it said is in $said
#   skip WHY                 it cannot be run here
#   verdict                  the last line of every test
set -uo pipefail
# shellcheck source=tests/integration/world.sh
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"

[ -x "$WORLD_BIN/switchd" ] || { echo "there is no switchd in WORLD_BIN ($WORLD_BIN)"; exit 2; }
DAY=2026-11-20 # the first of every world
scratch=$(mktemp -d)
faults=0
checks=0

cleanup() { :; } # a test may have its own
finish() {
  local code=$?
  world_end
  cleanup
  if [ $code -ne 0 ] && [ $code -ne 77 ]; then
    for name in "$scratch"/*/log/*.log; do
      [ -f "$name" ] && { echo "--- ${name##*/}"; grep -v DEBUG "$name" | tail -8; }
    done
    [ -n "${WORLD_KEEP:-}" ] && { echo "kept: $scratch"; return; }
  fi
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

report() { # OK TEXT
  checks=$((checks + 1))
  if [ "$1" = 0 ]; then
    echo "ok      $2"
    return 0
  fi
  faults=$((faults + 1))
  echo "FAILED  $2"
  return 1
}
check() {
  local text=$1
  shift
  "$@" >"$scratch/check.out" 2>&1
  local code=$?
  report $code "$text" || { echo "        $* gave $code"; head -12 "$scratch/check.out" | cut -c1-300 | sed 's/^/        /'; return 1; }
}
must() { check "$@" || verdict; }
refuted() {
  local text=$1
  shift
  if "$@" >"$scratch/check.out" 2>&1; then report 1 "$text"; else report 0 "$text"; fi
}
exits() {
  local wanted=$1 code
  shift
  said=$("$@" 2>&1)
  code=$?
  [ $code -eq "$wanted" ] && return 0
  echo "exit $code, not $wanted:"
  printf '%s\n' "$said"
  return 1
}
# shellcheck disable=SC2317
says() { grep -qE -- "$1" <<<"$said" || { echo "said: $said"; return 1; }; }
skip() { echo "skipped: $*"; exit 77; }
verdict() {
  echo "$checks checks, $faults failed, $SECONDS s"
  [ $faults -eq 0 ]
  exit $?
}

# A figure of a terminal-sim summary that was printed with --json: figure FILE gave_up
figure() { grep -oE "\"$2\":[0-9]+" "$1" | tail -1 | grep -oE '[0-9]+$'; }
declined() { grep -oE '"declined_by_code":\{[^}]*\}' "$1" | tail -1 | grep -oE "\"$2\":[0-9]+" | grep -oE '[0-9]+$' || echo 0; }
lines() { if [ -f "$1" ]; then wc -l <"$1"; else echo 0; fi; }
# The journal of the terminals has grown by $2 lines since it had $3.
# shellcheck disable=SC2317
grown() { [ "$(lines "$WORLD/$1")" -ge $(($3 + $2)) ]; }
at_least() { [ "${1:-0}" -ge "$2" ]; }
equal() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'"; return 1; }; }

day_is() { ctl day show --day "$1" --json | grep -qE "\"state\": *\"$2\""; }
# Begin the next day and clear DAY: day_cut [DAY [OUT]]
day_cut() {
  local day=${1:-$DAY} out=${2:-$scratch/out}
  ctl day cutover --yes && wait_until 60 day_is "$day" DRAINED &&
    "$WORLD_BIN/swclear" run --data "$DATA" --out "$out" --day "$day" && "$WORLD_BIN/swclear" verify "$out"
}
# The three books of all days: books [OPTIONS of day-audit]
books() {
  local options=("$@") file
  for file in "$WORLD"/pos*.journal; do options+=(--terminals "$file"); done
  for file in "$scratch"/out/*_[0-9]*.csv; do options+=(--clearing "$file"); done
  for file in "$scratch"/out/*_totals.csv; do options+=(--totals "$file"); done
  "$WORLD_BIN/day-audit" --issuer "$WORLD/visa.journal" --issuer "$WORLD/mc.journal" "${options[@]}"
}
# What every day ends with, whatever happened in it.
day_ends_well() {
  check "everything that was due was acknowledged" wait_until 60 nothing_due
  check "the day is cut and its clearing files verify" day_cut
  check "terminals, issuers and clearing agree: difference 0" books
  grep -E '^(terminals:|978|difference)' "$scratch/check.out" | sed 's/^/        /'
}
# A summary without anything broken, and nobody who gave up.
summary_is_clean() { # FILE
  refuted "no terminal saw anything broken" grep -q '"broken":true' "$1"
  check "no terminal gave up" equal "$(figure "$1" gave_up)" 0
}
