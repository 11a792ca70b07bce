# shellcheck shell=bash
# A small world of real processes, for the demo and the integration tests: sourced, not run.
#
#   world_make DIR          data set, configuration and free ports in DIR (private)
#   world_start [NAME...]   start hsm, visa, mc, switch (all without arguments); each is ready on return
#   world_stop [NAME...]    SIGTERM and wait; world_kill NAME: SIGKILL
#   world_end               stop everything that is left (also on exit)
#
# Variables that may be set before world_make: WORLD_TERMINALS, WORLD_CARDS, WORLD_SEED, WORLD_BIN
# (default build/bin), WORLD_ANSWER (link answer time), WORLD_MAP, WORLD_PREALLOCATE, WORLD_DIALECT,
# WORLD_FRAME, WORLD_LOG, WORLD_CONNECTIONS, WORLD_TRIES, WORLD_DEAD_LETTERS, WORLD_MORE (more sections of switch.yml). VISA_OPTIONS,
# MC_OPTIONS, HSM_OPTIONS, SWITCH_OPTIONS are arrays that the next start appends.

WORLD_BIN=${WORLD_BIN:-build/bin}
VISA_OPTIONS=()
MC_OPTIONS=()
HSM_OPTIONS=()
SWITCH_OPTIONS=()

# A port below 32768 on 127.0.0.1 that nobody listens on and that no other world has: a world's
# processes die and come back, and meanwhile their ports must not be taken. The lock of a port's file
# is held by this shell and what it starts.
free_port() {
  local port locks=${WORLD_PORTS:-${TMPDIR:-/tmp}/cardswitch-ports-$UID} lock
  mkdir -p -m 700 "$locks"
  while :; do
    port=$((20000 + RANDOM % 11000))
    exec {lock}>"$locks/$port"
    if flock -n "$lock" && ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      FREE_PORT=$port
      return
    fi
    exec {lock}>&-
  done
}

# Wait until a command succeeds, SECONDS at most: wait_until 10 grep -q ready FILE
wait_until() {
  local limit=$(($(date +%s%N) + $1 * 1000000000))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s%N)" -gt "$limit" ] && return 1
    sleep 0.02
  done
}

world_make() {
  WORLD=$1
  mkdir -p "$WORLD/set" "$WORLD/log" "$WORLD/pid"
  "$WORLD_BIN/terminal-sim" make "$WORLD/set" --terminals "${WORLD_TERMINALS:-16}" \
    --cards "${WORLD_CARDS:-24}" --seed "${WORLD_SEED:-20261120}" >/dev/null
  # shellcheck disable=SC1091
  . "$WORLD/set/keys.env"
  free_port; HSM_PORT=$FREE_PORT
  free_port; VISA_PORT=$FREE_PORT
  free_port; MC_PORT=$FREE_PORT
  free_port; POS_PORT=$FREE_PORT
  DATA=$WORLD/data
  world_configure
}

# (Re)write the configuration from the variables.
world_configure() {
  cat >"$WORLD/set/switch.yml" <<YML
store:
  map: ${WORLD_MAP:-1GiB}
  preallocate: ${WORLD_PREALLOCATE:-64MiB}
hsm:
  address: 127.0.0.1:$HSM_PORT
files:
  terminals: terminals.csv
  bins: bins.csv
  cards: cards.csv
listeners:
  pos:
    address: 127.0.0.1:$POS_PORT
    frame: ${WORLD_FRAME:-len2+tpdu}
    dialect: ${WORLD_DIALECT:-iso87_bcd}
    connections: ${WORLD_CONNECTIONS:-1000}
groups:
  shops:
    identity: de12
    acquirer: "10000000001"
    mac: required
    diagnostics: yes
  kiosks:
    identity: de12
    acquirer: "10000000001"
    mac: optional
issuers:
  visa:
    id: "40000000001"
    pin: translate
    zpk: $ZPK_VISA
  mc:
    id: "50000000001"
    pin: verify
    pvk: $PVK_MC
links:
  visa1:
    issuer: visa
    address: 127.0.0.1:$VISA_PORT
    frame: len2
    dialect: iso87_ascii
    answer: ${WORLD_ANSWER:-2s}
  mc1:
    issuer: mc
    address: 127.0.0.1:$MC_PORT
    frame: ascii4
    dialect: iso87_asciihex
    answer: ${WORLD_ANSWER:-2s}
retries:
  reversal_answer: 1s
  first: 500ms
  max: 5s
  tries: ${WORLD_TRIES:-20}
  dead_letters: ${WORLD_DEAD_LETTERS:-1h}
YML
  [ -z "${WORLD_MORE:-}" ] || printf '%s\n' "$WORLD_MORE" >>"$WORLD/set/switch.yml"
}

