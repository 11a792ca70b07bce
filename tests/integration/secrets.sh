#!/usr/bin/env bash
# After a day with PINs, tracks, MACs, faults and debug logs no card number, track, PIN block or key of
# the day stands in any log, journal, store file, admin output or clearing report; in digits, packed,
# EBCDIC or binary. What was on the wire is taken from the wire itself, by taps.
WORLD_TERMINALS=12
WORLD_CARDS=20
WORLD_ANSWER=1s
WORLD_LOG=debug
WORLD_MORE='limits:
  frame: 500ms'
. "$(dirname "$0")/testing.sh"

world_make "$scratch/world"
set=$WORLD/set
mkdir "$scratch/taps" "$scratch/told"
told=$scratch/told
# Taps between the switch and its issuers, and between the terminals and the switch.
free_port; POS_TAP=$FREE_PORT
free_port; VISA_TAP=$FREE_PORT
free_port; MC_TAP=$FREE_PORT
sed -i "s/address: 127.0.0.1:$VISA_PORT/address: 127.0.0.1:$VISA_TAP/; s/address: 127.0.0.1:$MC_PORT/address: 127.0.0.1:$MC_TAP/" \
  "$set/switch.yml"
tap() { # NAME PORT TO
  world_run "tap-$1" "$WORLD_BIN/netpoke" tap "$2" "127.0.0.1:$3" "$scratch/taps/$1"
  world_ready "tap-$1" listening
}
HSM_OPTIONS=(--log-commands)
VISA_OPTIONS=(-v --rule 'when mti == 0200 and amount >= 1000 and amount < 1020 then silent'
              --rule 'when mti == 0200 and amount >= 1020 and amount < 1040 then late 1500')
MC_OPTIONS=(-v --duplicate 5%)
must "the taps listen" eval 'tap pos "$POS_TAP" "$POS_PORT" && tap visa "$VISA_TAP" "$VISA_PORT" && tap mc "$MC_TAP" "$MC_PORT"'
must "the world starts" world_start
must "both links sign on" wait_until 20 links_up

# The day, as text and as JSON logs, with a kill between.
port=$POS_PORT
POS_PORT=$POS_TAP
day=(--rate 200 --amounts 900-3000 --pin 70% --wrong-pin 10% --reversals 10% --repeat-after 1500ms --repeats 8 --settle 60s)
terminals_run load pos.journal --json --duration 1h "${day[@]}"
must "the terminals are at work" wait_until 60 grown pos.journal 1500 0
world_kill switch
SWITCH_OPTIONS=(--log-format json)
check "it is killed, and comes back" world_start switch
check "the terminals go on" wait_until 60 grown pos.journal 1500 "$(lines "$WORLD/pos.journal")"
world_kill visa
before=$(lines "$WORLD/pos.journal")
check "an issuer dies" wait_until 60 grown pos.journal 500 "$before"
check "and comes back" world_start visa
world_stop load
check "they ended without a contradiction" equal $? 0
POS_PORT=$port

# Messages that are cut short, and bytes without framing: what is said of them is masked, too.
first=$(find "$scratch/taps" -name 'pos.*.in' -size +100c | head -1)
len=$(($(od -An -tu1 -N1 "$first") * 256 + $(od -An -tu1 -j1 -N1 "$first")))
hex=$(od -An -tx1 -v -j7 -N$((len - 5)) "$first" | tr -d ' \n')
for cut in 2 10 24 40 60; do
  "$WORLD_BIN/isomsg" send --connect "127.0.0.1:$POS_PORT" --frame len2+tpdu --dialect iso87_bcd --timeout 1s \
    --hex "${hex:0:$((${#hex} - cut))}"
done >"$told/cut.txt" 2>&1
tail -c +10 "$first" | "$WORLD_BIN/netpoke" send "127.0.0.1:$POS_PORT" >"$told/unframed.txt"
for dialect in iso87_bcd iso87_ascii; do
  "$WORLD_BIN/isomsg" view --frame len2+tpdu --dialect $dialect "$first"
  "$WORLD_BIN/isomsg" view --frame len2+tpdu --dialect $dialect --json "$first"
done >"$told/view.txt" 2>&1
check "messages that cannot be read were told" grep -q 'message.unreadable\|terminal.closed' "$WORLD/log/switch.log"

# Everything that the admin's tools and the clearing print.
world_kill visa
for format in '' --json; do
  for verb in status 'tx list -n 1000' 'day show' 'link list' 'link show visa1' 'saf list' alarms 'tx show 7' 'tx show 11'; do
    # shellcheck disable=SC2086
    ctl $verb $format
  done
