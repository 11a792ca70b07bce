#!/usr/bin/env bash
# The HSM dies, hangs or refuses. A PIN that cannot be checked is declined with 96 once the request is
# recorded; a MAC that cannot be checked is met with silence, and the terminal repeats. Nothing is
# approved meanwhile that needs it, nothing stays behind, and all goes on when it is back.
WORLD_TERMINALS=18
WORLD_CARDS=24
. "$(dirname "$0")/testing.sh"

world_make "$scratch/world"
must "the world starts" world_start
must "both links sign on" wait_until 20 links_up
hsm_is() { ctl status --json | grep -qE "\"hsm\": *\{[^}]*\"state\": *\"$1\""; }
idle() { ctl status --json | grep -qE '"slots": *\{[^}]*"used": *0[,}]'; }
hsm_return() { HSM_OPTIONS=("$@"); world_start hsm && wait_until 30 hsm_is up; }

# Twelve transactions of the kiosks, which have no MAC: kiosks PIN% FILE
kiosks() {
  terminals pos-kiosks.journal --group kiosks --json --count 12 --pin "$1" --wrong-pin 0% --reversals 0% \
    --refunds 0% --balance 0% --repeat-after 4s >"$scratch/$2"
}
pins_are_declined() { # WHAT THE HSM DOES
  check "$1: kiosks with a PIN are answered" kiosks 100% pin
  check "$1: each of them with 96" equal "$(declined "$scratch/pin" 96)" 12
  check "$1: none is approved" equal "$(figure "$scratch/pin" approved)" 0
  check "$1: without a PIN they are served" kiosks 0% no-pin
  check "$1: and approved" equal "$(figure "$scratch/no-pin" approved)" 12
}
# The shops sign their messages. They begin while the HSM is away, and are served when it is back.
shops_wait() { # WHAT THE HSM DOES
  local before
  before=$(lines "$WORLD/pos-shops.journal")
  terminals_run shops pos-shops.journal --group shops --json --count 24 --pin 0% \
    --reversals 0% --refunds 0% --balance 0% --repeat-after 500ms --repeats 60 --settle 60s
  repeating() { [ "$(tail -n "+$((before + 1))" "$WORLD/pos-shops.journal" | grep -c REPEAT)" -ge 36 ]; }
  check "$1: shops, which sign, repeat their requests" wait_until 60 repeating
  refuted "$1: and get no answer at all" grep -q ANSWER <(tail -n "+$((before + 1))" "$WORLD/pos-shops.journal")
}
shops_are_served() { # WHAT THE HSM DID
  wait "$(cat "$WORLD/pid/shops")"
  check "$1: the shops end without a contradiction when it is back" equal $? 0
  rm -f "$WORLD/pid/shops"
  check "$1: all of them are approved" equal "$(figure "$WORLD/log/shops.log" approved)" 24
  check "$1: nothing stays behind" wait_until 30 idle
}

check "with an HSM a PIN is verified" kiosks 100% pin
check "and the sales are approved" equal "$(figure "$scratch/pin" approved)" 12

world_kill hsm
check "its death is seen" wait_until 20 hsm_is down
pins_are_declined "killed"
shops_wait "killed"
check "killed: it comes back" hsm_return
shops_are_served "killed"

world_kill hsm
check "an HSM that hangs is connected" hsm_return --hang
pins_are_declined "hanging"
shops_wait "hanging"
world_kill hsm
check "hanging: a good one comes back" hsm_return
shops_are_served "hanging"

world_kill hsm
check "an HSM that refuses everything is connected" hsm_return --fail 100%:15
pins_are_declined "refusing"
shops_wait "refusing"
world_kill hsm
check "refusing: a good one comes back" hsm_return
shops_are_served "refusing"

# Bad block and bad parity are the card holder's: told like a wrong PIN.
world_kill hsm
check "an HSM that calls every PIN block bad is connected" hsm_return --fail 100%:20
check "kiosks with a PIN are answered" kiosks 100% pin
check "each of them with 55" equal "$(declined "$scratch/pin" 55)" 12

# Slow, failing now and then, and dying under traffic.
world_kill hsm
check "a slow HSM that fails now and then is connected" hsm_return --delay 5 --jitter 80 --fail 5%:41 --seed 4
terminals_run load pos-load.journal --first 1 --json --rate 150 --duration 1h --pin 60% --wrong-pin 2% \
  --repeat-after 700ms --repeats 30 --settle 60s
for round in 1 2 3; do
  before=$(lines "$WORLD/pos-load.journal")
  check "round $round: the terminals are served" wait_until 60 grown pos-load.journal 300 "$before"
  world_kill hsm
  check "round $round: its death is seen" wait_until 20 hsm_is down
  check "round $round: it comes back" hsm_return --delay 5 --jitter 80 --fail 5%:41 --seed "$round"
done
world_stop load
check "they ended without a contradiction" equal $? 0
summary_is_clean "$WORLD/log/load.log"
check "some were declined for it" at_least "$(declined "$WORLD/log/load.log" 96)" 1
check "nothing stays behind" wait_until 30 idle
day_ends_well
verdict
