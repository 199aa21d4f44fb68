#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a bare Debian machine ready to build gantry, and says what it does; `make` calls it before every target that
# builds. Idempotent: with nothing to do it takes well under a second.
#
#   cmake/bootstrap.sh [--torch auto|debian] [--build DIR] [--checks] [--clients]
#
# 1. Debian packages: installed as root or through passwordless sudo; otherwise the command to run is printed (exit 1).
#    With --checks those of the code checks, too: clang, clang-tidy, clang-format, libabigail. With --clients the
#    command-line clients and the Prometheus that gantry-server is tested with, and gRPC, with which it is then built.
# 2. LibTorch, the first of: $GANTRY_TORCH_ROOT; a torch that python3 already has; the one in .venv (made here, by pip);
#    with --torch debian, Debian's libtorch-dev, which must be 2.6 or newer (trixie; bookworm's 1.13 is refused).
# 3. .venv: the Python stack that exports the demo's model and that the parity tests compare with; with --clients, in
#    .venv/server-clients, those that gantry-server is tested with (350 MB).
# What was found goes to DIR/bootstrap.env (GANTRY_TORCH_ROOT and GANTRY_PYTHON), which the Makefile reads.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

torch=auto build=build checks= clients=
while (($#)); do
  case $1 in
    --torch) torch=$2; shift 2 ;;
    --build) build=$2; shift 2 ;;
    --checks) checks=1; shift ;;
    --clients) clients=1; shift ;;
    *) sed -n '3,15s/^# \{0,1\}//p' "$0"; exit 64 ;;
  esac
done
case $torch in auto | debian) ;; *) echo "bootstrap: --torch is auto or debian, not '$torch'" >&2; exit 64 ;; esac
mkdir -p "$build"
venv=.venv
oldest_torch=2.6

say() { printf 'bootstrap: %s\n' "$*"; }
die() { printf 'bootstrap: %s\n' "$@" >&2; exit 1; }

# step LOG WHAT COMMAND...: runs the command with its output in LOG; a line every ten seconds shows that it is alive.
step() {
  local log=$1 what=$2 start=$SECONDS pid; shift 2
  say "$what (log: $log)"
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1
    if (((SECONDS - start) % 10 == 9)); then
      printf '  %4d s  %s\n' $((SECONDS - start)) "$(tail -c 400 "$log" | tr '\r' '\n' | sed '/^ *$/d' | tail -n 1 | cut -c1-100)"
    fi
  done
  wait "$pid" || { echo "bootstrap: failed: $what; the end of $log:" >&2; tail -n 20 "$log" >&2; return 1; }
  printf '  %4d s  done\n' $((SECONDS - start))
}

# The same for a step that downloads: a line that breaks once does not end the build.
download_step() {
  local attempt
  for attempt in 1 2; do
    step "$@" && return
    say "trying again ($attempt of 2)"
    sleep $((attempt * 5))
  done
  step "$@" || exit 1
}

# ---- 1. Debian packages -------------------------------------------------------------------------------------------
declare -A why=(
  [build-essential]="compiler" [cmake]="build" [ninja-build]="build" [ccache]="fast rebuilds" [pkg-config]="finds libraries"
  [python3]="exports the demo's model" [python3-venv]="the project's .venv"
  [libjpeg62-turbo-dev]="JPEG" [libisal-dev]="PNG" [zlib1g-dev]="PNG, gantry-server" [libwebp-dev]="WebP" [libhwy-dev]="SIMD"
  [libeigen3-dev]="linear algebra"
  [nlohmann-json3-dev]="reads manifests" [nettle-dev]="SHA-256" [libsodium-dev]="Ed25519"
  [libssl-dev]="signs in the tests, TLS of gantry-server" [libgtest-dev]="tests" [libgmock-dev]="tests"
  [libbenchmark-dev]="benchmarks" [libspng-dev]="benchmarks"
  [libboost-dev]="gantry::remote, gantry-server" [libtomlplusplus-dev]="gantry-server"
  [curl]="tests of gantry-server" [apache2-utils]="tests of gantry-server" [nghttp2-client]="tests of gantry-server"
  [prometheus]="tests of gantry-server's metrics"
  [libtorch-dev]="LibTorch" [python3-torch]="exports the demo's model" [python3-torchvision]="reference of the parity tests"
  [python3-setuptools]="AOTInductor's compiler driver"
  [clang]="checks" [clang-tidy]="checks" [clang-format]="checks" [abigail-tools]="compares ABIs"
  [libgrpc++-dev]="gantry-server's gRPC" [libprotobuf-dev]="gantry-server's gRPC" [protobuf-compiler-grpc]="gantry-server's gRPC"
)
packages=(build-essential cmake ninja-build ccache pkg-config python3 python3-venv libjpeg62-turbo-dev libisal-dev
  zlib1g-dev libwebp-dev libhwy-dev libeigen3-dev nlohmann-json3-dev nettle-dev libsodium-dev libssl-dev libgtest-dev
  libgmock-dev libbenchmark-dev libspng-dev libboost-dev libtomlplusplus-dev)
