#!/usr/bin/env bash
# The switch is stopped and started under traffic, as an operator does it: SIGTERM, SIGINT, `stop`. It
# finishes what terminals have under way, ends with 0, and the next one goes on with the same day.
WORLD_TERMINALS=24
WORLD_CARDS=40
. "$(dirname "$0")/testing.sh"

world_make "$scratch/world"
VISA_OPTIONS=(--delay 20ms --delay-jitter 60ms)
MC_OPTIONS=(--delay 20ms --delay-jitter 60ms)
must "the world starts" world_start
must "both links sign on" wait_until 20 links_up
terminals_run load pos.journal --json --window 2 --rate 400 --duration 1h --pin 30% --repeat-after 1s \
  --repeats 20 --restamp-de7 --settle 60s
load=$(cat "$WORLD/pid/load")

# Stop it by COMMAND: it ends with 0, having left nothing open, and so the next recovers nothing.
stops() { # HOW COMMAND...
  local how=$1 pid before
  shift
  before=$(lines "$WORLD/pos.journal")
  check "$how: the terminals are at work" wait_until 60 grown pos.journal 600 "$before"
  pid=$(cat "$WORLD/pid/switch")
  check "$how: it is told to stop" "$@"
  wait "$pid"
  check "$how: it ends with 0" equal $? 0
  rm -f "$WORLD/pid/switch"
  check "$how: it hung up on the HSM and both issuers" equal "$(said_of_neighbours INFO | wc -l)" 3
  refuted "$how: that is no alarm" said_of_neighbours WARN
  check "$how: nothing was left open" world_said switch "drained: 0 transactions left open"
  refuted "$how: its socket is gone" test -e "$DATA/admin.sock"
  check "$how: the next one starts" world_start switch
  check "$how: it has nothing to recover" world_said switch "recovered 0 open transactions"
  check "$how: with the same day" day_is "$DAY" OPEN
  check "$how: its links sign on" wait_until 20 links_up
}
said_of_neighbours() { world_log switch | grep -E " $1 +(hsm|link)\.down"; }
term() { kill -TERM "$(cat "$WORLD/pid/switch")"; }
int() { kill -INT "$(cat "$WORLD/pid/switch")"; }
stops SIGTERM term
stops SIGINT int
stops "switchctl stop" ctl stop --yes
check "without --yes and without a person nothing is stopped" exits 2 ctl stop </dev/null
check "the terminals ran through all of it" kill -0 "$load"

# A day that is being ended survives a restart, too.
check "a day that is open already is refused" exits 1 ctl day cutover --yes --day "$DAY"
check "it says why" says "$DAY is not later than the open business day, $DAY"
check "so is one that is past" exits 1 ctl day cutover --yes --day 2026-11-19
check "a day far ahead is refused" exits 1 ctl day cutover --yes --day 2027-11-20
check "it says how far" says "2027-11-20 is 365 days after the open business day"
check "also by force" exits 1 ctl day cutover --yes --force --day 2027-11-20
check "one that may be meant" exits 1 ctl day cutover --yes --day 2026-12-05
check "is asked about" says "2026-12-05 is 15 days after the open business day.*--force"
check "an unknown day is told so" exits 1 ctl day show --day 2026-12-05
check "with words" says "no such business day"
check "the day is as before" day_is "$DAY" OPEN
check "the next day is begun" ctl day cutover --yes
world_kill switch
check "its socket stays when it is killed" test -S "$DATA/admin.sock"
check "the next one takes it over" world_start switch
check "the day is still to be cut" wait_until 30 day_is "$DAY" DRAINED
check "and the current one is the next" day_is 2026-11-21 OPEN
world_stop load
check "they ended without a contradiction" equal $? 0
summary_is_clean "$WORLD/log/load.log"
check "everything that was due was acknowledged" wait_until 60 nothing_due
check "the first day is cleared" "$WORLD_BIN/swclear" run --data "$DATA" --out "$scratch/out" --day "$DAY"
check "the second day, too" day_cut 2026-11-21
check "terminals, issuers and clearing of both days agree: difference 0" books
grep -E '^(terminals:|978|difference)' "$scratch/check.out" | sed 's/^/        /'

# What stands in the way of the socket and is no socket is not removed.
world_stop switch
echo "mine" >"$DATA/admin.sock"
check "a file in the socket's place: exit 4" exits 4 timeout 20 "$WORLD_BIN/switchd" -c "$WORLD/set/switch.yml" --data "$DATA"
check "it says so" says "cannot listen on the admin socket"
check "the file is still there" grep -q mine "$DATA/admin.sock"
verdict
