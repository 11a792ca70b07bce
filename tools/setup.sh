#!/usr/bin/env bash
# Install what cardswitch is built and tested with (Debian 12). Asks nothing; needs root or sudo, and
# only where a package is missing. "--tests" adds what only the tests use.
set -euo pipefail

build=(gcc cmake make pkg-config libc6-dev libuv1-dev liblmdb-dev libssl-dev libyaml-dev
       libjansson-dev libexpat1-dev libcsv-dev libpcre2-dev libpcap-dev libncurses-dev scdoc check)
tests=(clang libclang-rt-14-dev tshark jq util-linux procps)

wanted=("${build[@]}")
[ "${1:-}" = "--tests" ] && wanted+=("${tests[@]}")

missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
    missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "setup: needs root to install: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "setup: installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
