#!/usr/bin/env bash
# The README's "Connect your terminal": the sample configuration and data as committed (on free ports),
# each sample message in hex sent as it is printed there, and the isomsg command line: all approved.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/integration/world.sh
work=$(mktemp -d)
trap 'world_end; rm -rf "$work"' EXIT

# The world's processes, but with the committed sample instead of a data set of its own.
world_make "$work"
cp tests/load/sample/* "$work/set/"
cp switch/etc/*.csv "$work/set/"
. "$work/set/keys.env"
declare -A port=()
for sample in 8583 8584 8585; do
  free_port
  port[$sample]=$FREE_PORT
done
sed -e "s/127.0.0.1:1500/127.0.0.1:$HSM_PORT/; s/127.0.0.1:9001/127.0.0.1:$VISA_PORT/" \
  -e "s/127.0.0.1:9002/127.0.0.1:$MC_PORT/; s/127.0.0.1:8583/127.0.0.1:${port[8583]}/" \
  -e "s/127.0.0.1:8584/127.0.0.1:${port[8584]}/; s/127.0.0.1:8585/127.0.0.1:${port[8585]}/" \
  -e 's/preallocate: 256MiB/preallocate: 16MiB/' switch/etc/switch.yml >"$work/set/switch.yml"
world_start || exit 1
wait_until 10 links_up || { echo "links did not sign on"; exit 1; }

faults=0
rows=0
while IFS='|' read -r _ at frame dialect hex _; do
  at=${at// /} frame=${frame// /} dialect=${dialect// /} hex=${hex//[ \`]/}
  rows=$((rows + 1))
  "$WORLD_BIN/isomsg" view --frame "$frame" --dialect "$dialect" --hex "$hex" >"$work/view.txt" ||
    { echo "isomsg cannot read the sample of $dialect"; faults=$((faults + 1)); }
  exec 3<>"/dev/tcp/127.0.0.1/${port[$at]}"
  printf '%b' "$(sed 's/../\\x&/g' <<<"$hex")" >&3
  # An answer is complete when its first bytes' length is there; enough of it to find DE39 is read.
  answer=$(timeout 10 head -c 60 <&3 | od -An -v -tx1 | tr -d ' \n')
  exec 3>&-
  case $dialect in
  iso87_bcd) told=$(grep -c '0210' <<<"$answer") ;;
  iso87_ascii) told=$(grep -c '30323130' <<<"$answer") ;;
  *) told=$(grep -c '30323130' <<<"$answer") ;;
  esac
  [ "$told" -eq 1 ] || { echo "no 0210 to the sample of $dialect: $answer"; faults=$((faults + 1)); }
done < <(grep -E '^\| 858[0-9] \|' README.md)
[ $rows -eq 3 ] || { echo "README.md has $rows sample messages, 3 were expected"; faults=$((faults + 1)); }

# The command line below the table, joined and pointed at this world.
command=$(sed -n '/^build\/bin\/isomsg send/,/^```/p' README.md | grep -v '```' | tr -d '\\\n')
command=${command/build\/bin/$WORLD_BIN}
command=${command/127.0.0.1:8583/127.0.0.1:${port[8583]}}
eval "$command" >"$work/send.txt" || { echo "isomsg send failed"; faults=$((faults + 1)); }
grep -qE 'DE39 .* 00  approved$' "$work/send.txt" || { cat "$work/send.txt"; faults=$((faults + 1)); }

approved=$(ctl tx list --last 10 --json | grep -o '"state": *"approved"' | wc -l)
[ "$approved" -eq 4 ] || { echo "$approved approvals in the store, 4 were expected"; faults=$((faults + 1)); }
[ $faults -eq 0 ] && echo "ok: 3 sample messages and the command line are approved"
exit $((faults > 0))
