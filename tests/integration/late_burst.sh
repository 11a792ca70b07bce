#!/usr/bin/env bash
# An issuer that hung answers hundreds of timed-out requests at one moment: each late answer is a question
# to the store that is of no slot, and there is room for all of them, however few slots there are.
WORLD_TERMINALS=24
WORLD_CARDS=40
WORLD_ANSWER=500ms
WORLD_MORE='limits: {slots: 64, reserved: 8, reversals: 2}'
. "$(dirname "$0")/testing.sh"

world_make "$scratch/world"
must "the world starts" world_start
must "both links sign on" wait_until 20 links_up
pid=$(cat "$WORLD/pid/switch")
link_count() { ctl link list --json | grep -oE '"name": *"visa1"[^}]*' | grep -oE "\"$1\": *[0-9]+" | grep -oE '[0-9]+$'; }
link_reached() { at_least "$(link_count "$1")" "$2"; }

# It hangs once before its echo is missed twice; the requests wait in its socket.
terminals_run load pos.journal --json --window 2 --rate 120 --duration 1h --amounts 900-2500 --pin 0% \
  --repeat-after 5s --repeats 10 --settle 60s
kill -STOP "$(cat "$WORLD/pid/visa")"
check "hundreds of requests time out" wait_until 60 link_reached timed_out 300
kill -CONT "$(cat "$WORLD/pid/visa")"
check "hundreds of answers are late, all at once" wait_until 60 link_reached late 200
check "the switch is up" kill -0 "$pid"
world_stop load
check "they ended without a contradiction" equal $? 0
day_ends_well
verdict
