#!/usr/bin/env bash
# What is wrong with the files, the addresses or the store is told at once, with the place, and with
# an exit code that a supervisor can act upon: 3 input, 4 address, 5 storage; --check: 1.
WORLD_TERMINALS=4
WORLD_CARDS=4
. "$(dirname "$0")/testing.sh"

world_make "$scratch/world"
set=$WORLD/set
daemon() { timeout 30 "$WORLD_BIN/switchd" -c "${config:-$set/switch.yml}" --data "${data:-$DATA}" "$@"; }

# A copy of the good configuration, changed by sed, must be refused at FILE:LINE:COLUMN.
wrong() { # TEXT FILE SED PLACE
  local text=$1 file=$2 change=$3 place=$4
  rm -rf "$scratch/wrong"
  cp -r "$set" "$scratch/wrong"
  if [ "$change" = truncate ]; then
    truncate -s -1 "$scratch/wrong/$file"
  else
    sed -i "$change" "$scratch/wrong/$file"
  fi
  cmp -s "$set/$file" "$scratch/wrong/$file" && report 1 "$text: the test changes the file"
  config=$scratch/wrong/switch.yml
  check "$text: --check ends with 1" exits 1 daemon --check
  check "$text: the place is told" says "^$scratch/wrong/$file:$place"
  check "$text: a start ends with 3" exits 3 daemon
  config=
}
line() { grep -nF -- "$2" "$set/$1" | head -1 | cut -d: -f1; }

check "the good configuration passes --check" exits 0 daemon --check
wrong "an unknown key" switch.yml 's/    connections: 1000/    conections: 1000/' \
  "$(line switch.yml connections):5: error: .*did you mean 'connections'"
wrong "a port that is none" switch.yml "s/    address: 127.0.0.1:$VISA_PORT/    address: 127.0.0.1:50o1/" \
  "$(line switch.yml ":$VISA_PORT"):14: error"
wrong "a duration without a unit" switch.yml 's/    answer: 2s/    answer: 2/' \
  "$(line switch.yml '    answer: 2s'):13: error"
wrong "an unknown dialect" switch.yml 's/dialect: iso87_bcd/dialect: iso87_bdc/' \
  "$(line switch.yml 'dialect: iso87_bcd'):14: error"
wrong "a key that is no cryptogram" switch.yml "s/zpk: .*/zpk: U00112233/" "$(line switch.yml zpk):10: error"
wrong "YAML that is none" switch.yml 's/^groups:/groups: [/' '[0-9]+:[0-9]+: error'
wrong "the same key twice" switch.yml 's/^  visa:$/  mc:/' '[0-9]+:[0-9]+: error'
wrong "a missing last newline" switch.yml truncate '[0-9]+:[0-9]+: error'
wrong "a bad terminal row" terminals.csv '3s/,active,/,aktive,/' '3:[0-9]+: error'
wrong "a bad prefix" bins.csv '2s/4,visa/4x,visa/' '2:[0-9]+: error'
wrong "an issuer that is not there" bins.csv '2s/4,visa/4,vista/' '2:[0-9]+: error'
wrong "a card number that is none" cards.csv '2s/^./x/' '2:[0-9]+: error'
config=$scratch/wrong/switch.yml
cp -r "$set/." "$scratch/wrong"
rm "$scratch/wrong/terminals.csv"
check "a file that is not there: a start ends with 3" exits 3 daemon
check "a file that is not there: it is named" says "wrong/terminals.csv: error: No such file"
config=

# A terminal's clear key, pasted where a cryptogram belongs, must not come back in the error.
clear=$(sed -n 2p "$set/terminal-keys.csv" | cut -d, -f2)
wrong "a clear key" terminals.csv "2s/,U[0-9A-F]*,/,${clear}0,/" '2:[0-9]+: error'
refuted "no error shows a key" says "${clear:0:10}"

config=$scratch/nowhere.yml
check "no configuration at all ends with 3" exits 3 daemon
config=
check "an unknown option ends with 2" exits 2 daemon --bogus

# The store.
check "no data directory ends with 5" exits 5 daemon
check "it says how to make one" says "cannot open the store: .*--init"
check "--init makes one" exits 0 daemon --init --day "$DAY"
check "--init never touches one that is there" exits 5 daemon --init --day "$DAY"
check "it says so" says "there is a store already"
check "a day that is none ends with 2" exits 2 daemon --init --day 2026-13-01

# Killed at any moment it leaves what the next one makes whole.
data=$scratch/data-killed
init_size() { [ "$(stat -c %s "$data/unfinished/data.mdb" 2>/dev/null || echo 0)" -ge "$size" ] || world_gone "$init"; }
killed=0
for size in 0 1 1000000 8000000 30000000 60000000 67000000; do
  "$WORLD_BIN/switchd" -c "$set/switch.yml" --data "$data" --init --day "$DAY" 2>/dev/null &
  init=$!
  wait_until 20 init_size
  kill -9 "$init" 2>/dev/null && killed=$((killed + 1))
  wait "$init" 2>/dev/null
  if [ ! -e "$data/data.mdb" ]; then
    check "an --init that was killed at $size bytes: a start ends with 5" exits 5 daemon
    check "it says to make one" says "cannot open the store: .*--init"
    check "and it can be made" exits 0 daemon --init --day "$DAY"
  fi
  check "nothing is left over" equal "$(ls "$data" | tr '\n' ' ')" "data.mdb key "
  rm -rf "$data"
done
check "the kills came in time" at_least "$killed" 3

# The path of a unix socket has 107 characters at most: told before anything is made.
data=$scratch/$(printf 'd%.0s' {1..120})
check "a --data that is too long: --check ends with 1" exits 1 daemon --check
check "it says what is too long" says "path of the admin socket has [0-9]+ characters"
check "--init ends with 4" exits 4 daemon --init --day "$DAY"
check "and makes nothing" equal "$(ls -d "$data" 2>/dev/null)" ""
data=

must "the world starts" world_start
data=$DATA
check "a second daemon on the same store ends with 5" exits 5 daemon
check "it says that another process has it" says "another process has it"
data=$scratch/data2
check "a second store is made" exits 0 daemon --init --day "$DAY"
check "a port that is taken ends with 4" exits 4 daemon
check "it names the listener and the address" says "listener=pos address=127.0.0.1:$POS_PORT"
data=
world_stop switch

cp "$DATA/key" "$scratch/key"
chmod 644 "$DATA/key"
check "a key file that others can read ends with 5" exits 5 daemon
check "it names the key file" says "key"
chmod 600 "$DATA/key"
sed 's/^......../01234567/' "$scratch/key" >"$DATA/key"
check "the wrong key ends with 5" exits 5 daemon
check "it names the key file" says "key"
rm "$DATA/key"
check "a missing key ends with 5" exits 5 daemon
check "it names the key file" says "key"
refuted "a missing key is not made good with --init" says "make one with --init"
cp "$scratch/key" "$DATA/key"
chmod 400 "$DATA/key"
dd if=/dev/urandom of="$DATA/data.mdb" bs=4096 count=2 conv=notrunc status=none
check "a store that is none ends with 5" exits 5 daemon
verdict
