#!/usr/bin/env bash
# The switch is killed with SIGKILL again and again under traffic; what terminals, issuers and clearing
# each wrote down for themselves must agree in the end.
#   kill9.sh switch 50     only switchd, also while it recovers
#   kill9.sh all 12        switchd, both issuers and the HSM in turn
WORLD_TERMINALS=32
WORLD_CARDS=60
WORLD_ANSWER=1s
. "$(dirname "$0")/../integration/testing.sh"
who=${1:?switch or all}
wanted=${2:?how often}

world_make "$scratch/world"
VISA_OPTIONS=(--delay 3ms --delay-jitter 10ms)
MC_OPTIONS=(--delay 1ms --delay-jitter 5ms)
must "the world starts" world_start
must "both links sign on" wait_until 20 links_up
terminals_run load pos.journal --json --window 2 --rate 700 --duration 1h --pin 30% --wrong-pin 2% \
  --reversals 6% --refunds 3% --balance 3% --repeat-after 700ms --repeats 20 --restamp-de7 --settle 60s
load=$(cat "$WORLD/pid/load")

victims=(switch)
[ "$who" = all ] && victims=(switch visa hsm mc switch)
kills=0
early=0
while [ $kills -lt "$wanted" ]; do
  victim=${victims[$((kills % ${#victims[@]}))]}
  before=$(lines "$WORLD/pos.journal")
  # Somewhere in the traffic: each time another number of journal lines.
  more() { grown pos.journal $((400 + RANDOM % 1400)) "$before" || world_gone "$load"; }
  wait_until 60 more || report 1 "the terminals went on after kill $kills"
  world_kill "$victim"
  kills=$((kills + 1))
  # Every fifth time it is killed again while it recovers: the second start finds a half-done one.
  if [ "$victim" = switch ] && [ $((kills % 5)) = 0 ] && [ $kills -lt "$wanted" ]; then
    world_run switch "$WORLD_BIN/switchd" -c "$WORLD/set/switch.yml" --data "$DATA"
    begun() { world_said switch pid; }
    wait_until 20 begun
    world_kill switch
    kills=$((kills + 1))
    early=$((early + 1))
  fi
  world_start "$victim" || must "$victim comes back after kill $kills" false
done
check "the terminals ran through all of it" kill -0 "$load"
world_stop load
check "they ended without a contradiction" equal $? 0
echo "        $kills kills, $early of them during a start; recovered: $(grep -oE 'recovered [0-9]+ open' \
  "$WORLD/log/switch.log" | awk '{n += $2} END {print n}') open transactions"
summary_is_clean "$WORLD/log/load.log"
check "they were answered" at_least "$(figure "$WORLD/log/load.log" approved)" 1000
check "they lost their connections" at_least "$(figure "$WORLD/log/load.log" losses)" 32
day_ends_well
verdict
