#!/usr/bin/env bash
# The disk of the store is full. --init says so and leaves nothing; a switch that runs in its
# preallocated file goes on, though nobody can log any more; one that has to grow stops, and has lost
# nothing. Needs a small file system of its own: root, or user namespaces.
WORLD_TERMINALS=16
WORLD_CARDS=24
WORLD_ANSWER=1s
if [ -z "${FULL_DISK_INSIDE:-}" ]; then
  export FULL_DISK_INSIDE=1
  export WORLD_PORTS=${TMPDIR:-/tmp}/cardswitch-ports-$UID # as everybody's; inside, we are another
  for way in -m -rm; do
    unshare $way true 2>/dev/null && exec unshare $way bash "$0"
  done
  echo "skipped: neither root nor user namespaces: no small file system can be mounted"
  exit 77
fi
. "$(dirname "$0")/testing.sh"
disk=$scratch/disk
mkdir "$disk"
mount -t tmpfs -o size=40m cardswitch "$disk" 2>/dev/null || skip "tmpfs cannot be mounted here"
cleanup() { umount "$disk"; }
fill() { dd if=/dev/zero of="$disk/ballast" bs=64k status=none 2>/dev/null; }
is_full() { [ "$(df --output=avail "$disk" | tail -1)" -eq 0 ]; }

world_make "$scratch/world"
DATA=$disk/data
check "--init with more to preallocate than there is ends with 5" exits 5 "$WORLD_BIN/switchd" \
  -c "$WORLD/set/switch.yml" --data "$DATA" --init --day "$DAY"
check "it says why" says "cannot create the store: .*No space left"
refuted "it leaves nothing" test -e "$DATA"

# 1: in the preallocated file, with the log on the full disk, too.
WORLD_PREALLOCATE=24MiB
world_configure
ln -s "$disk/switch.log" "$WORLD/log/switch.log"
must "the world starts" world_start
must "both links sign on" wait_until 20 links_up
terminals_run load pos.journal --json --rate 300 --duration 1h --repeat-after 1s --repeats 20 --settle 60s
must "the terminals are at work" wait_until 60 grown pos.journal 500 0
fill
check "the disk is full" is_full
before=$(lines "$WORLD/pos.journal")
check "the terminals are served on" wait_until 60 grown pos.journal 2000 "$before"
check "nothing was refused for it" equal "$(ctl alarms --json | grep -c store.full)" 0
world_kill switch
rm "$disk/ballast"
check "it is killed, and comes back" world_start switch
world_stop load
check "they ended without a contradiction" equal $? 0
summary_is_clean "$WORLD/log/load.log"
world_stop switch

# 2: the same store may grow (its map is larger than the file), but the disk may not.
rm "$disk/switch.log" "$WORLD/log/switch.log" # its last words have room, this time
VISA_OPTIONS=(--delay 5ms)
world_start switch
terminals_run load pos2.journal --json --window 4 --duration 1h --pin 0% --repeat-after 1s --repeats 60 --settle 90s
load=$(cat "$WORLD/pid/load")
wait_until 60 grown pos2.journal 500 0
fill
stopped() { world_gone "$(cat "$WORLD/pid/switch")"; }
check "a store that cannot grow stops the switch" wait_until 120 stopped
wait "$(cat "$WORLD/pid/switch")"
check "with exit 5" equal $? 5
check "it says why" grep -q "STOPPED: .*No space left on device" "$WORLD/log/switch.log"
rm -f "$WORLD/pid/switch" "$disk/ballast"
check "the terminals still try" kill -0 "$load"
check "with room on the disk it starts again" world_start switch
echo "        $(world_log switch | grep -oE 'recovered .*')"
check "both links sign on" wait_until 20 links_up
before=$(lines "$WORLD/pos2.journal")
check "the terminals are served on" wait_until 60 grown pos2.journal 500 "$before"
world_stop load
check "they ended without a contradiction" equal $? 0
summary_is_clean "$WORLD/log/load.log"
day_ends_well
verdict
