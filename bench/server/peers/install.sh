#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the environments of the other servers that `make bench-server PEERS=...` measures: install.sh DIR NAME...
# NAME is mosec, litserve, kserve or triton; each gets DIR/NAME. One that is there already is left as it is.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1; shift

for name in "$@"; do
  case $name in
    mosec) packages=(mosec==0.9.8) ;;
    litserve) packages=(litserve==0.2.19) ;;
    kserve) packages=(kserve==0.21.0) ;;
    triton) packages=() ;;
    *) echo "install.sh: there is no server '$name': mosec, litserve, kserve or triton" >&2; exit 64 ;;
  esac
  [[ -e $folder/$name/installed ]] && continue
  echo "installing $name into $folder/$name"
  python3 -m venv "$folder/$name"
  python=$folder/$name/bin/python
  "$python" -m pip install --quiet -r "$here/requirements.txt" "${packages[@]}"
  if [[ $name == triton ]]; then   # for the server in it, which needs none of what pytriton imports
    # The stub of its Python backend fails with NumPy 2; OpenCV asks for that, and works with this.
    "$python" -m pip install --quiet --no-deps nvidia-pytriton==0.7.0 numpy==1.26.4
    # The stub is chosen by the version of Python, and looked for beside the backend.
    home=$("$python" -c 'import importlib.util as u; print(u.find_spec("pytriton").submodule_search_locations[0])')/tritonserver
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    cp "$home/python_backend_stubs/$version/triton_python_backend_stub" "$home/backends/python/"
  fi
  touch "$folder/$name/installed"
done
