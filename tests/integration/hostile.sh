#!/usr/bin/env bash
# Peers on the terminals' port that are broken, slow, deaf or hostile. Each of them is dealt with and
# told in the log, and none of them harms the terminals that work meanwhile.
WORLD_TERMINALS=16
WORLD_CARDS=24
WORLD_CONNECTIONS=64
WORLD_MORE='limits:
  frame: 500ms
  slots: 512
  reserved: 64'
. "$(dirname "$0")/testing.sh"

world_make "$scratch/world"
must "the world starts" world_start
must "both links sign on" wait_until 20 links_up
terminals_run load pos.journal --json --terminals 8 --rate 200 --duration 1h --repeat-after 3s --settle 30s
load=$(cat "$WORLD/pid/load")
must "the terminals are at work" wait_until 60 grown pos.journal 400 0
pos=127.0.0.1:$POS_PORT
logged() { [ "$(world_log switch | grep -cE -- "$1")" -ge "${2:-1}" ]; }
# How often alarm NAME was raised; lines of it in the log, and those that were left out there.
alarms() { ctl alarms --json | grep -oE "\"name\": *\"$1\"[^}]*" | grep -oE '"count": *[0-9]+' | grep -oE '[0-9]+$' || echo 0; }
log_lines() { world_log switch | grep -cE " $1 "; }
left_out() { world_log switch | grep -E "log.left_out event=$1 " | grep -oE 'lines=[0-9]+' | awk -F= '{n += $2} END {print n + 0}'; }
log_adds_up() { [ $(($(log_lines "$1") + $(left_out "$1"))) -eq "$(alarms "$1")" ]; }
# The switch's own memory: the pages of the store's map are not its.
memory_kb() { awk '/^RssAnon/ {print $2}' "/proc/$(cat "$WORLD/pid/switch")/status"; }
work_goes_on() { local now; now=$(lines "$WORLD/pos.journal"); wait_until 60 grown pos.journal 100 "$now"; }

# Send stdin as `netpoke $3...` does; the switch must close the connection (or not: 1), and tell why.
hostile() { # TEXT CODE LOGGED NETPOKE...
  local text=$1 code=$2 line=$3 count
  shift 3
  count=$(world_log switch | grep -cE -- "$line")
  check "$text" exits "$code" "$WORLD_BIN/netpoke" "$@" <"$scratch/input"
  echo "        $said"
  check "$text: the log tells" wait_until 20 logged "$line" $((count + 1))
}
input() { printf "$1" >"$scratch/input"; }

before=$(memory_kb)
input '\xff\xff\x60'
hostile "a frame of 65535 bytes" 0 'terminal.closed .*reason="framing lost" .*looks_like' send "$pos"
input 'GET / HTTP/1.1\r\nHost: switch\r\n\r\n'
hostile "an HTTP request" 0 'terminal.closed .*"framing lost".*looks_like=HTTP' send "$pos"
input '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'
hostile "a TLS handshake" 0 'terminal.closed .*"framing lost".*looks_like="a TLS' send "$pos"
input '0123456789012345'
hostile "a peer with another framing" 0 'looks_like="4-digit ASCII length"' send "$pos"
input '\x00\x64\x60\x00\x00\x00\x00'
hostile "a frame that never ends" 0 'terminal.closed .*"frame timeout"' send "$pos"
head -c 300 /dev/zero | tr '\0' '\1' >"$scratch/input"
hostile "a byte every 100 ms" 0 'terminal.closed .*"frame timeout"' drip "$pos" 100

# 20 MB of noise; and 20 MB of good frames with noise in them, each of which is read and dropped.
head -c 20000000 /dev/urandom >"$scratch/input"
{ printf '\xff'; cat "$scratch/input"; } >"$scratch/noise"
mv "$scratch/noise" "$scratch/input"
hostile "20 MB of noise" 0 'terminal.closed .*"framing lost"' send "$pos"
{ printf '\x0f\xa0\x60\x00\x00\x00\x00'; head -c 3995 /dev/zero | tr '\0' 'G'; } >"$scratch/frame"
for _ in 1 2 3 4 5 6 7 8 9 10; do cat "$scratch/frame"; done >"$scratch/frames"
for _ in {1..499}; do cat "$scratch/frames"; done >"$scratch/input"
printf '\xff\xff' >>"$scratch/input"
hostile "20 MB of frames that are no messages" 0 'terminal.nonsense subject=pos number=100' send "$pos"
check "it was closed after 100 of them" equal "$(alarms message.unreadable)" 100

