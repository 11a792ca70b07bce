#!/usr/bin/env bash
# The core is a function: what its objects call from outside is memory, text and search, never I/O, clock,
# allocation, randomness or a foreign library. Reads the symbol table: core_symbols.sh LIBRARY...
set -uo pipefail
forbidden='^(uv_|mdb_|EVP_|OPENSSL_|RAND_|HMAC|yaml_|json_|csv_|pthread_)|^(malloc|calloc|realloc|free|printf|fprintf|snprintf|puts|write|read|open|close|send|recv|socket|time|clock_gettime|gettimeofday|rand|random|getrandom|getenv|usleep|nanosleep)$'
found=0
for library in "$@"; do
  calls=$(nm -u "$library" | awk '$1 == "U" {print $2}' | sort -u)
  [ -n "$calls" ] || { echo "$library: no symbols read"; exit 1; }
  bad=$(grep -E "$forbidden" <<<"$calls")
  [ -z "$bad" ] || { echo "$library calls: $(tr '\n' ' ' <<<"$bad")"; found=1; }
done
[ $found -eq 0 ] && echo "ok: $(echo "$calls" | wc -l) outside symbols, none of them impure"
exit $found
