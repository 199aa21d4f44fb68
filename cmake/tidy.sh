#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cmake/tidy.sh DIR JOBS: clang-tidy over the library's sources as DIR compiles them, several in one (a unity build), with
# the checks of .clang-tidy. Prints each finding once; exits 1 if there are any.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=$1 jobs=$2
command -v clang-tidy >/dev/null || { echo "tidy: clang-tidy is not installed" >&2; exit 1; }

# The commands without what only GCC understands, in a folder of their own, and the list of units. Clang 14 knows
# coroutines, but does not say so in the way that GCC's headers and Boost.Asio ask for.
mkdir -p "$build/tidy"
mapfile -t units < <(python3 - "$build" <<'PYTHON'
import json, re, sys
build = sys.argv[1]
coroutines = " -D__cpp_impl_coroutine=201902L -DBOOST_ASIO_HAS_CO_AWAIT -DBOOST_ASIO_HAS_STD_COROUTINE"
entries = [entry for entry in json.load(open(build + "/compile_commands.json"))
           if re.search("/unity/(?!gantry_test)|/lib/", entry["file"]) and not entry["file"].endswith("/empty_library.cpp")]
for entry in entries:
    entry["command"] = re.sub(r" -fno-tree-\S+| -fopenmp\b", "", entry["command"]) + coroutines
    print(entry["file"])
json.dump(entries, open(build + "/tidy/compile_commands.json", "w"))
PYTHON
)
echo "clang-tidy reads ${#units[@]} units of lib/"
log=$build/tidy/findings.log
# The units include sources: so the filter of headers takes those, too, and to include one is no finding.
printf '%s\0' "${units[@]}" | xargs -0 -P "$jobs" -n 1 clang-tidy -p "$build/tidy" --quiet --checks=-bugprone-suspicious-include \
  '--header-filter=(include/gantry|lib)/.*\.[ch]pp' >"$log" 2>"$build/tidy/errors.log" || true
if grep -E "warning:|error:|Error while" "$log" "$build/tidy/errors.log" -h | sort -u | sed "s|$PWD/||" | grep .; then
  echo "the findings in their places: $log" >&2
  exit 1
fi
echo "no findings"
