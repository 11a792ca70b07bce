#!/usr/bin/env bash
# Terminals of ISO 8583:1993 sell to issuers of 2003 and of 1993 in another dialect, with PINs, MACs, repeats, reversals,
# silent issuers and a killed switch: as with one dialect everywhere, nothing is lost or doubled.
WORLD_TERMINALS=18
WORLD_CARDS=24
WORLD_DIALECT=iso93_bcd
WORLD_ANSWER=800ms
. "$(dirname "$0")/testing.sh"

VISA_OPTIONS=(--dialect iso2003 --rule 'when mti == 0200 and amount >= 1000 and amount < 1100 then silent')
MC_OPTIONS=(--dialect iso93_ascii)
world_make "$scratch/world"
sed -i -e '/^  visa1:/,/dialect/s/dialect: .*/dialect: iso2003/' -e '/^  mc1:/,/dialect/s/dialect: .*/dialect: iso93_ascii/' \
  "$WORLD/set/switch.yml"
must "the world starts" world_start
must "both links sign on" wait_until 20 links_up
terminals_run load pos-load.journal --json --rate 150 --duration 1h --pin 40% --wrong-pin 5% --reversals 10% --refunds 5% \
  --balance 5% --repeat-after 900ms --repeats 30 --settle 60s
served() {
  local before
  before=$(lines "$WORLD/pos-load.journal")
  check "$1" wait_until 60 grown pos-load.journal 500 "$before"
}
served "terminals are served"
for round in 1 2; do
  world_kill switch
  check "round $round: the switch is killed and starts again" world_start switch
  check "round $round: both links sign on" wait_until 20 links_up
  served "round $round: terminals are served"
done
world_stop load
check "the terminals end without a contradiction" equal $? 0
summary_is_clean "$WORLD/log/load.log"
check "most was approved" at_least "$(figure "$WORLD/log/load.log" approved)" 500
check "wrong PINs were told as such" at_least "$(declined "$WORLD/log/load.log" 55)" 5
check "some were reversed by their terminals" at_least "$(figure "$WORLD/log/load.log" reversed)" 20
day_ends_well
verdict
