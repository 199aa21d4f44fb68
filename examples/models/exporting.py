# SPDX-License-Identifier: Apache-2.0
"""What the export scripts of this folder share: where gantry-pack is, and whether a package is up to date."""

import hashlib
import importlib.metadata
import importlib.util
import json
import sys
from pathlib import Path

ABOVE = Path(__file__).resolve().parents[2]   # the clone, or share/gantry of a prefix
PACKER = next((path for path in (ABOVE / "lib" / "pack", ABOVE / "pack") if (path / "gantry_pack").is_dir()), None)
if PACKER is None:
    raise SystemExit(f"gantry-pack is neither in {ABOVE / 'lib' / 'pack'}, as in a clone, nor in {ABOVE / 'pack'}, as in a "
                     "prefix that gantry is installed in: leave the examples where they were")
sys.path.insert(0, str(PACKER))


def fingerprint(script, versions):
    """Of everything that the script's package is made from, without importing any of it."""
    digest = hashlib.sha256()
    for path in (Path(script), Path(__file__), *sorted((PACKER / "gantry_pack").rglob("*.py"))):
        digest.update(path.read_bytes())
    for name in versions:
        digest.update(f"{name} {importlib.metadata.version(name)}\n".encode())
    return f"examples/models/{Path(script).name} {digest.hexdigest()[:16]}"


def engines_of(package, model, wanted):
    """The engines of `model` in a package whose fingerprint is the wanted one; none if there is no such package."""
    try:
        manifest = json.loads((package / "gantry.json").read_text(encoding="utf-8"))
        if manifest["provenance"]["trainer"] == wanted:
            return {engine["kind"] for engine in manifest["models"][model]["engines"]}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return set()


def photo(name):
    """A picture that scikit-image brings, found without importing it."""
    return Path(importlib.util.find_spec("skimage").submodule_search_locations[0]) / "data" / name
