#!/usr/bin/env bash
# Reversals that an issuer refuses, or never acknowledges, become dead letters: they hold up no other,
# keep their day from being signed off, are tried again, and staff can end them.
WORLD_TERMINALS=4
WORLD_CARDS=8
WORLD_ANSWER=500ms
WORLD_TRIES=3
WORLD_DEAD_LETTERS=2s
. "$(dirname "$0")/testing.sh"

world_make "$scratch/world"
set=$WORLD/set
pan=$(awk -F, '$5 == "visa" {print $1; exit}' "$set/test-cards.csv")
expiry=$(awk -F, '$5 == "visa" {print $2; exit}' "$set/test-cards.csv")
kiosk=$(awk -F, '$4 == "kiosks" {print $1; exit}' "$set/terminals.csv")
refusing=(--rule 'when mti == 0200 and amount < 5000 then silent'
          --rule 'when mti prefix 042 and amount == 1000 then decline 05'
          --rule 'when mti prefix 042 and amount == 2000 then decline 91')
VISA_OPTIONS=("${refusing[@]}" --rule 'when mti prefix 042 and amount == 3000 then decline 12 times 1')
must "the world starts" world_start
must "both links sign on" wait_until 20 links_up

stamp=$(date -u +%m%d%H%M%S)
message() { # MTI STAN AMOUNT [MORE...]
  local mti=$1 stan=$2 amount
  amount=$(printf '%012d' "$3")
  shift 3
  "$WORLD_BIN/isomsg" send --connect "127.0.0.1:$POS_PORT" --frame len2+tpdu --dialect iso87_bcd --json \
    --mti "$mti" 2="$pan" 3=000000 4="$amount" 7="$stamp" 11="$stan" 12="${stamp:4}" 13="${stamp:0:4}" \
    14="$expiry" 22=021 25=00 41="$kiosk" 49=978 "$@"
}
saf() { ctl saf list --json | tr '{' '\n' | grep "\"amount_minor\": *$1[,}]"; }
dead() { saf "$1" | grep -q '"dead": *true'; }
gone() { ! saf "$1"; }
for amount in 1000 2000 3000 4000; do
  check "a sale of $amount hears 91" exits 0 message 0200 "00$amount" "$amount"
  check "it does" says '"39":"91"'
done
check "what is acknowledged is done" wait_until 20 gone 4000
check "what is refused is dead" wait_until 20 dead 1000
check "what is told 'again' three times is dead" wait_until 30 dead 2000
check "what was refused once is tried again, and done" wait_until 30 gone 3000
alarmed() { ctl alarms --json | grep -q "\"name\": *\"$1\""; }
check "it counts how often it was sent" exits 0 saf 2000
check "three times at least" at_least "$(grep -oE '"tries": *[0-9]+' <<<"$said" | grep -oE '[0-9]+')" 3
sequence=$(saf 2000 | grep -oE '"seq": *[0-9]+' | grep -oE '[0-9]+')
check "its journal says that it is dead" exits 0 ctl tx show "$sequence"
check "in words" says "SETTLE +dead"
check "it is found by its terminal and STAN" exits 0 ctl tx show --terminal "$kiosk" --stan 002000
check "it is the same" says "^$sequence "
rrn=$(ctl tx show "$sequence" --json | grep -oE '"rrn": *"[0-9]+"' | grep -oE '[0-9]+')
check "and by its RRN alone" exits 0 ctl tx show --rrn "$rrn"
check "the same again" says "^$sequence "
check "one that never was is not found" exits 1 ctl tx show --rrn 999999999999
check "it says so" says "no such transaction"
check "an alarm tells of the refused" alarmed reversal.dead
check "and one of the unacknowledged" alarmed reversal.again

check "the day ends" ctl day cutover --yes
check "clearing is done" "$WORLD_BIN/swclear" run --data "$DATA" --out "$scratch/out"
check "the day is not signed off over them" exits 1 ctl day sign-off --yes
check "it says why" says "reversals of that day are still due"
check "day show counts them" exits 0 ctl day show --json
check "two of two" says '"dead_count": *2'

sequence=$(saf 1000 | grep -oE '"seq": *[0-9]+' | grep -oE '[0-9]+')
check "staff ends one" exits 0 ctl saf resolve "$sequence" --yes
check "it is gone" gone 1000
check "a second time there is none" exits 1 ctl saf resolve "$sequence" --yes
check "it says why" says "no dead letter"
check "a word is no sequence" exits 2 ctl saf resolve all --yes

# The issuer learns to take them: at the sign-on, not hours later.
world_stop visa
VISA_OPTIONS=()
check "the issuer comes back in a better mood" world_start visa
check "the other is acknowledged" wait_until 20 gone 2000
check "nothing is due" nothing_due
check "the day is signed off" exits 0 ctl day sign-off --yes
world_stop switch
check "the chain holds" exits 0 "$WORLD_BIN/swclear" verify "$scratch/out" --data "$DATA"
verdict
