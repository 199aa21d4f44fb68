#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build.sh [IMAGE]: builds an image from this clone and prints its size. IMAGE: gantry-classify (the default),
# gantry-small-host, or gantry-small-host:with-kernels.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
image=${1:-gantry-classify}
case $image in
  gantry-classify) recipe=(-f docker/Dockerfile) ;;
  gantry-small-host) recipe=(-f docker/Dockerfile.executorch --target small-host) ;;
  gantry-small-host:with-kernels) recipe=(-f docker/Dockerfile.executorch --target with-kernels) ;;
  *) echo "docker: no image $image; there are gantry-classify, gantry-small-host and gantry-small-host:with-kernels" >&2; exit 64 ;;
esac
if ! docker info >/dev/null 2>&1; then
  echo "docker: no engine answers; install one (Debian: docker.io), start it, and let this user reach it" >&2
  exit 1
fi
mkdir -p build
log=build/docker-build-${image//:/-}.log
echo "building the image $image (log: $log); minutes the first time"
docker build "${recipe[@]}" -t "$image" . >"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }
docker image inspect -f '{{.Size}}' "$image" | awk -v image="$image" '{printf "image %s: %.1f MB\n", image, $1 / 1e6}'
