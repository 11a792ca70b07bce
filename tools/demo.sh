#!/usr/bin/env bash
# The main job, seen: sets up, builds, starts an HSM, two issuers and the switch as real processes, and
# shows a POS day to its end. Asks nothing, leaves nothing running, ends with a verdict.
#   ./tools/demo.sh          under 4 minutes on a bare machine
#   ./tools/demo.sh --keep   leaves the processes up and prints the ports
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
keep=0
case "${1:-}" in
"") ;;
--keep) keep=1 ;;
*) echo "usage: tools/demo.sh [--keep]" >&2; exit 2 ;;
esac

WORLD_BIN=$PWD/build/bin
WORLD_ANSWER=2s
WORLD_LOG=debug
WORLD_TERMINALS=24
WORLD_CARDS=40
# shellcheck source=tests/integration/world.sh
. tests/integration/world.sh

work=$(mktemp -d)
faults=0
finish() {
  local code=$?
  if [ $keep = 0 ] || [ $code -ne 0 ]; then
    world_end
    rm -rf "$work"
  fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step() { printf '\n[%s] %s\n' "$1" "$2"; }
bad() { echo "   FAILED: $*"; faults=$((faults + 1)); }
# The words of a log line that people want to see.
short() {
  sed -E 's/^[0-9-]+T([0-9:.]+)Z DEBUG [a-z]+\.message /   \1  /; s/ de7=[0-9]+//; s/ bytes=[0-9]+//; s/ original=[0-9]+//'
}
since() { wc -l <"$WORLD/log/switch.log"; }
messages() { tail -n "+$(($1 + 1))" "$WORLD/log/switch.log" | grep -E '\.message ' | grep -vE 'mti=08' | short; }
summary() { grep -E "^($1) " "$2" | sed 's/^/   /'; }

step 1/6 "set up and build"
./tools/setup.sh || exit 1
begin=$SECONDS
mkdir -p build
{ cmake -S . -B build && cmake --build build -j "$(nproc)" --target switchd switchctl swclear hsm-sim \
    issuer-stub terminal-sim day-audit isomsg; } >build/demo-build.log 2>&1 ||
  { tail -30 build/demo-build.log; echo "the build failed: build/demo-build.log"; exit 1; }
echo "   built in $((SECONDS - begin)) s"

step 2/6 "start: hsm-sim, issuer-stub visa, issuer-stub mc, switchd"
world_make "$work"
VISA_OPTIONS=(--rule 'when mti == 0200 and amount == 6600 then silent'
              --rule 'when mti == 0420 and amount == 6600 then drop times 1')
world_start || exit 1
wait_until 10 links_up || bad "links did not sign on"
world_log switch | grep -E '^(switchd|  |ready)' | sed 's/^/   /; s#'"$work"'#DIR#g'

step 3/6 "a purchase with PIN, and one with a wrong PIN"
from=$(since)
terminals pos1.journal --terminals 1 --count 1 --pin 100% --wrong-pin 0% --reversals 0% --refunds 0% \
  --balance 0% --amounts 1250-1250 --seed 3 >"$work/one.txt" || bad "the purchase"
messages "$from"
grep -qE '^approved, final +1$' "$work/one.txt" || bad "not approved"
from=$(since)
terminals pos2.journal --first 2 --terminals 1 --count 1 --pin 100% --wrong-pin 100% --reversals 0% \
  --refunds 0% --balance 0% --amounts 1990-1990 --seed 3 >"$work/two.txt" || bad "the wrong PIN"
echo
messages "$from"
grep -qE '^declined 55 +1$' "$work/two.txt" || bad "a wrong PIN was not declined with 55"

step 4/6 "an issuer that posts and never answers: 91, then a reversal until it is acknowledged"
from=$(since)
terminals pos3.journal --first 3 --terminals 1 --count 4 --pin 0% --reversals 0% --refunds 0% \
  --balance 0% --amounts 6600-6600 --seed 5 >"$work/three.txt" || bad "the silent issuer"
wait_until 20 nothing_due || bad "the reversal was never acknowledged"
messages "$from" | grep -E 'visa1|code=91' | head -12
grep -qE '^declined 91 +[1-9]' "$work/three.txt" || bad "nothing was told 91"
messages "$from" | grep -q 'to=visa1 mti=0421' || bad "no 0421 was seen"
messages "$from" | grep -q 'from=visa1 mti=0430' || bad "no 0430 was seen"

step 5/6 "kill -9 of the switch under traffic, five times"
WORLD_LOG=info
world_stop switch
world_start switch
terminals pos4.journal --first 4 --terminals 20 --window 2 --rate 1500 --duration 12s --pin 30% \
  --wrong-pin 2% --reversals 5% --refunds 3% --balance 2% --repeat-after 1s --repeats 6 --restamp-de7 \
  --settle 60s >"$work/four.txt" &
load=$!
for n in 1 2 3 4 5; do
  journal_lines() { cat "$WORLD/pos4.journal" 2>/dev/null | wc -l; }
  before=$(journal_lines)
  more() { [ "$(journal_lines)" -gt $((before + 2500)) ] || world_gone $load; }
  wait_until 10 more
  world_kill switch
  world_start switch || bad "the switch did not come back"
  echo "   kill $n: $(world_log switch | grep -oE 'recovered .*')"
done
wait $load || bad "a terminal saw something wrong"
summary 'transactions begun|approved, final|declined|reversed|given up|requests repeated|connections lost|BROKEN: [a-z ]+' "$work/four.txt"
grep -qE '^given up +0$' "$work/four.txt" || bad "terminals gave up"
wait_until 30 nothing_due || bad "reversals are still due"

step 6/6 "end of day: cutover, clearing, and the three books"
ctl day cutover --yes >"$work/cutover.txt" 2>&1 || bad "cutover: $(cat "$work/cutover.txt")"
"$WORLD_BIN/swclear" run --data "$DATA" --out "$work/out" 2>"$work/clear.txt" | sed 's/^/   /' ||
  bad "clearing"
[ -f "$work/out/20261120_manifest.json" ] || { sed 's/^/   /' "$work/clear.txt"; bad "no clearing file"; }
"$WORLD_BIN/swclear" verify "$work/out" | sed 's/^/   /' || bad "the clearing files do not verify"
echo
audit=("$WORLD_BIN/day-audit")
for journal in "$WORLD"/pos?.journal; do audit+=(--terminals "$journal"); done
audit+=(--issuer "$WORLD/visa.journal" --issuer "$WORLD/mc.journal"
        --clearing "$work/out/20261120_00001.csv" --totals "$work/out/20261120_totals.csv")
"${audit[@]}" >"$work/audit.txt" || bad "the books differ"
sed 's/^/   /' "$work/audit.txt" | tail -20

echo
if [ $faults -ne 0 ]; then
  echo "FAILED: $faults of the things shown above went wrong (after $SECONDS s)"
  keep=0
  exit 1
fi
echo "OK  everything balanced, after $SECONDS s."
if [ $keep = 1 ]; then
  cat <<TEXT
Left running in $work:
  terminals  127.0.0.1:$POS_PORT  (frame len2+tpdu, dialect iso87_bcd)
  hsm-sim    127.0.0.1:$HSM_PORT   issuers 127.0.0.1:$VISA_PORT (visa), 127.0.0.1:$MC_PORT (mc)
  status     build/bin/switchctl --data $DATA status
Stop them:       kill $(cat "$WORLD"/pid/* | tr '\n' ' ')
Then remove:     rm -rf $work   (data, journals, logs and clearing files of this demo)
TEXT
fi
