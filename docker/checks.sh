# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What test.sh and test_small_host.sh share; to be sourced. Sets `here`, `work`, a folder until the script ends, and `passed`.
here=$(dirname "${BASH_SOURCE[0]}")
work=$(mktemp -d)
trap 'rm -rf "$work" || true' EXIT
passed=0

# check WHAT COMMAND...: ends the script where the command fails.
check() {
  local what=$1
  shift
  "$@" || { echo "docker-test: FAILED: $what" >&2; exit 1; }
  passed=$((passed + 1))
  echo "ok: $what"
}

# same_answers PYTHON TEXT JSON COUNT: the classes that the container printed are those of `gantry run`, to 1e-4.
same_answers() {
  "$1" - "$2" "$3" "$4" <<'PY'
import json, re, sys
container = [(m[2], float(m[1]) / 100) for m in re.finditer(r"^\s*([\d.]+) %\s+(.+)$", open(sys.argv[1]).read(), re.M)]
host = [(c["label"], c["score"]) for c in json.load(open(sys.argv[2]))["result"]["classes"]]
print("host:", host)
same = len(container) == len(host) == int(sys.argv[3]) and all(a == b and abs(p - q) <= 1e-4 for (a, p), (b, q) in zip(container, host))
sys.exit(not same)
PY
}

cannot_read() { ! "$here/run.sh" "$1" "$2" "$3" >"$work/refused.txt" 2>&1; }
has_no_shell() { ! docker run --rm --entrypoint /bin/sh "$1" -c true >/dev/null 2>&1; }

# Beside the program and its libraries only what the loader reads, and what the engine itself puts into a container.
holds_only_closure() {
  local container
  container=$(docker create "$1")
  docker export "$container" | tar -t | grep -v '/$' >"$work/files.txt"
  docker rm "$container" >/dev/null
  ! grep -vE "^(app/$2|app/lib/[^/]+\.so[.0-9]*|lib(64)?/ld-linux[^/]*|etc/(ld\.so\.(cache|conf)|passwd))$" "$work/files.txt" |
    grep -vE '^(\.dockerenv|dev/console|etc/(hostname|hosts|mtab|resolv\.conf))$'
}

# check_image IMAGE PROGRAM PACKAGE PHOTO: it runs as nobody, and holds no more than it needs. Leaves the names of its
# files in $work/files.txt.
check_image() {
  local image=$1 program=$2 package=$3 photo=$4 user
  user=$(docker image inspect -f '{{.Config.User}}' "$image")
  check "$image: the user is not root (it is $user)" test "$user" = 65532:65532
  # A file that only its owner may read: root, or anyone with CAP_DAC_OVERRIDE, would read it.
  cp "$photo" "$work/private.png" && chmod 600 "$work/private.png"
  check "$image: in the container it cannot read another user's file" cannot_read "$image" "$package" "$work/private.png"
  check "$image: and says so instead of crashing" grep -qiE 'permission|cannot be read|failed_precondition' "$work/refused.txt"
  check "$image: has no shell" has_no_shell "$image"
  check "$image: holds the program, its libraries and the loader, and nothing else" holds_only_closure "$image" "$program"
}
