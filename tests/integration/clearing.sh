#!/usr/bin/env bash
# The end of days: cut under traffic, with the daemon up and down, killed at any moment and begun
# again. The files are the same bytes each time, are published once, and show a byte that was changed.
WORLD_TERMINALS=24
WORLD_CARDS=40
WORLD_ANSWER=1s
WORLD_PREALLOCATE=16MiB
. "$(dirname "$0")/testing.sh"

world_make "$scratch/world"
VISA_OPTIONS=(--delay 5ms --delay-jitter 30ms)
must "the world starts" world_start
must "both links sign on" wait_until 20 links_up
swclear() { "$WORLD_BIN/swclear" "$@"; }
same_files() { diff -r "$1" "$2"; }
link_is() { ctl link list --json | grep -qE "\"name\": *\"$1\"[^}]*\"state\": *\"$2\""; }

# A sale by hand, by a kiosk that the other terminals do not have: it is reversed days later.
pan=$(awk -F, '$5 == "visa" {print $1; exit}' "$WORLD/set/test-cards.csv")
expiry=$(awk -F, '$5 == "visa" {print $2; exit}' "$WORLD/set/test-cards.csv")
kiosk=$(awk -F, '$4 == "kiosks" {id = $1} END {print id}' "$WORLD/set/terminals.csv")
merchant=$(awk -F, -v id="$kiosk" '$1 == id {print $2}' "$WORLD/set/terminals.csv")
stamp=$(date -u +%m%d%H%M%S)
message() { # MTI STAN AMOUNT [MORE...]
  local mti=$1 stan=$2 amount
  amount=$(printf '%012d' "$3")
  shift 3
  "$WORLD_BIN/isomsg" send --connect "127.0.0.1:$POS_PORT" --frame len2+tpdu --dialect iso87_bcd --json \
    --mti "$mti" 2="$pan" 3=000000 4="$amount" 7="$stamp" 11="$stan" 12="${stamp:4}" 13="${stamp:0:4}" \
    14="$expiry" 22=021 25=00 41="$kiosk" 42="$merchant" 49=978 "$@"
}
answered() { grep -qE "\"39\":\"$1\"" <<<"$said" || { echo "said: $said"; return 1; }; }
check "a sale is sent by hand" exits 0 message 0200 000001 123456
check "and approved" answered 00

terminals_run load pos.journal --json --terminals 23 --window 2 --rate 400 --duration 1h --pin 10% \
  --reversals 20% --settle 60s
must "the terminals are at work" wait_until 60 grown pos.journal 4000 0

# Day 1: cut under traffic, with the daemon up.
check "an open day is not cleared" exits 1 swclear run --data "$DATA" --out "$scratch/early" --day "$DAY"
check "it says in which state it is" says "day 20261120 is OPEN"
check "day 1 is cut under traffic" day_cut
check "again: the same, and nothing is published anew" exits 0 swclear run --data "$DATA" --out "$scratch/again" --day "$DAY"
check "again: it says so" says "published before: the same bytes again"
check "again: the same bytes" same_files "$scratch/out" "$scratch/again"
check "into the same directory: the same" exits 0 swclear run --data "$DATA" --out "$scratch/out" --day "$DAY"
check "into the same directory: the same bytes" same_files "$scratch/out" "$scratch/again"
check "the terminals go on" wait_until 60 grown pos.journal 3000 "$(lines "$WORLD/pos.journal")"

# The sale of day 1 is in a file: its reversal is an item of day 2.
check "the sale is reversed a day later" exits 0 message 0400 000002 123456 90="0200000001${stamp}0000000000000000000000"
check "the reversal is taken" answered 00

# Day 2: swclear is killed again and again at some moment, with the daemon up; then it may finish.
world_stop load
check "the terminals ended without a contradiction" equal $? 0
summary_is_clean "$WORLD/log/load.log"
check "everything that was due was acknowledged" wait_until 60 nothing_due
mkdir "$scratch/empty"
check "an empty folder has nothing to verify" exits 3 "$WORLD_BIN/swclear" verify "$scratch/empty"
check "it says so" says "there is nothing to verify"
ctl day cutover --yes >/dev/null
must "day 2 is drained" wait_until 30 day_is 2026-11-21 DRAINED
# Run swclear on a data directory for so many milliseconds; true if it was killed.
killed_after() { # MS DATA OUT DAY
  ! timeout -s KILL "$(printf '0.%03d' "$1")" "$WORLD_BIN/swclear" run --data "$2" --out "$3" --day "$4" -q
}
murdered=0
for ms in {1..40}; do
  killed_after "$ms" "$DATA" "$scratch/out" 2026-11-21 && murdered=$((murdered + 1))
done >/dev/null 2>&1
echo "        swclear was killed $murdered times in 40"
check "it was killed more than once" at_least "$murdered" 2
check "day 2 is finished" exits 0 swclear run --data "$DATA" --out "$scratch/out" --day 2026-11-21
check "with nothing to do" exits 0 swclear run --data "$DATA" --out "$scratch/out"
check "it says which day is done" says "20261121 is done; --day 20261121 makes its files again"
check "the files verify" swclear verify --data "$DATA" "$scratch/out"
check "no half-written file is left" equal "$(find "$scratch/out" -name '*.tmp*' | wc -l)" 0
check "it was published once: each day has one file" equal "$(find "$scratch/out" -name '*.ipm' | wc -l)" 2
check "its reversal item stands in the file of day 2" grep -qE ",SR,.*,123456,978," "$scratch"/out/20261121_*.csv
refuted "and in no file of day 1" grep -qE ",SR,.*,123456,978," "$scratch"/out/20261120_[0-9]*.csv
check "the sale stands in the file of day 1" grep -qE ",S,.*,123456,978," "$scratch"/out/20261120_[0-9]*.csv