# Echo requests of a kiosk, and one without DE11 and DE41, which can be read and not answered.
printf '\x00\x24\x60\x00\x00\x00\x00\x08\x00\x80\x20\x00\x00\x00\x80\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01T0000012\x03\x01' >"$scratch/echo"
printf '\x00\x19\x60\x00\x00\x00\x00\x08\x00\x80\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x03\x01' >"$scratch/lacking"
printf '\x00\x09\x60\x00\x00\x00\x00GGGG' >"$scratch/frame"
for _ in {1..90}; do cat "$scratch/frame"; done >"$scratch/frames"
for _ in {1..6}; do cat "$scratch/frames" "$scratch/echo"; done >"$scratch/input"
for _ in {1..300}; do cat "$scratch/lacking"; done >>"$scratch/input"
cat "$scratch/echo" >>"$scratch/input"
printf '\xff\xff' >>"$scratch/input"
hostile "540 frames that are no messages, with a good one after each 90" 0 '"framing lost"' send "$pos"
check "it was not closed for them: 7 answers" equal "$(sed -E 's/.*received ([0-9]+) .*/\1/' <<<"$said")" $((7 * 40))
check "all were counted" equal "$(alarms message.unreadable)" 640
check "what lacks only fields was counted apart" equal "$(alarms message.incomplete)" 300
check "the log has few lines of them" at_least 60 "$(log_lines message.unreadable)"
check "and says how many it left out" wait_until 20 log_adds_up message.unreadable
check "of the others, too" wait_until 20 log_adds_up message.incomplete

# Keep-alives are no harm: the connection stays, until the peer ends it.
input '\x00\x00\x00\x00\x00\x00\xff\xff'
hostile "frames of length 0, and then nonsense" 0 'terminal.closed .*"framing lost"' send "$pos"

# 3000 requests in one go are answered to one who reads. One who asks for more than
# any buffer holds, and never reads, is cut.
for _ in {1..3000}; do cat "$scratch/echo"; done >"$scratch/input"
printf '\xff\xff' >>"$scratch/input"
hostile "3000 requests in one go, and then nonsense" 0 '"framing lost"' send "$pos"
answers=$(sed -E 's/.*received ([0-9]+) .*/\1/' <<<"$said")
check "all of them are answered" equal "$answers" $((3000 * 40))
cp "$scratch/echo" "$scratch/echo.kiosk"
mv "$scratch/echo" "$scratch/input"
hostile "a peer that never reads" 0 'terminal.closed .*"peer does not read"' deaf "$pos" 500000
# What one is owed who asks for less waits in the kernel's buffers: for 20 s. The peer hears nothing of
# the end (who does not read could not), so netpoke ends with 1.
hostile "a peer that asks for little and never reads" 1 'terminal.closed .*"peer does not read"' deaf "$pos" 3000

# A flood of connections: 8 terminals are connected, 56 places are left.
mkfifo "$scratch/hold"
"$WORLD_BIN/netpoke" flood "$pos" 100 <"$scratch/hold" >"$scratch/flood" &
flood=$!
exec 9>"$scratch/hold"
flooded() { [ "$(tail -1 "$scratch/flood")" = "open 56 closed 44" ]; }
check "of 100 connections 56 get the places that are left, 44 are refused" wait_until 30 flooded
tail -1 "$scratch/flood" | sed 's/^/        /'
check "all of those were counted" equal "$(alarms terminal.refused)" 44
check "the log tells" logged 'terminal.refused subject=pos number=64' 10
check "and how many more there were" wait_until 20 log_adds_up terminal.refused
check "the terminals that were there go on" work_goes_on
exec 9>&-
wait $flood
connected() { [ "$(ctl status --json | grep -oE '"connected": *[0-9]+' | grep -oE '[0-9]+$')" = 8 ]; }
check "their places are free again" wait_until 20 connected

# A storm: 40 connections that send requests as fast as they are taken. Each has its turn, and so have
# others: none of them waits so long that it repeats, and nobody takes our own loop for a silent HSM.
for _ in {1..50}; do cat "$scratch/echo.kiosk"; done >"$scratch/input"
"$WORLD_BIN/netpoke" storm "$pos" 40 <"$scratch/input" >"$scratch/storm" &
storm=$!
raging() { [ "$(ctl status --json | grep -oE '"connected": *[0-9]+' | grep -oE '[0-9]+$')" = 48 ]; }
check "a storm of 40 connections" wait_until 30 raging
check "terminals work beside it" exits 0 terminals pos2.journal --json --first 9 --terminals 8 --count 400 --repeat-after 3s --settle 30s
printf '%s\n' "$said" >"$scratch/beside"
kill $storm
wait $storm
sed 's/^/        /' "$scratch/storm"
summary_is_clean "$scratch/beside"
check "none of them had to repeat" equal "$(figure "$scratch/beside" repeats)" 0
check "the storm was answered, too" at_least "$(sed -E 's/.*received ([0-9]+) .*/\1/' "$scratch/storm")" 400000
check "none of it was cut" equal "$(sed -E 's/.*closed ([0-9]+)/\1/' "$scratch/storm")" 0
check "the HSM was never taken for silent" equal "$(alarms hsm.silent)" 0
check "after it all is as before" wait_until 20 connected

check "the terminals go on" work_goes_on
after=$(memory_kb)
more=16384
grep -qa __asan_init "$WORLD_BIN/switchd" && more=262144 # what it frees is kept for a while
check "the switch's memory did not grow with it ($before kB, $after kB)" at_least $((before + more)) "$after"
check "the switch was never restarted" kill -0 "$(cat "$WORLD/pid/switch")"
check "the terminals ran through all of it" kill -0 "$load"
world_stop load
check "they ended without a contradiction" equal $? 0
summary_is_clean "$WORLD/log/load.log"
check "no terminal lost its connection" equal "$(figure "$WORLD/log/load.log" losses)" 0
day_ends_well
verdict
