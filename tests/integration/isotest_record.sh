#!/usr/bin/env bash
# Traffic of one world, as somebody with tcpdump sees it, becomes a script; the script passes in
# another world, with other keys and cards, where it plays the terminals and both issuers. Nothing
# of the first world's cards stands in it.
WORLD_TERMINALS=6
WORLD_CARDS=12
WORLD_ANSWER=1s
. "$(dirname "$0")/testing.sh"

examples=$(cd "$(dirname "$0")/../vectors/isot" && pwd)
isotest=$WORLD_BIN/isotest
pcap=$scratch/all.pcap

# --- one world, listened to
world_make "$scratch/one"
declare -A real=([pos]=$POS_PORT [visa]=$VISA_PORT [mc]=$MC_PORT)
declare -A tap=()
for name in pos visa mc; do
  free_port
  tap[$name]=$FREE_PORT
done
sed -i -e "/^links:/,/^retries:/ { s/127.0.0.1:$VISA_PORT/127.0.0.1:${tap[visa]}/; s/127.0.0.1:$MC_PORT/127.0.0.1:${tap[mc]}/; }" \
  "$WORLD/set/switch.yml"
world_run capture "$WORLD_BIN/netpoke" capture "$pcap" "${tap[pos]}" "127.0.0.1:${real[pos]}" \
  "${tap[visa]}" "127.0.0.1:${real[visa]}" "${tap[mc]}" "127.0.0.1:${real[mc]}"
must "somebody listens in" world_ready capture listening
VISA_OPTIONS=(--rule 'when mti == 0200 and amount >= 1000 and amount < 1300 then silent')
must "the world starts" world_start
must "both links sign on" wait_until 20 links_up

POS_PORT=${tap[pos]}
check "terminals sell, pay back, ask and reverse" terminals pos.journal --count 60 --amounts 900-3000 --pin 50% \
  --wrong-pin 0% --reversals 20% --refunds 10% --balance 10% --settle 60s
check "what no issuer answered is reversed" wait_until 60 nothing_due
POS_PORT=${real[pos]}
# Chip cards, by the tester's own scripts; it plays VISA, too.
world_stop visa
for name in echo purchase_pin; do
  check "$name runs over the wire, too" exits 0 "$isotest" run "$examples/$name.isot" --var "pos=${tap[pos]}" \
    --var "visa=${real[visa]}" --data "$DATA" --no-money-check
done
world_stop
world_kill capture

# --- its script
sides=(--terminals "${real[pos]},len2+tpdu,iso87_bcd" --issuer "VISA=${real[visa]},len2,iso87_ascii"
  --issuer "MC=${real[mc]},ascii4,iso87_asciihex")
one=$WORLD/set
WORLD_SEED=20261212
world_make "$scratch/two"
cp "$WORLD/set/terminal-keys.csv" "$scratch/"
script=$scratch/recorded.isot
must "a script is recorded" exits 0 "$isotest" record "$pcap" "${sides[@]}" --keys terminal-keys.csv \
  --cards "$WORLD/set/test-cards.csv" -o "$script"
notes=$said
check "it is good" exits 0 "$isotest" check "$script"
check "all 62 conversations are in it" says '1 script, 62 tests: good'
cp "$script" "$scratch/laid.isot"
check "it is laid out" "$isotest" fmt "$scratch/laid.isot"
check "... fmt finds nothing to do" cmp "$script" "$scratch/laid.isot"
for what in 'on VISA 0200 drop' 'on VISA 0420 reply 0430' 'expect 0420 at VISA' 'on MC 0200 reply 0210' 'on MC 0420 reply 0430' \
  'send 0400 from' '90 "0200{{stan1}}' 'by chip' 'by magstripe' 'by manual' 'pin c[0-9]' 'arpc c[0-9]' 'send 0800 from'; do
  check "it has: $what" grep -q -- "$what" "$script"
done

# --- nothing of the cards
cut -d, -f1 "$one/test-cards.csv" | grep -E '^[0-9]+$' >"$scratch/pans"
echo 4111111111111111 >>"$scratch/pans"
check "there are card numbers to look for" at_least "$(lines "$scratch/pans")" 13
check "they are in the capture" grep -qaF -f "$scratch/pans" "$pcap"
refuted "no card number is in the script" grep -nF -f "$scratch/pans" "$script"
refuted "... nor in what was told" grep -F -f "$scratch/pans" <<<"$notes"
cut -c1-10 "$scratch/pans" | sort -u | grep -v 4111111111 >"$scratch/fronts"
refuted "... not its first ten digits" grep -nF -f "$scratch/fronts" <(sed 's/^  pan .*//' "$script")
cut -d, -f4 "$one/test-cards.csv" | grep -oE '=[0-9]+' | cut -c2- >"$scratch/tracks"
refuted "no track is in it" grep -nF -f "$scratch/tracks" "$script"
refuted "no field has PIN blocks, tracks, chip data or MACs" \
  grep -nE "^ +(35|36|45|52|53|55|64|96|128)(\.[0-9A-F]+)? ([^pa-]|x')" "$script"

