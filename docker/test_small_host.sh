#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test_small_host.sh GANTRY PACKAGE PHOTO PYTHON: the images of Dockerfile.executorch. What test.sh checks of its image,
# and: what they weigh, the memory that the process needs, no LibTorch, and that a model which needs ExecuTorch's own
# kernels is refused by name without them, and answered with them. PACKAGE holds EfficientNet-lite0 for ExecuTorch.
set -euo pipefail
gantry=$1 package=$2 photo=$3 python=$4
# shellcheck source=docker/checks.sh
. "$(dirname "${BASH_SOURCE[0]}")/checks.sh"
small="gantry-small-host" kernels="gantry-small-host:with-kernels"

weighs_at_most() {   # IMAGE MEGABYTES
  docker image inspect -f '{{.Size}}' "$1" | awk -v most="$2" '{exit !($1 <= most * 1e6)}'
}
needs_at_most() {   # MEGABYTES: of what --stats wrote
  awk -v most="$1" '/^threads/ {found = 1; for (i = 1; i < NF; i++) if ($i == "most") kb = $(i + 1)}
                    END {exit !(found && kb > 0 && kb * 1024 <= most * 1e6)}' "$work/stats.txt"
}

for image in $small $kernels; do
  "$here/build.sh" "$image"
  for how in "" --mapped; do   # with a copy of the file, and with the file where it lies
    "$here/run.sh" "$image" "$package" "$photo" --stats $how 2>"$work/stats.txt" | tee "$work/container.txt"
    cat "$work/stats.txt"
    "$gantry" run "$package" "$photo" >"$work/host.json"
    check "$image $how: the answers equal the host's to 1e-4" same_answers "$python" "$work/container.txt" "$work/host.json" 5
    check "$image $how: needs at most 85 MB of memory while all golden cases are run" needs_at_most 85
  done
  # Where it may remember that they passed, they run once.
  mkdir -m 777 -p "$work/cache"
  for turn in first second; do
    CACHE=$work/cache "$here/run.sh" "$image" "$package" "$photo" --stats --mapped --golden-cache /cache/golden \
      2>"$work/stats.txt" | tee "$work/container.txt"
    cat "$work/stats.txt"
    check "$image: the $turn time the answers equal the host's to 1e-4" \
      same_answers "$python" "$work/container.txt" "$work/host.json" 5
  done
  check "$image: the second time it needs at most 50 MB of memory" needs_at_most 50
  check_image "$image" 09_small_host "$package" "$photo"
  check "$image: holds ExecuTorch" grep -q '^app/lib/libexecutorch\.so$' "$work/files.txt"
  no_libtorch() { ! grep -E '/lib(torch|c10)' "$work/files.txt"; }
  check "$image: holds no LibTorch" no_libtorch
done
check "$small: weighs at most 21 MB" weighs_at_most "$small" 21
check "$kernels: weighs at most 32 MB" weighs_at_most "$kernels" 32

"$python" "$here/undelegated_package.py" "$work/undelegated"
chmod -R a+rX "$work"
refuses() { ! "$here/run.sh" "$small" "$work/undelegated" "$photo" 2>"$work/refused.txt"; }
check "$small: refuses a model that needs ExecuTorch's own kernels" refuses
cat "$work/refused.txt"
check "$small: names the operator and the library" \
  grep -qE "aten::[a-z_.]+.*libexecutorch_kernels_optimized\.so" "$work/refused.txt"
"$here/run.sh" "$kernels" "$work/undelegated" "$photo" | tee "$work/container.txt"
"$gantry" run "$work/undelegated" "$photo" >"$work/host.json"
check "$kernels: answers it as the host does" same_answers "$python" "$work/container.txt" "$work/host.json" 3
echo "$passed passed, 0 failed"