# Start NAME with a command; its pid is kept, its output is appended to log/NAME.log.
declare -A world_log_from=()
world_run() {
  local name=$1 log=$WORLD/log/$1.log
  shift
  touch "$log"
  world_log_from[$name]=$(($(wc -l <"$log") + 1))
  "$@" >>"$log" 2>&1 &
  echo $! >"$WORLD/pid/$name"
}

# What the running NAME has logged.
world_log() { tail -n "+${world_log_from[$1]}" "$WORLD/log/$1.log"; }
world_said() { world_log "$1" | grep -qF -- "$2"; }

# Wait for TEXT in the log of the running NAME.
world_ready() {
  wait_until 20 world_said "$1" "$2" && return 0
  echo "$1 did not become ready ($2):" >&2
  world_log "$1" | tail -5 >&2
  return 1
}

world_start() {
  local name
  [ $# -eq 0 ] && set -- hsm visa mc switch
  for name in "$@"; do
    case $name in
    hsm)
      world_run hsm "$WORLD_BIN/hsm-sim" --listen "127.0.0.1:$HSM_PORT" "${HSM_OPTIONS[@]}"
      world_ready hsm listening || return 1
      ;;
    visa)
      world_run visa "$WORLD_BIN/issuer-stub" --name visa --listen "127.0.0.1:$VISA_PORT" \
        --dialect iso87_ascii --frame len2 --accounts "$WORLD/set/accounts-visa.csv" \
        --journal "$WORLD/visa.journal" --hsm "127.0.0.1:$HSM_PORT" --zpk "$ZPK_VISA" \
        --pvk "$PVK_VISA" "${VISA_OPTIONS[@]}"
      world_ready visa listening || return 1
      ;;
    mc)
      world_run mc "$WORLD_BIN/issuer-stub" --name mc --listen "127.0.0.1:$MC_PORT" \
        --dialect iso87_asciihex --frame ascii4 --accounts "$WORLD/set/accounts-mc.csv" \
        --journal "$WORLD/mc.journal" "${MC_OPTIONS[@]}"
      world_ready mc listening || return 1
      ;;
    switch)
      [ -d "$DATA" ] || world_init || return 1
      world_run switch "$WORLD_BIN/switchd" -c "$WORLD/set/switch.yml" --data "$DATA" \
        --log-level "${WORLD_LOG:-info}" "${SWITCH_OPTIONS[@]}"
      world_ready switch "ready in" || return 1
      ;;
    esac
  done
}

world_init() {
  "$WORLD_BIN/switchd" -c "$WORLD/set/switch.yml" --data "$DATA" --init --day 2026-11-20 \
    2>>"$WORLD/log/switch.log"
}

# Both links are signed on.
links_up() {
  [ "$(ctl link list --json | grep -o signed-on | wc -l)" -ge 2 ]
}

world_stop() {
  local name pid
  [ $# -eq 0 ] && set -- switch visa mc hsm
  for name in "$@"; do
    [ -f "$WORLD/pid/$name" ] || continue
    pid=$(cat "$WORLD/pid/$name")
    rm -f "$WORLD/pid/$name"
    kill "$pid" 2>/dev/null
    wait_until 90 world_gone "$pid" || kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
}

world_gone() { ! kill -0 "$1" 2>/dev/null; }

world_kill() {
  local pid
  pid=$(cat "$WORLD/pid/$1")
  rm -f "$WORLD/pid/$1"
  kill -9 "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
}

world_end() {
  local pid
  [ -n "${WORLD:-}" ] || return 0
  for pid in "$WORLD"/pid/*; do
    case ${pid##*/} in switch | visa | mc | hsm | '*') ;; *) world_stop "${pid##*/}" ;; esac
  done
  world_stop
  return 0
}

ctl() { "$WORLD_BIN/switchctl" --data "$DATA" "$@"; }

# terminal-sim against this world: terminals JOURNAL OPTIONS... terminals_run NAME does the same in
# the background, as a process NAME of the world: its summary is in log/NAME.log, SIGTERM ends it.
terminals_command() {
  local journal=$1
  shift
  TERMINALS=("$WORLD_BIN/terminal-sim" run --connect "127.0.0.1:$POS_PORT" --data "$WORLD/set"
             --frame "${WORLD_FRAME:-len2+tpdu}" --dialect "${WORLD_DIALECT:-iso87_bcd}"
             --journal "$WORLD/$journal" --quiet "$@")
}
terminals() {
  terminals_command "$@"
  "${TERMINALS[@]}"
}
terminals_run() {
  local name=$1
  shift
  terminals_command "$@"
  world_run "$name" "${TERMINALS[@]}"
}

# Reversals of ours that are still due.
nothing_due() { [ "$(ctl saf list --json | grep -c due_seq)" -eq 0 ]; }
