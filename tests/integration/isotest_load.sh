#!/usr/bin/env bash
# isotest load against the real switch: the script plays two terminals and the issuer behind it.
# How it ends, what it reports and writes, and that the money agrees whatever ended it. Nothing here
# is asserted of how fast anything is.
WORLD_ANSWER=10s
. "$(dirname "$0")/testing.sh"

world_make "$scratch/world"
must "hsm, one issuer and the switch start" world_start hsm mc switch
work=$scratch/scripts
mkdir "$work"
cat >"$work/lab.isot" <<'ISOT'
set pos = 0
set visa = 0
set code = 00
keys "terminal-keys.csv"
terminal T[1..2] {
  connect 127.0.0.1:{{pos}}
  dialect iso87_bcd
  frame len2+tpdu 6000010000
  pin tpk:T{{n:7}}
  mac tak:T{{n:7}} x9.19
  reversal off
  41 "T{{n:7}}"
  42 MERCHANT0000001
}
issuer VISA {
  listen 127.0.0.1:{{visa}}
  dialect iso87_ascii
  frame len2
}
card gold {
  pan 4111111111111111
  exp 2912
  svc 201
  psn 01
  pin 1234
}
ISOT
head -3 "$WORLD/set/terminal-keys.csv" >"$work/terminal-keys.csv" # the shops T0000001 and T0000002
cat >"$work/day.isot" <<'ISOT'
include "lab.isot"
test "purchase" tags sale weight 3 {
  on VISA 0200 reply 0210
    38 123456
    39 {{code}}
  send 0200 from T
    3 000000
    4 amount 12.50 EUR
    card gold by magstripe
    pin gold
  expect 0200 at VISA within 20s
    52 len == 8
  expect 0210 within 20s
    39 == 00
    mac valid
}
test "echo" tags echo weight 1 {
  send 0800 from T
    70 301
    mac
  expect 0810 within 20s
    39 == 00
}
ISOT

# options FILE [OPTIONS...]: the command of a load run in this world is in $load. A seed of its own
# gives each run STANs of its own: those of another within the same second would be its repeats. (A
# file counts, as `exits` runs it in a subshell.)
options() {
  local file=$1
  shift
  echo >>"$scratch/seeds"
  load=("$WORLD_BIN/isotest" load "$work/$file" --var "pos=$POS_PORT" --var "visa=$VISA_PORT"
        --data "$DATA" --seed "$(lines "$scratch/seeds")" "$@")
}
run() {
  options "$@"
  "${load[@]}"
}
counted() { grep -oE "\"$2\":[0-9]+" <<<"$1" | head -1 | grep -oE '[0-9]+$'; }

# --- a run that goes well
check "an open model at a modest rate ends with 0" exits 0 run day.isot --rate 80/s --ramp 500ms \
  --warmup 500ms --duration 6s --window 50 --threshold 'failed<=0%' --threshold 'rate>=1/s' \
  --hgrm "$scratch/day.hgrm" --out "$scratch/day.ndjson"
report=$said
check "the verdict comes first" says '^  ✓ failed<=0% +0 %  \(0 of [0-9]+\)'
check "then what was done" says '^RESULT .* 0 failed'
check "latency is told from the intended start and from the sending" says '^LATENCY \(ms, intended start\)  min .*p99\.9 .*max'
check "... both" says '^SERVICE \(ms, actual sending\)'
check "each test of the mix is told of" says '^  purchase +weight 3'
check "each step, with its line" says 'day.isot:13:3  expect 0210 '
check "response codes with their words" says '^CODES  .*00 [0-9]+ \(approved\)'
check "the generator tells of itself" says '^GENERATOR  cpu [0-9]+ %.*memory'
check "what the cryptography alone would allow is told" says 'MACs a transaction'
check "the money agrees: terminals = issuers = switch" says '^MONEY CHECK  terminals [0-9]+ approved [0-9.]+ EUR = issuers [0-9]+ approved [0-9.]+ EUR = switch [0-9]+ approved [0-9.]+ EUR, difference 0$'
check "a line is told every 5 s, as stderr is no terminal" says '^ +[0-9]+ s  (measuring|draining)  '
refuted "... without escape codes" grep -q $'\033' <<<"$report"

