#!/usr/bin/env bash
# isotest against the real switch: its scripts play the terminal and the issuer. The four examples
# pass; each has a broken twin, and what that one's failure prints is compared with what it should
# (tests/vectors/isot/told, times and numbers of the run blotted out). UPDATE=1 writes those anew.
WORLD_ANSWER=1s
. "$(dirname "$0")/testing.sh"

scripts=$PWD/tests/vectors/isot
[ -d "$scripts" ] || scripts=$(cd "$(dirname "$0")/../vectors/isot" && pwd)
world_make "$scratch/world"
must "hsm, one issuer and the switch start" world_start hsm mc switch
work=$scratch/scripts
cp -r "$scripts" "$work"

# run FILE [OPTIONS...]: with this world's ports and socket
run() {
  local file=$1
  shift
  "$WORLD_BIN/isotest" run "$work/$file" --var "pos=$POS_PORT" --var "visa=$VISA_PORT" \
    --var "data=$DATA" --data "$DATA" --allow-exec "$@"
}
# twin NAME OF SED...: a copy of OF with something broken
twin() {
  local name=$1 of=$2
  shift 2
  sed "$@" "$work/$of.isot" >"$work/$name.isot"
  refuted "the twin $name is another script" cmp -s "$work/$name.isot" "$work/$of.isot"
}
# What differs between two runs of the same failure: times, and the numbers that are drawn. The
# timeline is left out: what comes within a millisecond comes in any order.
blot() {
  sed -E -e '/^  timeline/,/^  [^ ]/{/^     \+/d}' -e "s#$work/##g; s#$DATA#DATA#g; s#$POS_PORT#POS#g; s#$VISA_PORT#VISA#g" \
    -e 's/[0-9]+(\.[0-9]+)? (ms|s)\b/N \2/g; s/ +N (ms|s)$/ N \1/; s/^( +\+)[0-9.]+/\1N/; s/\(\+N ms\) +/(+N ms)  /' \
    -e 's/^( +!? ?DE(7|11|12|13|15|32|37|38|52|55|64|90) .{12}).*/\1.../' -e 's/(11|90)=[0-9]+/\1=.../g; s/got [0-9]{6,}/got .../; s/seed [0-9]+/seed N/' -e 's/trace [0-9]+/trace N/'
}
fails_as() { # NAME TEXT [OPTIONS...]
  local name=$1 text=$2 told=$scripts/told/$1.txt
  shift 2
  check "$text" exits 1 run "$name.isot" "$@"
  printf '%s\n' "$said" | blot >"$scratch/$name.txt"
  [ -n "${UPDATE:-}" ] && cp "$scratch/$name.txt" "$told"
  check "and says so as it should" diff "$told" "$scratch/$name.txt"
}

# --- the examples
for name in echo purchase_pin timeout_reversal; do
  check "$name passes" exits 0 run $name.isot
done
check "the money is told of, and it agrees" says '^MONEY CHECK .*difference 0$'
check "a day is sold, reversed, cut and cleared" exits 0 run clearing_day.isot --junit "$scratch/j.xml"
check "1000 sales: terminals = issuers = switch" says '^MONEY CHECK  terminals 1000 approved 1000.00 EUR = issuers 1000 approved 1000.00 EUR = switch 1000 approved 1000.00 EUR, difference 0$'
check "its results are in the JUnit file" grep -q 'tests="1" failures="0"' "$scratch/j.xml"

# --- their broken twins
twin echo_twin echo -e 's/39 == 00/39 == 96/'
fails_as echo_twin "an echo with another code fails"
twin stan_twin echo -e 's/^test/issuer HOST {\n  listen 127.0.0.1:{{visa}}\n  dialect iso87_bcd\n  frame len2+tpdu\n}\ntest/' \
  -e 's/^  send/  on HOST 0800 reply\n    11 000018\n  send/; /mac/d; s/lab.isot/stan_lab.isot/'
sed -e 's/{{pos}}/{{visa}}/; /^issuer VISA/,/^}/d' "$work/lab.isot" >"$work/stan_lab.isot"
fails_as stan_twin "a peer that does not echo the STAN is found out" --no-money-check
twin wrong_key lab -e 's/^key tpk:T1 8/key tpk:T1 9/'
twin purchase_twin purchase_pin -e 's/lab.isot/wrong_key.isot/'
fails_as purchase_twin "a terminal with another key is told: incorrect PIN"
twin reversal_twin timeout_reversal -e '/wait until/d' -e 's/within 2s/within 6s/; s/drop times 1  # first/drop times 2  # first/'
fails_as reversal_twin "an advice that is repeated once too often is seen"
twin clearing_twin clearing_day -e 's/== {{net}}/== {{net}}1/'
fails_as clearing_twin "a total that differs is seen" --var file=20261121

# --- the money
cat >"$work/late.isot" <<'ISOT'
include "lab.isot"
test "the issuer approves when nobody waits any more, and is told to take it back" {
  on VISA 0200 reply 0210 after 1500ms
    38 123456
    39 00
  on VISA 0420 reply 0430
    39 00
  send 0200 from T1
    3 000000
    4 amount 5.00 EUR
    card gold by magstripe
  expect 0210 within 5s
    39 == 91
  expect reversal at VISA within 5s
  wait until saf.depth == 0 within 10s
  wait 1s
}
ISOT
check "a late approval is reversed: the money agrees" exits 0 run late.isot
check "... and it is told" says 'MONEY CHECK .*difference 0'
cat >"$work/lost.isot" <<'ISOT'
include "lab.isot"
test "a terminal that gives up too soon" {
  on VISA 0200 reply 0210 after 600ms
    39 00
  send 0200 from T1
    3 000000
    4 amount 5.00 EUR
    card gold by magstripe
  expect 0200 at VISA within 1s
  expect 0210 within 1s
  send 0200 from T1
    3 000000
    4 amount 6.00 EUR
    card gold by magstripe
  expect 0200 at VISA within 1s
}
ISOT
check "an approval that the terminal never saw is a difference" exits 1 run lost.isot
check "... and it is named" says 'differs: stan'

# --- the ways it ends
twin closed lab -e "s/{{pos}}/1/"
twin closed_twin echo -e 's/lab.isot/closed.isot/'
check "nobody there: exit 4" exits 4 run closed_twin.isot
check "... and who" says 'could not connect to 127.0.0.1:1: connection refused'
printf 'test "x" {\n  sned 0800\n}\n' >"$work/typo.isot"
check "a script that is wrong: exit 3, with its place" exits 3 run typo.isot
check "... line and column" says 'typo.isot:2:3: error'
printf 'test "x" {\n  wait 60s\n}\n' >"$work/long.isot"
check "time is up: exit 6" exits 6 run long.isot --timeout 300ms
verdict