# --- it runs
run() { # FILE [OPTIONS...]
  "$isotest" run "$@" --var "switch_at=127.0.0.1:$POS_PORT" --var "VISA_at=127.0.0.1:$VISA_PORT" \
    --var "MC_at=127.0.0.1:$MC_PORT" --data "$DATA"
}
must "another world starts without its issuers" world_start hsm switch
check "the script passes there" exits 0 run "$script"
check "... all its tests" says '^62 tests +62 passed +0 failed'
check "... and the money agrees" says '^MONEY CHECK .*difference 0$'
sed '0,/^    39 == 00/s//    39 == 05/' "$script" >"$scratch/changed.isot"
check "a script that expects another answer fails" exits 1 run "$scratch/changed.isot"

# --- made-up cards and keys to fill in
check "without tables it is a script, too" exits 0 "$isotest" record "$pcap" "${sides[@]}" -o "$scratch/bare.isot"
refuted "... without the numbers" grep -nF -f "$scratch/pans" "$scratch/bare.isot"
check "... with keys to fill in" grep -q '^key tpk:T0000001 0123' "$scratch/bare.isot"
check "... that is good" exits 0 "$isotest" check "$scratch/bare.isot"
check "the issuer alone, by a pipe" exits 0 "$isotest" record - "${sides[@]:2:2}" -o "$scratch/visa.isot" <"$pcap"
refuted "... has no terminal" grep -q '^terminal' "$scratch/visa.isot"
if command -v editcap >/dev/null && editcap -F pcapng "$pcap" "$scratch/all.pcapng"; then
  check "pcapng is read, too" exits 0 "$isotest" record "$scratch/all.pcapng" "${sides[@]}" -o "$scratch/ng.isot"
  check "... to the same script" cmp "$scratch/bare.isot" "$scratch/ng.isot"
fi

# --- what goes wrong
head -c 20000 "$pcap" >"$scratch/cut.pcap"
check "a capture that is cut is read as far as it goes" exits 0 "$isotest" record "$scratch/cut.pcap" "${sides[@]}"
check "... and that is told" says 'note: the file is read up to a fault: truncated dump file'
printf 'this is no capture, but somebody says so\n' >"$scratch/no.pcap"
check "what is no capture: exit 3" exits 3 "$isotest" record "$scratch/no.pcap" "${sides[@]}"
check "... and why" says 'no.pcap: this is no capture: unknown file format'
check "no file: exit 3" exits 3 "$isotest" record "$scratch/none.pcap" "${sides[@]}"
check "... and why" says 'No such file'
check "another port: exit 3" exits 3 "$isotest" record "$pcap" --terminals 7,len2,iso87_bcd
check "... and which there are" says "nothing was said on port 7; there is data of port .*${real[pos]}"
check "another dialect: exit 3" exits 3 "$isotest" record "$pcap" --terminals "${real[pos]},len2,iso87_ascii"
check "... and which fits" says "it looks like --terminals ${real[pos]},len2\+tpdu,iso87_bcd "
check "none at all: exit 3" exits 3 "$isotest" record "$pcap" --issuer "MC=${real[mc]}"
check "... and which fits" says "it looks like --issuer MC=${real[mc]},ascii4,iso87_asciihex "
if command -v text2pcap >/dev/null; then
  printf 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' | od -Ax -tx1 -v >"$scratch/http.hex"
  text2pcap -q -T 40000,80 "$scratch/http.hex" "$scratch/http.pcap" >/dev/null 2>&1
  check "no ISO 8583 in it: exit 3" exits 3 "$isotest" record "$scratch/http.pcap" --terminals 80
  check "... and what was tried" says 'port 80: no framing and dialect that is known fits it; tried: len2 .*iso87_ascii'
fi
check "no side: exit 2" exits 2 "$isotest" record "$pcap"
check "a framing that there is not: exit 2" exits 2 "$isotest" record "$pcap" --terminals 1,len9,iso87_bcd
check "a script that cannot be written: exit 5" exits 5 "$isotest" record "$pcap" "${sides[@]}" -o "$scratch/no/script.isot"
verdict