# --- what it writes
summary=$(tail -1 "$scratch/day.ndjson")
check "all records are objects of one line" equal "$(grep -cE '^\{"transactions":[0-9]+,.*\}$' "$scratch/day.ndjson")" "$(lines "$scratch/day.ndjson")"
check "there is one a second, and the summary" at_least "$(lines "$scratch/day.ndjson")" 5
check "the summary is the last" grep -q '"phase":"summary".*"thresholds_hold":true,"money":true' <<<"$summary"
sum=0
while read -r record; do sum=$((sum + $(counted "$record" transactions))); done < <(grep -v '"phase":"summary"' "$scratch/day.ndjson")
check "the seconds add up to the summary" equal "$sum" "$(counted "$summary" transactions)"
check "which is what was printed" grep -q "($(counted "$summary" failed) of $(counted "$summary" transactions))" <<<"$report"
check "the percentile file counts as many latencies" grep -qE "^ +[0-9.]+ 1\.000000000000 +$(grep -oE '"latency":\{"count":[0-9]+' <<<"$summary" | grep -oE '[0-9]+$')$" "$scratch/day.hgrm"
check "... and ends as HdrHistogram's do" grep -qE '^#\[Buckets = ' "$scratch/day.hgrm"
echoes=$(grep -oE '^  echo +weight 1 +[0-9]+' <<<"$report" | grep -oE '[0-9]+$')
between() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; }
quarter=$(($(counted "$summary" transactions) / 4))
check "the weights made the mix: a quarter are echoes" between "$echoes" $((quarter - 1)) $((quarter + 1))

# --- other models
check "a closed model ends with 0" exits 0 run day.isot --closed --duration 1s
check "... its money agrees" says 'MONEY CHECK .*difference 0$'
check "as fast as it goes ends with 0" exits 0 run day.isot --max --duration 1s
check "... its money agrees, too" says 'MONEY CHECK .*difference 0$'
check "fewer terminals by option" exits 0 run day.isot --closed --terminals 1 --duration 1s

# --- a run that does not
check "a threshold that is missed: exit 1" exits 1 run day.isot --rate 40/s --duration 1s --window 50 --threshold 'p50<1us' --threshold 'failed<=0%'
check "... it is the one that is marked" says '^  ✗ p50<1us '
check "... and the other is not" says '^  ✓ failed<=0% '
check "declines that were to be approvals: exit 1" exits 1 run day.isot --var code=05 --rate 40/s --duration 1s --window 50 --threshold 'failed<1%'
check "... the share is told" says '^  ✗ failed<1% '
check "... and why" says 'day.isot:13:3  [0-9]+ times: DE39 expected 00.*got 05'
check "... no money moved" says 'MONEY CHECK .*difference 0$'
cat >"$work/lost.isot" <<'ISOT'
include "lab.isot"
test "terminals that do not wait for the answer" {
  on VISA 0200 reply 0210 after 300ms
    39 00
  send 0200 from T
    3 000000
    4 amount 5.00 EUR
    card gold by magstripe
  expect 0200 at VISA within 20s
}
ISOT
check "approvals that no terminal took: exit 1" exits 1 run lost.isot --closed --duration 500ms
check "... the difference is told" says '^MONEY CHECK .*DIFFERENCE -?[0-9.]+ EUR'
check "... and whose it is" says '^  differs: stan [0-9]+ T000000[12] .*had given up'

