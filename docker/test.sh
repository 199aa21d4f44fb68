#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test.sh GANTRY PACKAGE PHOTO PYTHON: the container's five classes equal, to 1e-4, those that the host's `gantry run`
# gives (another LibTorch, perhaps), the image runs as nobody, and it holds no more than its program's closure.
set -euo pipefail
gantry=$1 package=$2 photo=$3 python=$4
here=$(dirname "${BASH_SOURCE[0]}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
check() { local what=$1; shift; "$@" || { echo "docker-test: FAILED: $what" >&2; exit 1; }; passed=$((passed + 1)); echo "ok: $what"; }

"$here/build.sh"
"$here/run.sh" "$package" "$photo" | tee "$work/container.txt"
"$gantry" run "$package" "$photo" >"$work/host.json"
check "the container's answers equal the host's to 1e-4" "$python" - "$work/container.txt" "$work/host.json" <<'PY'
import json, re, sys
container = [(m[2], float(m[1]) / 100) for m in re.finditer(r"^\s*([\d.]+) %\s+(.+)$", open(sys.argv[1]).read(), re.M)]
host = [(c["label"], c["score"]) for c in json.load(open(sys.argv[2]))["result"]["classes"]]
print("host:", host)
same = len(container) == len(host) == 5 and all(a == b and abs(p - q) <= 1e-4 for (a, p), (b, q) in zip(container, host))
sys.exit(not same)
PY

user=$(docker image inspect -f '{{.Config.User}}' gantry-classify)
check "the image's user is not root (it is $user)" test "$user" = 65532:65532
# A file that only its owner may read: root, or anyone with CAP_DAC_OVERRIDE, would read it.
cp "$photo" "$work/private.png" && chmod 600 "$work/private.png"
cannot_read() { ! "$here/run.sh" "$package" "$work/private.png" >"$work/refused.txt" 2>&1; }
check "in the container it cannot read another user's file" cannot_read
check "and says so instead of crashing" grep -qiE 'permission|cannot be read|failed_precondition' "$work/refused.txt"
no_shell() { ! docker run --rm --entrypoint /bin/sh gantry-classify -c true >/dev/null 2>&1; }
check "the image has no shell" no_shell
# Beside the program and its libraries only what the loader reads, and what the engine itself puts into a container.
container=$(docker create gantry-classify)
docker export "$container" | tar -t | grep -v '/$' >"$work/files.txt"
docker rm "$container" >/dev/null
only_closure() {
  ! grep -vE '^(app/01_classify|app/lib/[^/]+\.so[.0-9]*|lib(64)?/ld-linux[^/]*|etc/(ld\.so\.(cache|conf)|passwd))$' "$work/files.txt" |
    grep -vE '^(\.dockerenv|dev/console|etc/(hostname|hosts|mtab|resolv\.conf))$'
}
check "it holds the program, its libraries and the loader, and nothing else" only_closure
echo "$passed passed, 0 failed"
