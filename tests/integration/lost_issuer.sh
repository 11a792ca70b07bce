#!/usr/bin/env bash
# An issuer is taken out of the configuration while a reversal to it is due: the switch does not start, for
# nobody would ever send that reversal; put back and acknowledged, the issuer may go.
WORLD_TERMINALS=4
WORLD_CARDS=8
. "$(dirname "$0")/testing.sh"

world_make "$scratch/world"
set=$WORLD/set
must "the world starts" world_start
must "both links sign on" wait_until 20 links_up
link_is() { ctl link list --json | grep -qE "\"name\": *\"$1\"[^}]*\"state\": *\"$2\""; }
due() { ctl saf list --json | grep -o due_seq | wc -l; }

pan=$(awk -F, '$5 == "visa" {print $1; exit}' "$set/test-cards.csv")
expiry=$(awk -F, '$5 == "visa" {print $2; exit}' "$set/test-cards.csv")
kiosk=$(awk -F, '$4 == "kiosks" {print $1; exit}' "$set/terminals.csv")
stamp=$(date -u +%m%d%H%M%S)
message() { # MTI STAN AMOUNT [MORE...]
  local mti=$1 stan=$2 amount
  amount=$(printf '%012d' "$3")
  shift 3
  "$WORLD_BIN/isomsg" send --connect "127.0.0.1:$POS_PORT" --frame len2+tpdu --dialect iso87_bcd --json \
    --mti "$mti" 2="$pan" 3=000000 4="$amount" 7="$stamp" 11="$stan" 12="${stamp:4}" 13="${stamp:0:4}" \
    14="$expiry" 22=021 25=00 41="$kiosk" "$@"
}
check "a sale is approved" exits 0 message 0200 000001 1234 49=978
check "with 00" says '"39":"00"'
world_kill visa
check "its issuer dies" wait_until 20 link_is visa1 down
# Neither reversal has a DE49: the first finds its original, and is in its currency; the second has none.
check "the terminal reverses it" exits 0 message 0400 000002 1234 90="0200000001${stamp}0000000000000000000000"
check "with 00" says '"39":"00"'
check "and one that nobody has seen" exits 0 message 0400 000003 5678 90="0200000009${stamp}0000000000000000000000"
check "tx list shows the first in its original's currency" exits 0 ctl tx list
check "in euros" says ' 0400 .* 12\.34 EUR '
check "and the second in minor units" says ' 0400 .* 5678 minor units '
check "a reversal is due" equal "$(due)" 1
world_stop switch

# The configuration without visa: without the issuer, its link, and its prefixes.
cp -r "$set" "$scratch/without"
sed -i -e '/^  visa:$/,/^    zpk:/d' -e '/^  visa1:$/,/^    answer:/d' "$scratch/without/switch.yml"
sed -i '/,visa$/d' "$scratch/without/bins.csv"
without() { timeout 30 "$WORLD_BIN/switchd" -c "$scratch/without/switch.yml" --data "$DATA" "$@"; }
check "the configuration is good by itself" exits 0 without --check
check "with this store it ends with 3" exits 3 without
check "it says why" says "error: reversals are due to issuer 'visa', which is not configured"
refuted "and was not ready" says "^ready"
check "again: the same" exits 3 without

check "with the issuer it starts" world_start switch
check "the reversal is still due" equal "$(due)" 1
check "the issuer is back" world_start visa
check "it acknowledges" wait_until 60 nothing_due
world_stop switch

cp "$scratch"/without/{switch.yml,bins.csv} "$set/"
check "now the switch starts without it" world_start switch
check "and knows one link" equal "$(ctl link list --json | grep -o '"name"' | wc -l)" 1
verdict
