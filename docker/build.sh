#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the image gantry-classify from this clone and prints its size.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if ! docker info >/dev/null 2>&1; then
  echo "docker: no engine answers; install one (Debian: docker.io), start it, and let this user reach it" >&2
  exit 1
fi
mkdir -p build
log=build/docker-build.log
echo "building the image gantry-classify (log: $log); minutes the first time"
docker build -f docker/Dockerfile -t gantry-classify . >"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }
docker image inspect -f '{{.Size}}' gantry-classify | awk '{printf "image gantry-classify: %.0f MB\n", $1 / 1e6}'
