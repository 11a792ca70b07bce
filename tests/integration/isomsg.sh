#!/usr/bin/env bash
# isomsg as people call it: every verb, good calls and wrong ones; no card data in anything it says without
# --unmask, whatever dialect the bytes are taken for; and every example of isomsg(1).
. "$(dirname "$0")/testing.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$(cd "$WORLD_BIN" && pwd):$PATH
work=$scratch/work
mkdir -p "$work" "$scratch/blocks"
cd "$work" || exit 2

free_port
port=$FREE_PORT
export port
issuer-stub --listen "127.0.0.1:$port" --dialect iso87_ascii --no-journal >"$scratch/issuer.log" 2>&1 &
issuer=$!
cleanup() { kill "$issuer" 2>/dev/null; wait "$issuer" 2>/dev/null; }
must "an issuer listens" wait_until 10 bash -c ": </dev/tcp/127.0.0.1/$port"

pan=4111111111111111
track=$pan=29121010000000000
block=12AB34CD56EF7890
chip=5A08${pan}9F26080102030405060708
sale=("2=$pan" "3=000000" "4=1250" "7=1120080001" "11=17" "12=080001" "13=1120" "22=051" "25=00" "35=$track"
  "37=632508000017" "41=TERM0001" "42=MERCHANT0000001" "48=note $pan" "49=978" "52=$block" "55=$chip")

# --- the verbs, one after the other
check "pack writes hex" exits 0 isomsg pack -d iso87_bcd -m 0800 11=17 70=301
check "as the dialect has it" equal "$said" 0800802000000000000004000000000000000000170301
check "pack writes bytes and frames" exits 0 isomsg pack -d iso87_bcd -f len2+tpdu -m 0200 "${sale[@]}" -b -o sale.bin
check "view reads them" exits 0 isomsg view -d iso87_bcd -f len2+tpdu sale.bin
check "with names and meanings" says '^  DE3   processing       000000  purchase$'
check "and the parts of chip data" says '^      9F26      application cryptogram +0102030405060708$'
check "view prints JSON" exits 0 isomsg view -d iso87_bcd -f len2+tpdu -j sale.bin
check "of the agreed shape" says '^\{"mti":"0200","fields":\{"2":"411111\*\*\*\*\*\*1111","3":"000000",'
json=$(isomsg view -d iso87_bcd -f len2+tpdu -j --unmask sale.bin 2>"$scratch/warning")
check "--unmask warns on stderr" grep -q -- '--unmask' "$scratch/warning"
check "and shows what was asked for" grep -q "\"2\":\"$pan\"" <<<"$json"
check "which pack takes again" equal "$(isomsg pack -d iso87_bcd -f len2+tpdu -r - <<<"$json")" \
  "$(od -An -tx1 -v sale.bin | tr -d ' \n' | tr a-f A-F)"
check "masked JSON is refused" exits 3 bash -c 'isomsg view -d iso87_bcd -f len2+tpdu -j sale.bin | isomsg pack -d iso87_bcd -r -'

check "a message equals itself" exits 0 isomsg diff -d iso87_bcd -f len2+tpdu sale.bin sale.bin
isomsg pack -d iso87_bcd -f len2+tpdu -m 0200 "${sale[@]}" 4=1300 -b -o dearer.bin
check "another amount is told" exits 1 isomsg diff -d iso87_bcd -f len2+tpdu sale.bin dearer.bin
check "in two lines" equal "$(grep -cE '^[-+] DE4 ' <<<"$said")" 2
check "unless it is ignored" exits 0 isomsg diff -d iso87_bcd -f len2+tpdu -i 4 sale.bin dearer.bin
isomsg pack -d iso87_bcd -f len2+tpdu -m 0800 11=18 41=TERM0001 70=301 -b -o echo.bin
cat echo.bin sale.bin >one.bin
cat dearer.bin echo.bin >two.bin
check "captures are paired by key" exits 1 isomsg diff -d iso87_bcd -f len2+tpdu one.bin two.bin
check "and counted" says '^2 pairs: 1 equal, 1 differ; 0 without a partner$'
check "JSON counts from 1 as the text does" exits 1 isomsg diff -j -d iso87_bcd -f len2+tpdu one.bin two.bin
check "and tells the pair" says '^\{"pairs":2,"equal":1,"differ":\[\{"a":2,"b":1,"mti":"0200"'
check "who has no partner is told" exits 1 isomsg diff -d iso87_bcd -f len2+tpdu one.bin sale.bin
check "with the file it is in" says 'only in one.bin'

