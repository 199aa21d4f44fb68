#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test.sh GANTRY PACKAGE PHOTO PYTHON: the container's five classes equal, to 1e-4, those that the host's `gantry run`
# gives (another LibTorch, perhaps), the image runs as nobody, and it holds no more than its program's closure.
set -euo pipefail
gantry=$1 package=$2 photo=$3 python=$4
# shellcheck source=docker/checks.sh
. "$(dirname "${BASH_SOURCE[0]}")/checks.sh"
image="gantry-classify"

"$here/build.sh" "$image"
"$here/run.sh" "$image" "$package" "$photo" | tee "$work/container.txt"
"$gantry" run "$package" "$photo" >"$work/host.json"
check "the container's answers equal the host's to 1e-4" same_answers "$python" "$work/container.txt" "$work/host.json" 5
check_image "$image" 01_classify "$package" "$photo"
echo "$passed passed, 0 failed"
