#!/usr/bin/env bash
# Two HSMs that stand in for one another. One is killed, hangs, or fails, under traffic with PINs and MACs: the other
# serves, next to nothing is declined for it, and the one that is back gets its share again.
WORLD_TERMINALS=18
WORLD_CARDS=24
. "$(dirname "$0")/testing.sh"

world_make "$scratch/world" # the issuer has an HSM of its own
free_port; A=127.0.0.1:$FREE_PORT
free_port; B=127.0.0.1:$FREE_PORT
sed -i "/^hsm:/,/address:/s/address: .*/address: [$A, $B]\n  answer: 500ms/" "$WORLD/set/switch.yml"
hsm_start() { # NAME ADDRESS [OPTION...]
  world_run "$1" "$WORLD_BIN/hsm-sim" --listen "$2" "${@:3}"
  world_ready "$1" listening
}
unit_is() { # ADDRESS STATE
  ctl status --json | tr '{' '\n' | grep -F "\"address\": \"$1\"" | grep -q "\"state\": \"$2\"" ||
    ctl status --json | tr '{' '\n' | grep -F "\"address\":\"$1\"" | grep -q "\"state\":\"$2\""
}
idle() { ctl status --json | grep -qE '"slots": *\{[^}]*"used": *0[,}]'; }
served() { # TEXT
  local before
  before=$(lines "$WORLD/pos-load.journal")
  check "$1" wait_until 60 grown pos-load.journal 400 "$before"
}

must "both HSMs start" eval 'hsm_start hsm-a "$A" && hsm_start hsm-b "$B"'
must "the world starts" world_start
must "both links sign on" wait_until 20 links_up
must "both units are up" wait_until 20 eval 'unit_is "$A" up && unit_is "$B" up'
terminals_run load pos-load.journal --json --rate 150 --duration 1h --pin 60% --wrong-pin 0% \
  --repeat-after 900ms --repeats 30 --settle 60s
served "terminals are served"

for round in 1 2; do
  world_kill hsm-a
  check "round $round: the first is killed, and it is seen" wait_until 20 unit_is "$A" down
  served "round $round: the other serves"
  check "round $round: it starts again" hsm_start hsm-a "$A"
  check "round $round: and is asked again" wait_until 20 unit_is "$A" up

  kill -STOP "$(cat "$WORLD/pid/hsm-b")"
  check "round $round: the second hangs, and is left alone" wait_until 60 unit_is "$B" tripped
  served "round $round: the other serves"
  kill -CONT "$(cat "$WORLD/pid/hsm-b")"
  check "round $round: it goes on, answers a probe, and is asked again" wait_until 20 unit_is "$B" up
done

world_kill hsm-b
check "one that fails every command is started in its place" hsm_start hsm-b "$B" --fail 100%:41
check "it is found out" wait_until 20 unit_is "$B" tripped
served "the other serves"
world_kill hsm-b
check "a good one is back" hsm_start hsm-b "$B"
check "and is asked" wait_until 20 unit_is "$B" up
served "all goes on"

world_stop load
check "the terminals end without a contradiction" equal $? 0
summary_is_clean "$WORLD/log/load.log"
answered=$(figure "$WORLD/log/load.log" answered)
declined=$(declined "$WORLD/log/load.log" 96)
echo "        declined with 96: $declined of $answered"
check "not one in fifty is declined for it" at_least "$answered" $((declined * 50))
check "nothing stays behind" wait_until 30 idle
day_ends_well

# What is wrong in the list is told where it stands.
sed "s/$B/$A/" "$WORLD/set/switch.yml" >"$WORLD/set/twice.yml"
check "an HSM that is named twice is refused" exits 1 "$WORLD_BIN/switchd" -c "$WORLD/set/twice.yml" --check
check "with line and column" says 'twice.yml:5:[0-9]+: error: hsm.address: .* is named twice'
verdict
