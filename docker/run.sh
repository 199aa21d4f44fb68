#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh PACKAGE PHOTO: classifies PHOTO in the container, which may do nothing but compute: no root, no capabilities, no
# network, no writable file, one CPU. The package is mounted read-only, as an operator would mount it.
set -euo pipefail
package=$(realpath "$1") photo=$(realpath "$2")
exec docker run --rm --user 65532:65532 --read-only --cap-drop=ALL --security-opt=no-new-privileges --network=none --cpus=1 \
  --mount "type=bind,source=$package,target=/model,readonly" --mount "type=bind,source=$photo,target=/photo,readonly" \
  gantry-classify /model /photo