done >"$told/admin.txt" 2>&1
world_start visa
check "everything that was due was acknowledged" wait_until 60 nothing_due
check "the store keeps no core" grep -qE 'Max core file size +0 +0' "/proc/$(cat "$WORLD/pid/switch")/limits"
swclear() { "$WORLD_BIN/swclear" "$@"; }
{ swclear preview --data "$DATA"; day_cut; swclear verify --data "$DATA" "$scratch/out"
  swclear show "$scratch"/out/*.ipm; } >"$told/clear.txt" 2>&1
books >"$told/audit.txt" 2>&1
check "terminals, issuers and clearing agree: difference 0" grep -q '^difference 0$' "$told/audit.txt"
# Configuration errors about cards and keys.
cp -r "$set" "$scratch/bad"
sed -i '2p; s/,1,/,x,/' "$scratch/bad/cards.csv"
paste -d, "$set/test-cards.csv" "$set/terminal-keys.csv" >>"$scratch/bad/terminals.csv"
cat "$set/terminal-keys.csv" >>"$scratch/bad/switch.yml"
"$WORLD_BIN/switchd" -c "$scratch/bad/switch.yml" --check >"$told/config.txt" 2>&1
sed -i '/^id,tpk/,$d' "$scratch/bad/switch.yml"
"$WORLD_BIN/switchd" -c "$scratch/bad/switch.yml" --check >>"$told/config.txt" 2>&1
check "a bad configuration was told" grep -q 'error' "$told/config.txt"
world_stop switch

# --- the patterns: LABEL<tab>HEX -------------------------------------------------------------------
text_hex() { printf '%s' "$1" | od -An -tx1 -v | tr -d ' \n'; }
ebcdic_hex() { sed 's/./f&/g' <<<"$1"; }
packed() { # LABEL DIGITS: as nibbles, beginning at either half of a byte
  local digits=$2
  [ $((${#digits} % 2)) = 0 ] || digits=${digits:0:-1}
  printf '%s-packed\t%s\n' "$1" "$digits"
  printf '%s-packed-odd\t%s\n' "$1" "${2:1:$(((${#2} - 1) / 2 * 2))}"
}
bytes() { # LABEL HEX: as bytes, and as hex of either case
  printf '%s-binary\t%s\n' "$1" "$2"
  printf '%s-hex\t%s\n' "$1" "$(text_hex "${2^^}")"
  printf '%s-hex\t%s\n' "$1" "$(text_hex "${2,,}")"
}
card_patterns() {
  local pan expiry pin track issuer rest account
  while IFS=, read -r pan expiry pin track issuer; do
    rest=${track#*=}
    printf 'pan-digits\t%s\n' "$(text_hex "$pan")"
    printf 'pan-ebcdic\t%s\n' "$(ebcdic_hex "$pan")"
    packed pan "$pan"
    printf 'track-digits\t%s\n' "$(text_hex "=$rest")"
    printf 'track-digits\t%s\n' "$(text_hex "D$rest")"
    packed track "${pan}d$rest"
    packed track-rest "d$rest"
    # The clear PIN block: 0, length, PIN, filler F; xored with the account.
    account=${pan: -13:12}
    bytes pin-clear "$(printf '%016x' $((0x0${#pin}${pin}ffffffffff ^ 0x0000$account)))"
  done < <(tail -n +2 "$set/test-cards.csv")
}
key_patterns() {
  local id tpk tak key
  while IFS=, read -r id tpk tak; do
    for key in $tpk $tak; do
      bytes key "${key:0:16}"
      bytes key "${key:16:16}"
    done
  done < <(tail -n +2 "$set/terminal-keys.csv")
}
# The PIN blocks that were on the wire: under the terminals' keys, and under the issuer's.
wire() { # NAME FRAME DIALECT DE
  for file in "$scratch"/taps/"$1".*.in; do
    "$WORLD_BIN/isomsg" view --frame "$2" --dialect "$3" --json --unmask "$file" 2>/dev/null
  done | grep -oE "\"$4\":\"[^\"]*\"" | cut -d'"' -f4 | sort -u
}
{ wire pos len2+tpdu iso87_bcd 52; wire visa len2 iso87_ascii 52; } >"$scratch/blocks"
{ card_patterns; key_patterns; while read -r block; do bytes pin-block "$block"; done <"$scratch/blocks"
} | sort -u >"$scratch/patterns"
echo "        $(wc -l <"$scratch/patterns") patterns, $(wc -l <"$scratch/blocks") PIN blocks from the wire"
check "there were PIN blocks on the wire" at_least "$(lines "$scratch/blocks")" 200

# --- first: that they are found where they are -----------------------------------------------------
find_in() { "$WORLD_BIN/bytefind" "$scratch/patterns" "$@" >"$scratch/found"; }
finds() { # LABEL FILE...
  local label=$1
  shift
  find_in "$@"
  grep -q " $label " "$scratch/found"
}
check "the search finds card numbers in the list of cards" finds pan-digits "$set/test-cards.csv"
check "and tracks" finds track-digits "$set/test-cards.csv"
check "and clear keys in the list of keys" finds key-hex "$set/terminal-keys.csv"
check "and card numbers in the clearing file, which must have them" finds pan-digits "$scratch"/out/*.ipm
check "and packed ones on the terminals' wire" finds pan-packed "$scratch"/taps/pos.*.in
check "and packed tracks" finds track-packed "$scratch"/taps/pos.*.in
check "and PIN blocks" finds pin-block-binary "$scratch"/taps/pos.*.in
check "and translated ones on the issuer's" finds pin-block-binary "$scratch"/taps/visa.*.in

# --- then: nowhere else ----------------------------------------------------------------------------
mapfile -t files < <(find "$WORLD/log" "$WORLD"/*.journal "$DATA" "$told" "$scratch"/out -type f ! -name '*.ipm')
check "there is something to search" at_least "${#files[@]}" 18
check "no secret stands in any of ${#files[@]} files" find_in "${files[@]}"
head -20 "$scratch/found" | sed 's/^/        /'
verdict