check "doctor finds frame and dialect" exits 0 isomsg doctor -j sale.bin
check "and tells them as view takes them" says '^\{"guesses":\[\{"frame":"len2\+tpdu","dialect":"iso87_bcd","mti":"0200","left":0,"why":"'
if command -v text2pcap >/dev/null; then
  od -Ax -tx1 -v sale.bin | text2pcap -q -T 40001,8583 - sale.pcap >/dev/null 2>&1
  check "doctor finds them in a capture" exits 0 isomsg doctor sale.pcap
  check "by its port" says '^port 8583: .*'
  check "in JSON, too" exits 0 isomsg doctor -j sale.pcap
  check "by its port" says '^\{"port":8583,"guesses":\['
  check "view reads a capture, too" exits 0 isomsg view -d iso87_bcd -f len2+tpdu --port 8583 sale.pcap
  check "as it reads the bytes" says '^  DE11  stan             000017$'
  check "a port that nobody used" exits 3 isomsg view -d iso87_bcd -f len2+tpdu --port 8584 sale.pcap
fi
head -c 300 /dev/urandom >noise.bin
isomsg doctor noise.bin >"$scratch/noise.txt" 2>&1
check "noise is no message" at_least 1 $?
head -c 60 sale.bin >cut.bin
check "a frame that is cut off is told" exits 1 isomsg view -d iso87_bcd -f len2+tpdu cut.bin

check "send shows the answer" exits 0 isomsg send -c "127.0.0.1:$port" -f len2 -d iso87_ascii -m 0800 11=17 70=301
check "of the right type" says '^0810  network management request response'
check "nobody there" exits 4 isomsg send -c 127.0.0.1:1 -f len2 -d iso87_ascii -m 0800 11=17

check "mask keeps the length" bash -c 'isomsg mask -d iso87_bcd -f len2+tpdu sale.bin >masked.bin && [ $(wc -c <masked.bin) = $(wc -c <sale.bin) ]'
check "and the message" exits 0 isomsg view -d iso87_bcd -f len2+tpdu -j --unmask masked.bin
check "but not the card" bash -c '! grep -q 4111111111111111 <<<"$1"' - "$said"
printf 'pan %s track %s pin_block %s\n' "$pan" "$track" "$block" >card.txt
check "a log is masked" exits 0 isomsg mask card.txt
check "all of it" bash -c '! grep -qE "4111111111111111|29121|12AB34CD" <<<"$1"' - "$said"
od -An -tx1 -v sale.bin >dump.txt
printf '00000000  01 16 41 11 11 11 11 11  11 11 00 00\n34313131313131313131313131313131\n' >>dump.txt
check "a hex dump is masked with test cards" exits 0 isomsg mask -w cards dump.txt
check "which leaves no card on one line" bash -c '! grep -qE "41 (11 ){5}|(31){9}" <<<"$1"' - "$(tail -2 <<<"$said")"
check "what is no message is zeros" exits 1 isomsg mask -d iso87_ascii noise.bin -o zeros.bin
check "all of it" equal "$(tr -d '\0' <zeros.bin | wc -c)" 0

check "fields lists names" exits 0 isomsg fields
check "and a dialect" exits 0 isomsg fields iso87_ebcdic
check "a dialect that does not exist" exits 2 isomsg fields iso88_ascii
printf 'extends: iso87_asciihex\nfields:\n  48: {length: 20}\n' >mine.yml
check "a dialect of one's own" exits 0 isomsg fields ./mine.yml
printf 'extends: iso87_asciihex\nfields:\n  48: {length: many}\n' >wrong.yml
check "a wrong one is told with its place" exits 3 isomsg view -d wrong.yml -x 00
check "by line and column" says 'wrong.yml:3:[0-9]+: error'
check "a packager that is none" exits 3 isomsg import-packager card.txt

