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
  sed -E -e '/^isotest: warning: --var/d' -e '/^  timeline/,/^  [^ ]/{/^     \+/d}' -e "s#$work/##g; s#$DATA#DATA#g; s#$POS_PORT#POS#g; s#$VISA_PORT#VISA#g" \
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

# --- nothing secret is told, wherever it stands
cat >"$work/secret.isot" <<'ISOT'
include "lab.isot"
test "a sale of 4111111111111111" {
  exec "echo 4111111111111111=29122010000 80577FB0985DCD8AC8EF7CF4F2B9F46D"
    stdout == nothing
}
test "fields with a card number" {
  on VISA 0200 reply
    39 00
  send 0200 from T1
    3 000000
    4 amount 5.00 EUR
    37 411111111117
    card gold by manual
  expect 0210 within 2s
    44 == "x 5555555555554444"
}
ISOT
check "what fails tells" exits 1 run secret.isot --keep-going --junit "$scratch/s.xml" --json "$scratch/s.json"
printf '%s\n' "$said" >"$scratch/s.txt"
check "... with masked cards" says '411111[*]{6}1111=[*]{11}'
refuted "no card number, track or key is told" \
  grep -iE '4111111111111111|5555555555554444|29122010000|80577FB0985DCD8A|411111111117' "$scratch/s.txt" "$scratch/s.xml" "$scratch/s.json"

# --- what machines read has all that fails
cat >"$work/three.isot" <<'ISOT'
test "one" {
  if 1 == 1 {
    exec "false"
  }
}
test "two" {
  wait 1ms
}
ISOT
check "a test fails" exits 1 run three.isot --junit "$scratch/3.xml" --json "$scratch/3.json"
check "the tests behind it are listed as left out" grep -q '<skipped' "$scratch/3.xml"
check "... in JSON, too" grep -q '"skipped":true' "$scratch/3.json"
check "a rerun is told there" grep -q 'rerun: isotest run .*--from 1' "$scratch/3.xml"
check "... in TAP, too" exits 1 run three.isot --tap
check "... as a skipped test" says 'ok 2 - .*two # SKIP'
check "money that differs is a failure of JUnit" exits 1 run lost.isot --junit "$scratch/m.xml"
check "... by its name" grep -q 'name="money check".*' "$scratch/m.xml"
check "a script that cannot be read is an error of JUnit" exits 3 run typo.isot --junit "$scratch/t.xml"
check "... with the reason" grep -q '<error message="[^"]*typo.isot:2:3: error' "$scratch/t.xml"
printf 'issuer A {\n  listen 127.0.0.1:%s\n  dialect iso87_bcd\n  frame len2\n}\ntest "x" {\n}\n' "$POS_PORT" >"$work/taken.isot"
check "so is an address that is taken" exits 5 run taken.isot --junit "$scratch/a.xml"
check "... with the reason" grep -q 'errors="1"' "$scratch/a.xml"
check "no test fits: exit 2" exits 2 run three.isot --tags nosuch
check "... and it is said" says 'there is no test to run with --tags nosuch'
mkdir "$work/empty"
check "an empty folder: exit 2" exits 2 run empty
check "--from beyond the last test: exit 2" exits 2 run three.isot --from 100
check "--from with a folder: exit 2" exits 2 run . --from 1
check "... with the reason" says 'speak of one file, and here are'
to_full() { run three.isot --keep-going >/dev/full; }
check "a result that cannot be written: exit 5" exits 5 to_full
check "an unknown --var is warned of" exits 1 run three.isot --var "nosuch=1"
check "... by name" says 'warning: --var nosuch'

# --- the command that runs it again
cat >"$work/again it's.isot" <<'ISOT'
include "lab.isot"
data rows = "again.csv" unique
test "first" {
  next rows
  set a = seq(ids)
  set b = rand(digits 6)
}
test "second" {
  next rows
  set a = seq(ids)
  set b = rand(digits 6)
  exec "echo {{row.pan}} {{a}} {{b}} {{word}}"
    stdout == nothing
}
ISOT
printf 'pan\n1\n2\n' >"$work/again.csv"
check "a test with drawn values fails" exits 1 run "again it's.isot" --var "word=two words"
drawn=$(printf '%s\n' "$said" | grep -oE "got 2 2 [0-9]{6} two words" | head -1)
check "... and tells them" test -n "$drawn"
rerun=$(printf '%s\n' "$said" | sed -nE 's/^  rerun: //p')
isotest() { "$WORLD_BIN/isotest" "$@"; }
check "its rerun, taken by a shell, fails" exits 1 eval "$rerun"
check "... with the same values" says "$drawn"

# --- where it is told
cat >"$work/encode.isot" <<'ISOT'
include "lab.isot"
test "x" {
  set long = rand(letters 40)
  send 0800 from T1
    70 301
    37 {{long}}
}
ISOT
check "a value that cannot be encoded fails" exits 1 run encode.isot
check "... at its step" says 'encode.isot:[4-6]:'
for name in left right; do
  printf 'set %s = %s\nissuer A {\n  listen 127.0.0.1:{{%s}}\n  dialect iso87_bcd\n  frame len2\n}\ntest "%s" {\n}\n' \
    $name "$POS_PORT" $name $name >"$work/$name.isot"
done
check "files that listen on one address do not run at once" exits 5 "$WORLD_BIN/isotest" run --jobs 2 "$work/left.isot" "$work/right.isot"
check "... whatever its variable is called" says 'both listen on'

# --- fmt
{
  printf 'test "t" {\n'
  for _ in $(seq 5000); do printf 'repeat 1 {\n'; done
  for _ in $(seq 5001); do printf '}\n'; done
} >"$work/deep.isot"
cp "$work/deep.isot" "$scratch/deep.isot"
check "fmt refuses what is nested too deep" exits 3 "$WORLD_BIN/isotest" fmt "$work/deep.isot"
check "... and leaves it as it was" cmp "$work/deep.isot" "$scratch/deep.isot"
printf 'test "t" {\n   wait 1s\n}\n' >"$work/target.isot"
ln -s target.isot "$work/link.isot"
check "fmt lays out what a link names" exits 0 "$WORLD_BIN/isotest" fmt "$work/link.isot"
check "... which stays a link" test -L "$work/link.isot"
check "... and its target is laid out" grep -q '^  wait' "$work/target.isot"
verdict
