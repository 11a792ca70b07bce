#!/usr/bin/env bash
# An issuer goes away under traffic, comes back, answers late, twice, or with codes that mean doubt.
# What was asked of it and not answered is reversed until it is acknowledged, however long it takes.
WORLD_TERMINALS=24
WORLD_CARDS=40
WORLD_ANSWER=700ms
. "$(dirname "$0")/testing.sh"

world_make "$scratch/world"
# By the last digits of the amount, so that each sort of misbehaviour happens many times over.
VISA_OPTIONS=(
  --rule 'when mti == 0200 and amount >= 1000 and amount < 1100 then silent'
  --rule 'when mti == 0200 and amount >= 1100 and amount < 1200 then drop'
  --rule 'when mti == 0200 and amount >= 1200 and amount < 1300 then late 1500'
  --rule 'when mti == 0200 and amount >= 1300 and amount < 1400 then duplicate'
  --rule 'when mti == 0200 and amount >= 1400 and amount < 1500 then decline 91'
  --rule 'when mti == 0200 and amount >= 1500 and amount < 1600 then decline 96'
  --rule 'when mti == 0420 and amount >= 1000 and amount < 1050 then drop times 20'
  --rule 'when mti == 0420 and amount >= 1050 and amount < 1100 then silent times 20'
  --rule 'when mti == 0420 and amount >= 1100 and amount < 1150 then decline 96 times 10'
  --delay 2ms)
MC_OPTIONS=(--rule 'when mti == 0200 and amount >= 1000 and amount < 1020 then close'
            --late 2% --late-by 1200ms --duplicate 5% --delay 3ms --delay-jitter 5ms)
must "the world starts" world_start
must "both links sign on" wait_until 20 links_up

due() { ctl saf list --json | grep -oE '"total": *[0-9]+' | grep -oE '[0-9]+$'; }
due_at_least() { [ "$(due)" -ge "$1" ]; }
link_is() { ctl link list --json | grep -qE "\"name\": *\"$1\"[^}]*\"state\": *\"$2\""; }
terminals_run load pos.journal --json --window 2 --rate 250 --duration 1h --amounts 900-2500 --pin 20% \
  --repeat-after 2s --repeats 10 --settle 60s
must "the terminals are at work" wait_until 60 grown pos.journal 800 0

# It is only slow to say no: stopped (SIGSTOP), its connection stands and nothing comes.
kill -STOP "$(cat "$WORLD/pid/visa")"
check "an issuer that hangs: reversals pile up" wait_until 60 due_at_least 40
before=$(lines "$WORLD/pos.journal")
check "meanwhile the terminals are answered" wait_until 60 grown pos.journal 300 "$before"
kill -CONT "$(cat "$WORLD/pid/visa")"
before=$(lines "$WORLD/pos.journal")
check "it goes on" wait_until 60 grown pos.journal 800 "$before"

world_kill visa
check "an issuer that dies: its link is down" wait_until 20 link_is visa1 down
piled=$(due)
before=$(lines "$WORLD/pos.journal")
check "meanwhile the terminals are answered" wait_until 60 grown pos.journal 600 "$before"
echo "        $piled reversals were due when it died, $(due) now"
check "it comes back" world_start visa
check "its link signs on" wait_until 60 link_is visa1 signed-on
before=$(lines "$WORLD/pos.journal")
check "it goes on" wait_until 60 grown pos.journal 600 "$before"

world_stop load
check "they ended without a contradiction" equal $? 0
summary_is_clean "$WORLD/log/load.log"
check "they were told 91" at_least "$(declined "$WORLD/log/load.log" 91)" 20
alarmed() { ctl alarms --json | grep -q "\"name\": *\"$1\""; }
check "late answers were seen" alarmed answer.late
check "second answers were seen" alarmed answer.unmatched
strays() { ctl link show visa1 --json | grep -oE "\"$1\": *\"[^\"]*\"" | grep -cE -- "$2"; }
check "they are kept for staff" at_least "$(strays mti 0210)" 1
refuted "no more than the newest 32" at_least "$(strays mti .)" 33
check "with what was nearly theirs" at_least "$(strays field 'DE11|DE37')" 1
exits 0 ctl link show visa1
check "people can read it" says '0210 .* (ID [0-9]+ .*: DE[0-9]+ is|nothing pending is near|has its answer already)'
printf '%s\n' "$said" | grep -E 'ID [0-9]+' | head -2
check "links that went down were seen" alarmed link.down
day_ends_well
refuted "nothing is due any more" due_at_least 1

# The day is signed off only now; what is due of another keeps it open.
check "the day can be signed off" ctl day sign-off --day "$DAY"
check "it is closed" day_is "$DAY" CLOSED
verdict
