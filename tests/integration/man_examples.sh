#!/usr/bin/env bash
# Every example of isotest(1) and isot(5) is executed against the real switch, as the mark in front of
# it says (tools/man/README.md); every option that a verb has is in the page, and no other.
WORLD_ANSWER=1s
. "$(dirname "$0")/testing.sh"

man=$(cd "$(dirname "$0")/../../tools/man" && pwd)
work=$scratch/work
shop=$scratch/shop
mkdir -p "$work" "$shop" "$scratch/blocks"
PATH=$(cd "$WORLD_BIN" && pwd):$PATH
world_make "$scratch/world"
must "hsm, one issuer and the switch start" world_start hsm mc switch
free_port
peer=$FREE_PORT
ln -s "$DATA" "$shop/data"

# Take the blocks of PAGE out: blocks/PAGE-LINE with what is in it, and a line "FILE KIND NAME" each in
# blocks/list. A block without a mark, a mark without a block: fails.
blocks() {
  awk -v page="$1" -v to="$scratch/blocks" '
    /^; example / { if (mark != "") lost(FNR); mark = $3 " " $4; next }
    /^```$/ && !inside {
      if (mark == "") { print page ":" FNR ": this block is no example that is executed"; bad = 1; mark = "none" }
      inside = 1; file = to "/" page "-" FNR; print file, mark >>(to "/list"); mark = ""; printf "" >file; next
    }
    /^```$/ { inside = 0; close(file); next }
    inside { gsub(/\\\\/, "\\"); print >file; next }
    /^;   example / { next }
    /./ && mark != "" { lost(FNR) }
    function lost(at) { print page ":" at ": a mark without a block"; bad = 1 }
    END { exit bad }' "$man/$1.scd"
}
check "each block of isot(5) is an example" blocks isot.5
check "each block of isotest(1) is an example" blocks isotest.1

run() { (cd "$work" && isotest run "$1" --var "pos=$POS_PORT" --var "visa=$VISA_PORT" --var "port=$peer" --data "$DATA" --allow-exec); }
# Steps as the inside of a test; lines of the top level with a test that does nothing.
as_body() { printf 'include "lab.isot"\ntest "steps of the page" {\n%s\n}\n' "$(cat "$1")" >"$2"; }
as_top() { printf 'include "lab.isot"\n%s\ntest "lines of the page" {\n  wait 1ms\n}\n' "$(cat "$1")" >"$2"; }
# What a run tells, without what differs from one to the next: times, numbers, keys.
blot() {
  sed -E -e '/^isotest: warning: --var/d' -e '/^  timeline/,/^  [^ ]/{/^     \+/d}' -e '/^  rerun: /d; /^MONEY CHECK/d; /^[0-9]+ tests?  /d' \
    -e 's/[0-9]+(\.[0-9]+)? ms/N ms/g; s/ +N ms$/ N ms/; s/\(\+N ms\) +/(+N ms)  /; s/trace [0-9]+/trace N/' \
    -e 's/^(     DE(7|11|12|13|15|37|64) ).*/\1.../' -e '/^ *$/d'
}
told_as() { # NAME FILE: what the run of NAME told is what the page says
  diff <(blot <"$2") <(blot <"$scratch/told-$1")
}
fails() {
  run "$1" >"$scratch/told-$1" 2>&1
  local code=$?
  [ $code -eq 1 ] || [ $code -eq 3 ]
}

# What somebody with tcpdump has of an echo on the terminals' port.
capture_day() {
  free_port
  world_run capture "$WORLD_BIN/netpoke" capture "$shop/day.pcap" "$FREE_PORT" "127.0.0.1:$POS_PORT" &&
    world_ready capture listening && (cd "$shop" && isotest run echo.isot --var "pos=$FREE_PORT") || return 1
  world_kill capture
  cp "$WORLD/set/terminal-keys.csv" "$shop/"
  [ -s "$shop/day.pcap" ]
}

count=0
while read -r file kind name; do
  page=${file##*/}
  place="${page%-*}, line ${page##*-}"
  here=$work/$page.isot
  count=$((count + 1))
  case $kind in
  file)
    cp "$file" "$work/$name"
    sed -e "s/^set pos = .*/set pos = $POS_PORT/; s/^set visa = .*/set visa = $VISA_PORT/" "$file" >"$shop/$name"
    case $name in *.isot) check "$place: $name is good" isotest check "$work/$name" ;; esac
    ;;
  script)
    cp "$file" "$here"
    [ -n "$name" ] && cp "$file" "$shop/$name"
    check "$place: the script passes" run "$page.isot"
    ;;
  body)
    as_body "$file" "$here"
    check "$place: the steps pass" run "$page.isot"
    ;;
  top)
    as_top "$file" "$here"
    check "$place: the declarations are good" run "$page.isot"
    ;;
  fails)
    cp "$file" "$work/$name"
    check "$place: $name fails" fails "$name"
    ;;
  told) check "$place: $name fails as it says" told_as "$name" "$file" ;;
  shell)
    while read -r command; do
      case $command in *day.pcap*) must "the day is captured" capture_day ;; esac
      command=${command//8583/$POS_PORT}
      check "$place: $command" bash -c "cd '$shop' && $command"
    done <"$file"
    ;;
  *) check "$place: the mark is one that is known, not '$kind'" false ;;
  esac
done <"$scratch/blocks/list"
check "there are examples" at_least "$count" 25

# The scripts in the page are laid out as fmt has them; not those within a test, whose depth differs.
laid_out() {
  local file kind name bad=0
  while read -r file kind name; do
    case $kind:$name in
    file:*.isot | script:* | fails:declined.isot)
      isotest fmt - <"$file" | diff "$file" - || { echo "${file##*/}"; bad=1; }
      ;;
    esac
  done < <(grep -v 'echo.isot' "$scratch/blocks/list") # which shows a line that is continued
  return $bad
}
check "they are laid out" laid_out

# The options of each verb, both ways: what --help lists stands in the verb's section.
options_of() { grep -oE -- '--[a-z][a-z-]+' | sort -u | grep -vxE -- '--(help|usage|version)'; }
section_of() { sed -n "/^# ${1^^}\$/,/^# /p" "$man/isotest.1.scd"; }
same_options() { diff <(isotest "$1" --help | options_of) <(section_of "$1" | grep -E '^\*' | options_of); }
verbs=$(isotest --help | sed -nE 's/^  ([a-z]+) .*/\1/p')
check "there are verbs" at_least "$(wc -w <<<"$verbs")" 5
for verb in $verbs; do
  check "isotest(1) has the options of $verb, and no other" same_options "$verb"
done

for page in isotest.1 isot.5 isomsg.1 dialect.5; do
  [ -z "${MAN_DIR:-}" ] || check "$page is built" test -s "$MAN_DIR/$page"
done
verdict
