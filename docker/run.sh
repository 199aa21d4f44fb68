#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh IMAGE PACKAGE PHOTO [OPTION...]: classifies PHOTO in the container, which may do nothing but compute: no root, no
# capabilities, no network, no writable file, one CPU. The package is mounted read-only, as an operator would mount it.
# OPTIONs are the program's. With CACHE, a folder that the user 65532 can write to, that is /cache.
set -euo pipefail
image=$1 package=$(realpath "$2") photo=$(realpath "$3")
shift 3
exec docker run --rm --user 65532:65532 --read-only --cap-drop=ALL --security-opt=no-new-privileges --network=none --cpus=1 \
  --mount "type=bind,source=$package,target=/model,readonly" --mount "type=bind,source=$photo,target=/photo,readonly" \
  ${CACHE:+--mount "type=bind,source=$CACHE,target=/cache"} "$image" "$@" /model /photo