[[ -n $clients ]] && packages+=(curl apache2-utils nghttp2-client prometheus libgrpc++-dev libprotobuf-dev protobuf-compiler-grpc)
[[ -n $checks ]] && packages+=(clang clang-tidy clang-format abigail-tools)
[[ $torch == debian ]] && packages+=(libtorch-dev python3-torch python3-torchvision python3-setuptools)

older() { [[ $1 != "$2" && $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1) == "$1" ]]; }

missing_packages() {
  local installed package
  # dpkg-query fails if one of them is unknown, and prints the others.
  installed=" $( (dpkg-query -W -f '${db:Status-Abbrev}${Package} ' "${packages[@]}" 2>/dev/null || true) | tr -s ' ') "
  for package in "${packages[@]}"; do
    [[ $installed == *"ii $package "* ]] || echo "$package"
  done
}

refuse_old_debian_torch() {
  local version
  version=$(LC_ALL=C apt-cache policy libtorch-dev 2>/dev/null | awk '/Candidate:/ {print $2}')
  # Before the package lists were read once there is no candidate; Debian 12 and older are known without them.
  # shellcheck source=/dev/null
  if [[ -z $version || $version == '(none)' ]] && (. /etc/os-release && [[ $ID == debian && ${VERSION_ID:-99} -le 12 ]]); then
    version="1.13 or older"
  fi
  if [[ -n $version && $version != '(none)' ]] && older "${version%%[+ ]*}" "$oldest_torch"; then
    die "this Debian's libtorch-dev is ${version%%+*}; gantry needs LibTorch $oldest_torch or newer." \
        "Use Debian 13 (trixie) for TORCH=debian, or run make without TORCH=debian: it then installs PyTorch into .venv."
  fi
}

# The tests start a Prometheus of their own; the package would start one for the whole machine. Asks for `missing`.
installs_service() { [[ -d /run/systemd/system && " ${missing[*]} " == *" prometheus "* ]]; }

install_packages() {
  local missing package as_root=()
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  say "Debian packages that are missing:"
  for package in "${missing[@]}"; do printf '  %-22s %s\n' "$package" "${why[$package]}"; done
  if ((EUID != 0)); then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      as_root=(sudo -n)
    else
      echo "bootstrap: not root, and no sudo without a password; run this once, then make again:" >&2
      ! installs_service || echo "  sudo systemctl mask prometheus.service" >&2
      echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
      exit 1
    fi
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
  download_step "$build/apt-update.log" "reading Debian's package lists" "${apt[@]}" update
  [[ $torch != debian ]] || refuse_old_debian_torch
  if installs_service; then
    say "prometheus.service is masked, so that it does not start; systemctl unmask prometheus.service allows it"
    "${as_root[@]}" systemctl mask --quiet prometheus.service
  fi
  download_step "$build/apt-install.log" "installing ${#missing[@]} Debian packages" \
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}"
  mkdir -p build && date +%s >build/packages-installed   # configure.sh then configures anew
}

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
  [[ $torch != debian ]] || refuse_old_debian_torch
  install_packages
  [[ $torch != debian ]] || refuse_old_debian_torch
else
  say "not a Debian system: no packages installed; the build needs what these Debian packages hold: ${packages[*]}"
fi

# ---- 2. Which LibTorch, which Python ------------------------------------------------------------------------------
# Prints the folder of the torch that PYTHON would import, without importing it, if it serves a C++ build.
torch_of_python() {
  "$1" - "$oldest_torch" <<'PY' 2>/dev/null
import importlib.util, os, re, sys
spec = importlib.util.find_spec("torch")
root = spec.submodule_search_locations[0]
version = re.search(r"__version__ = '(\d+)\.(\d+)", open(os.path.join(root, "version.py")).read())
new_enough = tuple(map(int, version.groups())) >= tuple(map(int, sys.argv[1].split(".")))
complete = all(os.path.exists(os.path.join(root, p)) for p in ("lib/libtorch_cpu.so", "include/torch/csrc/jit/api/module.h"))
# Wheels before 2.7 were built with the old std::string, which nothing else on the system can be linked with.
old_abi = complete and re.search(rb"torchCheckFail\w*RKSs", open(os.path.join(root, "lib/libc10.so"), "rb").read())
print(root) if new_enough and complete and not old_abi else sys.exit(1)
PY
}

find_python() {
  local candidate
  local candidates=(python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11)
  [[ $torch != debian ]] || candidates=(/usr/bin/python3)   # the only one that sees Debian's python3-torch
  for candidate in "${candidates[@]}"; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  die "no Python 3.11 or newer with the venv module was found (Debian: python3 and python3-venv)"
}