# --- wrong calls
misuse() { # TEXT OPTIONS...
  local text=$1
  shift
  check "wrong: ${*:-nothing}" exits 2 "$WORLD_BIN/isotest" load "$@"
  check "... it says so" says "$text"
}
misuse 'which script\?' --max
misuse 'one of --rate, --closed and --max' "$work/day.isot"
misuse 'one of --rate, --closed and --max' "$work/day.isot" --max --rate 5/s
misuse 'one script at a time' "$work/day.isot" "$work/lost.isot" --max
misuse '--rate takes a rate like 2000/s' "$work/day.isot" --rate fast
misuse '--rate takes a number from 1 to' "$work/day.isot" --rate 0/s
misuse '--poisson goes with --rate' "$work/day.isot" --max --poisson
misuse "--threshold 'p99=1s': a threshold is" "$work/day.isot" --max --threshold p99=1s
misuse "--threshold 'p99<1': the limit is a time" "$work/day.isot" --max --threshold 'p99<1'
misuse "'soon' is not a duration" "$work/day.isot" --max --duration soon
misuse '--duration is above 0' "$work/day.isot" --max --duration 0s
misuse '--terminals takes a number' "$work/day.isot" --max --terminals 0
misuse '--var takes NAME=VALUE' "$work/day.isot" --max --var pos
misuse 'unrecognized option' "$work/day.isot" --fast
sed 's/T\[1..2\]/T/; s/{{n:7}}/0000001/g' "$work/lab.isot" >"$work/single_lab.isot"
sed 's/lab.isot/single_lab.isot/' "$work/day.isot" >"$work/single.isot"
misuse 'declares no terminal with a range' "$work/single.isot" --max --terminals 5
printf 'test "x" {\n  sned 0800\n}\n' >"$work/typo.isot"
check "a script that is wrong: exit 3" exits 3 run typo.isot --max
check "... with its place" says 'typo.isot:2:3: error'
check "a script that is not there: exit 3" exits 3 run nowhere.isot --max
sed 's/{{pos}}/1/' "$work/lab.isot" >"$work/closed_lab.isot"
sed 's/lab.isot/closed_lab.isot/' "$work/day.isot" >"$work/closed.isot"
sed -i '/^test "purchase"/,/^}/d' "$work/closed.isot"
check "nobody there: exit 4" exits 4 run closed.isot --max --settle 1s
check "... and who" says 'none of 2 terminals could connect'
free_port
check "an issuer that nobody connects to: exit 4" exits 4 run day.isot --max --settle 100ms --var "visa=$FREE_PORT"
check "... which, where" says "nobody has connected to issuer VISA at 127.0.0.1:$FREE_PORT within 100 ms"
check "an issuer whose port is taken: exit 5" exits 5 run day.isot --max --var "visa=$HSM_PORT"
check "... by its place" says 'lab.isot:16:10: error: VISA cannot listen on 127.0.0.1:[0-9]+: address already in use'
check "a record file that cannot be made: exit 5" exits 5 run day.isot --max --out "$scratch/nowhere/x"
check "... which" says 'nowhere/x: No such file or directory'
check "a percentile file that cannot be made: exit 5, after the report" exits 5 run day.isot --closed --duration 500ms --hgrm "$scratch/nowhere/y"
check "... the report is there" says '^MONEY CHECK .*difference 0$'

# --- interrupted
interrupted() { # SIGNAL CODE
  local code
  rm -f "$scratch/i.ndjson"
  options day.isot --rate 40/s --duration 10m --out "$scratch/i.ndjson"
  "${load[@]}" >"$scratch/i.out" 2>&1 &
  local pid=$!
  check "it runs" wait_until 60 grep -q '"phase":"measuring"' "$scratch/i.ndjson"
  kill "-$1" $pid
  wait $pid
  code=$?
  check "SIG$1: exit $2" equal $code "$2"
  check "... after the report" grep -qE '^RESULT .*[1-9][0-9]* passed, 0 failed' "$scratch/i.out"
  check "... and the money check" grep -qE '^MONEY CHECK  terminals .* = switch .*difference 0$' "$scratch/i.out"
  check "... with the summary written" grep -q '"phase":"summary"' "$scratch/i.ndjson"
}
# A child of a shell without job control ignores SIGINT: with it, it does not.
set -m
interrupted INT 130
interrupted TERM 143
set +m

# --- on a terminal
if command -v script >/dev/null; then
  options day.isot --rate 40/s --duration 10m
  # q is pressed until it has ended: the first press ends it when what is under way is answered.
  (until [ -e "$scratch/over" ]; do printf q; sleep 0.5; done) |
    TERM=xterm COLUMNS=150 script -qec "${load[*]@Q}; echo \"code \$?\"; touch '$scratch/over'" "$scratch/tty" >/dev/null
  check "on a terminal there is a screen with keys" grep -aq '\[p\]ause' "$scratch/tty"
  check "... and keeps the keys: q ends it, with the report" grep -aq 'RESULT .* passed, 0 failed' "$scratch/tty"
  check "... and no line every 5 s" equal "$(grep -acE '^ +[0-9]+ s  measuring' "$scratch/tty")" 0
fi
verdict
