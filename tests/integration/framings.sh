#!/usr/bin/env bash
# A listener for each framing, half of them answering keep-alives: something is bought through each, to
# issuers whose links are framed in two other ways, and terminals work through one with all there is.
WORLD_TERMINALS=8
WORLD_CARDS=16
WORLD_FRAME=len2+header:ISO026000050+tpdu+etx
. "$(dirname "$0")/testing.sh"
VISA_OPTIONS=(--frame vap)
MC_OPTIONS=(--frame ascii6+header:0x00FF2B+etx --keepalive answer)

framings=(len2 len2i len3 len3i len4 len4i len2z len2zi bcd2 bcd2i ascii4 ascii4i hex4 hex4i ascii3 ascii5
  ascii6 ascii7 ascii8 vap vml len2+tpdu bcd2+tpdu ascii4+tpdu hex4+tpdu len2+etx ascii4+etx len2z+tpdu+etx
  ascii4+header:demoJMeter len2+header:0x6000 vap+header:VISA)
world_make "$scratch/world"
{
  sed -n '1,/^listeners:/p' "$WORLD/set/switch.yml"
  for i in "${!framings[@]}"; do
    free_port
    port[i]=$FREE_PORT
    printf '  f%d:\n    address: 127.0.0.1:%d\n    frame: %s\n    dialect: iso87_bcd\n    connections: 4\n' \
      "$i" "$FREE_PORT" "${framings[i]}"
    [ $((i % 2)) -eq 0 ] && echo '    keepalive: answer'
  done
  sed -e '1,/^listeners:/d' -e '/^  visa1:/,/dialect/{s/frame: .*/frame: vap\n    keepalive: answer/}' \
    -e '/^  mc1:/,/dialect/s/frame: .*/frame: ascii6+header:0x00FF2B+etx/' "$WORLD/set/switch.yml"
} >"$scratch/switch.yml"
mv "$scratch/switch.yml" "$WORLD/set/switch.yml"
must "the world starts" world_start
must "both links sign on" wait_until 20 links_up

# One sale each, of a kiosk (no MAC), with a card of either issuer in turn.
card() { awk -F, -v issuer="$1" -v column="$2" '$5 == issuer {print $column; exit}' "$WORLD/set/test-cards.csv"; }
kiosk=$(awk -F, '$4 == "kiosks" {print $1; exit}' "$WORLD/set/terminals.csv")
stamp=$(date -u +%m%d%H%M%S)
sale() { # INDEX
  local issuer=visa
  [ $(($1 / 2 % 2)) -eq 1 ] && issuer=mc
  "$WORLD_BIN/isomsg" send --connect "127.0.0.1:${port[$1]}" --frame "${framings[$1]}" --dialect iso87_bcd --json \
    --mti 0200 2="$(card $issuer 1)" 3=000000 4="$(printf '%012d' $((100 + $1)))" 7="$stamp" \
    11="$(printf '%06d' $(($1 + 1)))" 12="${stamp:4}" 13="${stamp:0:4}" 14="$(card $issuer 2)" 22=021 25=00 \
    41="$kiosk" 49=978
}
for i in "${!framings[@]}"; do
  check "a sale through ${framings[i]}" exits 0 sale "$i"
  check "is approved" says '"39":"00"'
done

terminals pos.journal --json --terminals 4 --count 200 >"$scratch/load" 2>&1
check "200 sales by terminals that use $WORLD_FRAME" equal $? 0
check "are made, most of them approved" at_least "$(figure "$scratch/load" approved)" 150
summary_is_clean "$scratch/load"

# A keep-alive, and an echo request behind it: what comes back first, is the keep-alive where it is answered.
echo_request="080080200000008000000400000000000000$(printf '000001')$(printf %s "$kiosk" | od -An -tx1 | tr -d ' \n')0301"
first_back() { # INDEX KEEPALIVE ECHO: in hex, as many bytes as the keep-alive has
  exec 3<>"/dev/tcp/127.0.0.1/${port[$1]}" || return 1
  printf '%b' "$(sed 's/../\\x&/g' <<<"$2$3")" >&3
  timeout 10 head -c $((${#2} / 2)) <&3 | od -An -v -tx1 | tr -d ' \n'
  exec 3>&-
}
len=$(printf '%04x' $((${#echo_request} / 2)))
for row in "0 0000 $len" "1 0002 $(printf '%04x' $((${#echo_request} / 2 + 2)))" "6 00000000 ${len}0000" \
  "10 30303030 $(printf '%04d' $((${#echo_request} / 2)) | od -An -tx1 | tr -d ' ')" \
  "19 00000000 ${len}0010" "20 00030020414243 ${len}0000"; do
  read -r i keepalive head <<<"$row"
  back=$(first_back "$i" "$keepalive" "$head$echo_request")
  if [ $((i % 2)) -eq 0 ]; then
    check "${framings[i]} sends a keep-alive back" equal "$back" "$keepalive"
  else
    refuted "${framings[i]} swallows it" equal "$back" "$keepalive"
    check "and answers what comes behind it" at_least "${#back}" "${#keepalive}"
  fi
done
refuted "no connection was lost for its framing" grep -q 'framing lost' "$WORLD/log/switch.log"
check "a header that is another's loses the connection" exits 0 "$WORLD_BIN/netpoke" send \
  "127.0.0.1:${port[28]}" <<<"0020demoJmeter"
check "and the log tells" wait_until 20 grep -q 'terminal.closed .*"framing lost"' "$WORLD/log/switch.log"
verdict