python=$(find_python)
torch_root=${GANTRY_TORCH_ROOT:-} torch_from="GANTRY_TORCH_ROOT" own_torch=yes
if [[ $torch == debian ]]; then
  own_torch=no
  torch_root=/usr torch_from="Debian's libtorch-dev"
  venv=.venv-debian
elif system_torch=$(torch_of_python "$python"); then
  own_torch=no
  [[ -n $torch_root ]] || { torch_root=$system_torch; torch_from="$python"; }
fi

# ---- 3. .venv -----------------------------------------------------------------------------------------------------
requirements=(-r cmake/requirements.txt)
venv_options=(--system-site-packages)
if [[ $own_torch == yes ]]; then
  requirements+=(-r cmake/requirements-torch.txt)
  venv_options=()
fi
pip_install=("$venv/bin/python" -m pip install --disable-pip-version-check --no-input --progress-bar off --retries 5)
export PIP_DEFAULT_TIMEOUT=${PIP_DEFAULT_TIMEOUT:-60}
kind="$python $("$python" -V) own_torch=$own_torch"
key="$(cat cmake/requirements*.txt | sha256sum | cut -c1-16) $kind"
if [[ ! -x $venv/bin/python || $(cat "$venv/.gantry-complete" 2>/dev/null) != "$key" ]]; then
  # One that this script made with another Python, or of another kind, is made anew; any other is brought up to date.
  if [[ -e $venv/.gantry-kind && $(cat "$venv/.gantry-kind") != "$kind" ]]; then
    say "making $venv anew: it was made for $(cat "$venv/.gantry-kind")"
    rm -rf "$venv"
  fi
  rm -f "$venv/.gantry-complete"
  if [[ ! -x $venv/bin/python ]]; then
    step "$build/venv.log" "making the Python environment $venv" "$python" -m venv "${venv_options[@]}" "$venv" || exit 1
    printf '%s\n' "$kind" >"$venv/.gantry-kind"
  fi
  if [[ $own_torch == yes ]]; then
    say "installing PyTorch, which is also the LibTorch to build with: about 1.9 GB to download, minutes on a slow line"
  fi
  download_step "$build/pip.log" "installing the Python packages of cmake/requirements*.txt into $venv" \
    "${pip_install[@]}" --no-deps "${requirements[@]}"
  if ! "$venv/bin/python" -c 'import importlib.util as u, sys; sys.exit(u.find_spec("torchvision") is None)'; then
    "$venv/bin/python" -c 'import importlib.metadata as m; print("torch==" + m.version("torch"))' >"$build/torch-constraint.txt"
    download_step "$build/pip-torchvision.log" "installing the torchvision that fits the installed torch" \
      "${pip_install[@]}" -c "$build/torch-constraint.txt" torchvision
  fi
  printf '%s\n' "$key" >"$venv/.gantry-complete"
fi
# In a folder of their own: the SDKs ask for other versions than the tests' own stack has. Without them their test is left
# out, so a failure is no reason to stop.
folder=$venv/server-clients perf_analyzer=perf-analyzer==2.60.0
clients_key="$(sha256sum <tests/server/requirements.txt | cut -c1-16) $kind $perf_analyzer"
if [[ -n $clients && $(cat "$folder/.gantry-complete" 2>/dev/null) != "$clients_key" ]]; then
  rm -rf "$folder"
  if step "$build/pip-clients.log" "installing the clients of tests/server/requirements.txt into $folder" \
    "${pip_install[@]}" --no-deps --only-binary :all: --target "$folder" -r tests/server/requirements.txt; then
    # A program for x86-64 alone. Where the C library is too old for it, its test runs it in a container.
    step "$build/pip-perf-analyzer.log" "unpacking perf_analyzer into $folder/perf-analyzer" "${pip_install[@]}" --no-deps \
      --only-binary :all: --platform manylinux_2_38_x86_64 --target "$folder/perf-analyzer" $perf_analyzer ||
      say "going on without the test server_perf_analyzer"
    printf '%s\n' "$clients_key" >"$folder/.gantry-complete"
  else
    say "going on without the tests that need them, such as server_clients"
  fi
fi
if [[ -z $torch_root ]]; then
  torch_root=$(torch_of_python "$venv/bin/python") || die "the torch in $venv is incomplete; remove $venv and run make again"
  torch_from=$venv
fi

found="GANTRY_TORCH_ROOT='$torch_root'
GANTRY_PYTHON='$PWD/$venv/bin/python'"
if [[ $(cat "$build/bootstrap.env" 2>/dev/null) != "$found" ]]; then
  printf '%s\n' "$found" >"$build/bootstrap.env"
  say "LibTorch: $torch_root ($torch_from); Python: $venv/bin/python"
fi
