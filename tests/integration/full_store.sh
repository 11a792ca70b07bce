#!/usr/bin/env bash
# The store fills up. Fresh requests are refused with 96 while there is still room to finish what was
# begun: repeats get their answer, what is open is closed, reversals are taken; and the day can be
# ended. Then a terminal floods it with reversals that name nothing: it stops hearing of them, and the
# others do not notice.
WORLD_TERMINALS=24
WORLD_CARDS=40
WORLD_ANSWER=1s
WORLD_MAP=16MiB
WORLD_PREALLOCATE=16MiB
. "$(dirname "$0")/testing.sh"

world_make "$scratch/world"
# Answers to one amount are posted and lost: those sales are reversed, at the latest with a full store.
VISA_OPTIONS=(--rule 'when mti == 0200 and amount == 1111 then silent')
MC_OPTIONS=(--delay 1ms --delay-jitter 20ms)
must "the world starts" world_start
must "both links sign on" wait_until 20 links_up
used() { ctl status --json | grep -oE '"used_permille": *[0-9]+' | grep -oE '[0-9]+$'; }
full() { ctl alarms --json | grep -q store.full; }
idle() { ctl status --json | grep -qE '"slots": *\{[^}]*"used": *0[,}]'; }

# A sale of a kiosk by hand, before and after: the first is repeated, the second is fresh.
pan=$(awk -F, '$5 == "visa" {print $1; exit}' "$WORLD/set/test-cards.csv")
expiry=$(awk -F, '$5 == "visa" {print $2; exit}' "$WORLD/set/test-cards.csv")
kiosk=$(awk -F, '$4 == "kiosks" {id = $1} END {print id}' "$WORLD/set/terminals.csv")
merchant=$(awk -F, -v id="$kiosk" '$1 == id {print $2}' "$WORLD/set/terminals.csv")
stamp=$(date -u +%m%d%H%M%S)
message() { # MTI STAN AMOUNT [MORE...]: the fields that a kiosk sends
  local mti=$1 stan=$2 amount
  amount=$(printf '%012d' "$3")
  shift 3
  "$WORLD_BIN/isomsg" send --connect "127.0.0.1:$POS_PORT" --frame len2+tpdu --dialect iso87_bcd --json \
    --mti "$mti" 2="$pan" 3=000000 4="$amount" 7="$stamp" 11="$stan" 12="${stamp:4}" 13="${stamp:0:4}" \
    14="$expiry" 22=021 25=00 41="$kiosk" 42="$merchant" 49=978 "$@"
}
field() { grep -oE "\"$1\":\"[^\"]*\"" <<<"$said" | cut -d'"' -f4; }
check "a sale is approved" exits 0 message 0200 000001 500
rrn=$(field 37)
auth=$(field 38)
check "with 00" equal "$(field 39)" 00
check "another is approved, to be reversed later" exits 0 message 0200 000002 700
check "with 00" equal "$(field 39)" 00

terminals_run load pos.journal --json --terminals 23 --window 4 --duration 1h --amounts 1090-1130 --pin 0% \
  --reversals 10% --repeat-after 3s --repeats 6 --settle 60s
check "the store fills up ($(used) permille used at first)" wait_until 120 full
before=$(lines "$WORLD/pos.journal")
check "terminals are answered all the same" wait_until 30 grown pos.journal 2000 "$before"
echo "        $(used) permille used"
check "a fresh sale" exits 0 message 0200 000003 900
check "is refused with 96" equal "$(field 39)" 96
check "the repeat of the old one" exits 0 message 0201 000001 500
check "gets the old answer" equal "$(field 39) $(field 37) $(field 38)" "00 $rrn $auth"
check "a reversal of another" exits 0 message 0400 000004 700 90="0200000002${stamp}0000000000000000000000"
check "is taken" equal "$(field 39)" 00
check "the repeat of what it reversed" exits 0 message 0201 000002 700
refuted "is not approved any more" equal "$(field 39)" 00

# Reversals that name nothing, each another, as fast as one connection takes them.
cat >"$scratch/flood.isot" <<END
terminal MAD {
  connect 127.0.0.1:$POS_PORT
  dialect iso87_bcd
  frame len2+tpdu 6000010000
  reversal off
  41 "$kiosk"
  42 "$merchant"
}
test "a flood" tags load {
  send 0400 from MAD
    2 "$pan"
    3 000000
    4 amount 77.00 EUR
    14 "$expiry"
    22 021
    25 00
    37 rand(digits 12)
  expect 0410 within 1s
    39 == 00
}
END
flood() { "$WORLD_BIN/isotest" load "$scratch/flood.isot" --max --window 64 --no-screen --no-money-check --duration 8s; }
check "a flood of reversals of unknown originals" exits 1 flood
check "hears nothing in the end" says "times: no answer in time"
echo "        $(used) permille used after the flood"
check "is taken for a while" at_least "$(used)" 935
check "and no further" at_least 969 "$(used)"
check "is alarmed" full
check "the switch runs" kill -0 "$(cat "$WORLD/pid/switch")"
check "a fresh sale is refused as before" exits 0 message 0200 000006 900
check "with 96" equal "$(field 39)" 96
check "the repeat of the old sale" exits 0 message 0201 000001 500
check "gets the old answer" equal "$(field 39) $(field 37)" "00 $rrn"
kill -0 "$(cat "$WORLD/pid/load")"
check "the terminals went on all the time" equal $? 0
world_stop load
check "they ended without a contradiction" equal $? 0
summary_is_clean "$WORLD/log/load.log"
check "they were told 96" at_least "$(declined "$WORLD/log/load.log" 96)" 500
check "nothing stays open" wait_until 30 idle

world_stop switch
check "a full store is left cleanly" equal $? 0
check "and opened again" world_start switch
check "both links sign on" wait_until 20 links_up
# The terminals' journal knows nothing of the sale that was sent by hand: take it back.
check "the reversal of the sale by hand" exits 0 message 0400 000005 500 90="0200000001${stamp}0000000000000000000000"
check "is taken" equal "$(field 39)" 00
day_ends_well
echo "        $(used) permille used"
check "the store verifies against its files" "$WORLD_BIN/swclear" verify --data "$DATA" "$scratch/out"
verdict
