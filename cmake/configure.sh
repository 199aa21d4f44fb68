#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cmake/configure.sh DIR PRESET [-DNAME=VALUE...]: configures DIR once for these arguments. Later calls cost nothing:
# ninja itself runs CMake again when a CMakeLists.txt changed. Other arguments than last time start from an empty cache,
# so that no path of another LibTorch stays behind; so do packages that bootstrap.sh has installed since, so that what was
# missing is found.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=$1 preset=$2; shift 2
wanted="$preset $* $(cat build/packages-installed 2>/dev/null || true)"
[[ -f $build/build.ninja && $(cat "$build/configured" 2>/dev/null) == "$wanted" ]] && exit 0
mkdir -p "$build"
rm -f "$build/configured"
echo "configuring $build (log: $build/configure.log)"
if ! cmake --fresh --preset "$preset" -B "$build" "$@" >"$build/configure.log" 2>&1; then
  echo "configuring failed; the end of $build/configure.log:" >&2
  tail -n 25 "$build/configure.log" >&2
  exit 1
fi
printf '%s\n' "$wanted" >"$build/configured"