check "no verb is a usage error" exits 2 isomsg
check "an unknown verb, too" exits 2 isomsg look
check "nothing to view" exits 3 isomsg view -d iso87_bcd /dev/null
check "no such file" exits 5 isomsg view -d iso87_bcd nowhere.bin
for verb in view diff pack doctor send mask fields import-packager; do
  check "$verb --help" exits 0 isomsg $verb --help
done

# --- nothing that is secret in anything said, right dialect or wrong
dialects=$(isomsg fields | sed -n 's/^dialects //p')
secret="$pan|${pan}|${track#*=}|$block|3132414233344344|31${pan}|F4(F1){15}|34(31){15}|34 (31 ){14}31|41 (11 ){7}"
for written in iso87_ascii iso87_asciihex iso87_bcd iso87_ebcdic iso93_ascii base1; do
  hex=$(isomsg pack -d $written -m 0200 2=$pan 3=000000 4=1250 11=17 "35=$track" 41=TERM0001 52=$block 55=$chip 2>"$scratch/pack.err") ||
    { report 1 "$written: $(cat "$scratch/pack.err")"; continue; }
  : >"$scratch/all.txt"
  for read in $dialects; do
    for cut in 0 2 10; do
      isomsg view -d "$read" -x "${hex:0:$((${#hex} - cut))}"
      isomsg view -d "$read" -j -x "${hex:0:$((${#hex} - cut))}"
      isomsg diff -d "$read" -x "$hex" -x "${hex:0:$((${#hex} - cut))}"
    done >>"$scratch/all.txt" 2>&1
  done
  isomsg doctor --all -x "$hex" >>"$scratch/all.txt" 2>&1
  isomsg doctor -j -x "$hex" >>"$scratch/all.txt" 2>&1
  isomsg doctor -j -x "${hex:24}" >>"$scratch/all.txt" 2>&1
  check "$written: nothing secret in $(lines "$scratch/all.txt") lines" bash -c '! grep -nE "$1" "$2"' - "$secret" "$scratch/all.txt"
done

# --- isomsg(1): its blocks in their order, and its options
page=$root/tools/man/isomsg.1.scd
blocks() {
  awk -v to="$scratch/blocks" '
    /^; example / { if (mark != "") lost(FNR); mark = $3 " " $4; next }
    /^```$/ && !inside {
      if (mark == "") { print FNR ": this block is no example that is executed"; bad = 1; mark = "none" }
      inside = 1; file = to "/" FNR; print file, mark >>(to "/list"); mark = ""; printf "" >file; next
    }
    /^```$/ { inside = 0; close(file); next }
    inside { gsub(/\\\\/, "\\"); print >file; next }
    /./ && mark != "" { lost(FNR) }
    function lost(at) { print at ": a mark without a block"; bad = 1 }
    END { exit bad }' "$page"
}
check "each block of isomsg(1) is an example" blocks
examples=0
while read -r file kind name; do
  place="line ${file##*/}"
  examples=$((examples + 1))
  case $kind in
  file) cp "$file" "$name" ;;
  shell)
    while read -r command; do
      check "$place: $command" exits 0 bash -c "$command"
    done <"$file"
    told=$said
    ;;
  fails)
    check "$place: $(cat "$file")" exits "$name" bash -c "$(cat "$file")"
    told=$said
    ;;
  told) check "$place: it prints that" diff "$file" <(head -"$(wc -l <"$file")" <<<"$told") ;;
  *) check "$place: the mark is one that is known, not '$kind'" false ;;
  esac
done <"$scratch/blocks/list"
check "there are examples" at_least "$examples" 15

options_of() { grep -oE -- '--[a-z][a-z-]+' | sort -u | grep -vxE -- '--(help|usage|version)'; }
section_of() { sed -n "/^# ${1^^}\$/,/^# /p" "$page"; }
same_options() { diff <(isomsg "$1" --help | options_of) <(section_of "$1" | grep -E '^\*' | options_of); }
for verb in view diff pack doctor send mask fields import-packager; do
  check "isomsg(1) has the options of $verb, and no other" same_options $verb
done
verdict
