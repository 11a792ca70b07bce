#!/usr/bin/env bash
# The scripts of tests/scripts against real processes: they play the terminals and all issuers of the
# switch that tests/scripts/lab describes. Their results are in $SCRIPTS_JUNIT, if that is set.
# Arguments: groups or files under tests/scripts instead of all.
. "$(dirname "$0")/testing.sh"

scripts=$(cd "$(dirname "$0")/../scripts" && pwd)
must "the scripts are there" test -s "$scripts/lab/lab.isot"

# Their switch, with ports of its own. Each row: the port in switch.yml, and the variable of lab.isot.
ports=(8583:pos 8584:pos_ascii 8585:pos_hex 8586:pos_93 8587:pos_2003 8588:pos_ebcdic 8589:pos_base1 9001:visa
       9002:mc 9003:amex_a 9004:amex_b 9005:diners_a 9006:diners_b 9007:nobody 9011:ebcdic1 9012:ninety1 9013:base1
       9014:twenty1)
vars=()
edits=()
WORLD=$scratch/world
DATA=$WORLD/data
mkdir -p "$WORLD/set" "$WORLD/log" "$WORLD/pid"
cp "$scripts"/lab/*.csv "$WORLD/set"
for row in "${ports[@]}"; do
  free_port
  vars+=(--var "${row#*:}=$FREE_PORT")
  edits+=(-e "s/:${row%%:*}\$/:$FREE_PORT/")
done
free_port
HSM_PORT=$FREE_PORT
sed "${edits[@]}" -e "s/:1500\$/:$HSM_PORT/" "$scripts/lab/switch.yml" >"$WORLD/set/switch.yml"
must "hsm and switch start" world_start hsm switch

groups=()
for group in "$scripts"/*/; do
  case $(basename "$group") in load | lab) ;; *) groups+=("${group%/}") ;; esac
done
[ $# -gt 0 ] && groups=("${@/#/$scripts/}")

# What isotest would say of them without running them.
check "every script is good" "$WORLD_BIN/isotest" check "${groups[@]}"
check "every script is laid out" "$WORLD_BIN/isotest" fmt --check "${groups[@]}"
untitled() { # File and title are the same words.
  local file title bad=0
  while read -r file; do
    title=$(sed -nE 's/^test "([^"]*)".*/\1/p' "$file" | tr '[:upper:] ' '[:lower:]_' | tr -cd '[:alnum:]_\n')
    [ "$title" = "$(basename "$file" .isot)" ] || { echo "$file: test \"$title\""; bad=1; }
  done < <(find "${groups[@]}" -name '*.isot')
  return $bad
}
check "every test is called as its file" untitled

junit=${SCRIPTS_JUNIT:-$scratch/scripts.xml}
mkdir -p "$(dirname "$junit")"
rm -f "$junit"
run() {
  "$WORLD_BIN/isotest" run "${groups[@]}" "${vars[@]}" --data "$DATA" --keep-going --junit "$junit" >"$scratch/run.txt" 2>&1
}
check "they pass, and the money agrees" run || grep -vE '^ ✓|difference 0$' "$scratch/run.txt" | head -150
tail -1 "$scratch/run.txt"
# shellcheck disable=SC2012
count=$(find "${groups[@]}" -name '*.isot' | wc -l)
check "each of the $count scripts has its result" grep -q "tests=\"$count\" failures=\"0\"" "$junit"
[ $# -gt 0 ] || check "they are 40 at least" at_least "$count" 40
check "nothing is left due" nothing_due
refuted "no transaction is left open" grep -qE '"open_count": *[1-9]' <(ctl day show --json)
verdict