# Day 3: the issuer is away, so a reversal is due when the day ends; cleared with the daemon down.
stamp=$(date -u +%m%d%H%M%S)
check "day 3 has its traffic" terminals pos.journal --terminals 23 --window 4 --count 2500 --reversals 20% --pin 0%
check "a sale of day 3 is sent" exits 0 message 0200 000003 654321
check "and approved" answered 00
world_kill visa
check "its issuer is away" wait_until 20 link_is visa1 down
check "it is reversed" exits 0 message 0400 000004 654321 90="0200000003${stamp}0000000000000000000000"
check "the reversal is taken" answered 00
ctl day cutover --yes >/dev/null
must "day 3 is drained" wait_until 30 day_is 2026-11-22 DRAINED
check "a day that is not cut is not signed off" exits 1 ctl day sign-off --day 2026-11-22
world_stop switch

# Copies of the store, each killed at another moment, twice, and then finished.
murdered=0
bad=0
for ms in 3 7 12 18 25 32 40 50 60 70; do
  copy=$scratch/copy
  cp -r "$DATA" "$copy"
  cp -r "$scratch/out" "$copy/out"
  killed_after "$ms" "$copy" "$copy/out" 2026-11-22 && murdered=$((murdered + 1))
  killed_after "$((ms / 2))" "$copy" "$copy/out" 2026-11-22 && murdered=$((murdered + 1))
  { swclear run -q --data "$copy" --out "$copy/out" --day 2026-11-22 && swclear verify -q --data "$copy" "$copy/out" &&
      cp -r "$copy/out" "$copy/once" &&
      swclear run -q --data "$copy" --out "$copy/out" --day 2026-11-22 && same_files "$copy/out" "$copy/once" &&
      equal "$(find "$copy/out" -name '20261122*' | wc -l)" 4; } || bad=$((bad + 1))
  rm -rf "$copy"
done >/dev/null 2>&1
echo "        swclear was killed $murdered times in 20"
check "with the daemon down it may be killed, too" at_least "$murdered" 4
check "each copy of the store is finished with one file, the same each time" equal "$bad" 0
check "day 3 is cleared with the daemon down" exits 0 swclear run --data "$DATA" --out "$scratch/out"
check "it writes itself" says "by direct"
check "day 2 again, with the daemon down" exits 0 swclear run --data "$DATA" --out "$scratch/down" --day 2026-11-21
down_is_same() { for file in "$scratch"/down/*; do cmp "$file" "$scratch/out/${file##*/}" || return 1; done; }
check "the same bytes" down_is_same
check "the daemon starts again" world_start switch
check "day 3 again, with the daemon up" exits 0 swclear run --data "$DATA" --out "$scratch/up" --day 2026-11-22
up_is_same() { for file in "$scratch"/up/*; do cmp "$file" "$scratch/out/${file##*/}" || return 1; done; }
check "the same bytes" up_is_same

check "a day with a reversal that is due is not signed off" exits 1 ctl day sign-off --day 2026-11-22
check "it says why" says "reversals of that day are still due"
check "day 1 has nothing due, and is signed off" ctl day sign-off --day "$DAY"
check "the issuer is back" world_start visa
check "the reversal is acknowledged" wait_until 60 nothing_due
check "now day 3 is signed off" ctl day sign-off --day 2026-11-22
check "it is closed" day_is 2026-11-22 CLOSED
check "a closed day gives the same bytes" exits 0 swclear run --data "$DATA" --out "$scratch/up" --day 2026-11-22
check "the same bytes" up_is_same

# The two sales by hand have come to nothing; the terminals' journal does not know them.
check "terminals, issuers and clearing of all days agree: difference 0" books
grep -E '^(terminals:|978|difference)' "$scratch/check.out" | sed 's/^/        /'

# One byte is changed somewhere, in every kind of file: found.
check "the files are good" swclear verify "$scratch/out"
for file in "$scratch"/out/20261120_*; do
  rm -rf "$scratch/bad"
  cp -r "$scratch/out" "$scratch/bad"
  size=$(stat -c %s "$file")
  at=$((RANDOM * 32768 % size + RANDOM % size))
  at=$((at % size))
  old=$(od -An -tu1 -j $at -N 1 "$file" | tr -d ' ')
  # shellcheck disable=SC2059
  printf "\\x$(printf '%02x' $((old ^ 1)))" |
    dd of="$scratch/bad/${file##*/}" bs=1 seek=$at conv=notrunc status=none
  check "byte $at of ${file##*/} is changed: verify finds it" exits 1 swclear verify "$scratch/bad"
done
rm -rf "$scratch/bad"
cp -r "$scratch/out" "$scratch/bad"
rm "$scratch"/bad/20261121_*.ipm
check "a file is missing: verify finds it" exits 1 swclear verify "$scratch/bad"

# What cannot be read at all is a wrong input, not a bad answer, wrong use or bad storage.
check "no such directory: verify ends with 3" exits 3 swclear verify "$scratch/nowhere"
check "it says so" says "nowhere: No such file or directory"
echo "20261120" >"$scratch/plain"
check "a plain file: verify ends with 3" exits 3 swclear verify "$scratch/plain"
check "it says what is expected" says "plain: is neither a directory, nor an .ipm or _manifest.json file"
check "no such file: show ends with 3" exits 3 swclear show "$scratch/nowhere.ipm"
check "a directory: show ends with 3" exits 3 swclear show "$scratch/out"
check "no target at all ends with 2" exits 2 swclear verify
verdict
