#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# collect_closure.sh PROGRAM DIR [LIBRARY...]: lays out in DIR what PROGRAM needs to run alone: itself in /app, the
# dynamic loader, and in /app/lib each LIBRARY, which it opens while it runs, and each shared library that ldd resolves for
# any of them, stripped, under the name it is asked for.
set -euo pipefail
program=$1 dir=$2
shift 2
mkdir -p "$dir/app/lib"
for file in "$program" "$@"; do
  missing=$(ldd "$file" | grep 'not found' || true)
  if [[ -n $missing ]]; then
    printf 'collect_closure: %s needs what is not here:\n%s\n' "$file" "$missing" >&2
    exit 1
  fi
done
cp "$program" "$dir/app/"
(($# == 0)) || cp -L "$@" "$dir/app/lib/"
while read -r library; do
  cp -L "$library" "$dir/app/lib/"
done < <(for file in "$program" "$@"; do ldd "$file"; done | awk '$2 == "=>" {print $3}' | sort -u)
loader=$(ldd "$program" | awk '/ld-linux/ {print $1}')
mkdir -p "$dir/$(dirname "$loader")" "$dir/etc" "$dir/tmp"
cp -L "$loader" "$dir$loader"
printf '/app/lib\n' >"$dir/etc/ld.so.conf"
find "$dir/app" -type f -exec strip --strip-unneeded {} +
ldconfig -r "$dir"   # libraries of Debian carry no RPATH: the loader's cache says where they are
echo "gantry:x:65532:65532::/:/nonexistent" >"$dir/etc/passwd"
