# SPDX-License-Identifier: Apache-2.0
"""Shared by the export scripts of this folder: where gantry-pack is, whether a package is up to date, main()."""

import argparse
import ast
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


def sources_of(script):
    """The script and the files beside it that it imports, directly or indirectly, in order. Imports none of them."""
    found, left = set(), [Path(script).resolve()]
    while left:
        path = left.pop()
        found.add(path)
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else \
                [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            beside = [path.parent / f"{name.split('.')[0]}.py" for name in names]
            left += [other for other in beside if other.is_file() and other not in found]
    return sorted(found)


def fingerprint(script, versions):
    """The hash of everything that the script's package is made from, without importing any of it."""
    digest = hashlib.sha256()
    for path in (*sources_of(script), *sorted((PACKER / "gantry_pack").rglob("*.py"))):
        digest.update(path.read_bytes())
    for name in versions:
        digest.update(f"{name} {importlib.metadata.version(name)}\n".encode())
    return f"examples/models/{Path(script).name} {digest.hexdigest()[:16]}"


def engines_of(package, model, wanted):
    """The engines of `model` in a package with the wanted fingerprint; none if there is no such package."""
    try:
        manifest = json.loads((package / "gantry.json").read_text(encoding="utf-8"))
        if manifest["provenance"]["trainer"] == wanted:
            return {engine["kind"] for engine in manifest["models"][model]["engines"]}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return set()


def export(doc, name, mark, recipe, engines=("torchscript",), together=None, model="model"):
    """The main() of a script, from its docstring, its package's name and fingerprint, and its recipe(engines). Packs
    unless the package has the wanted engines; existing engines are made again. Returns the exit status. `engines` are
    the possible ones, in order; `together` is (a word for --engine, the engines that it stands for); `model` is a model
    whose engines tell what the package has."""
    import gantry_pack
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("build/models") / name / "1")
    words = {**{kind: {kind} for kind in engines}, **({together[0]: set(together[1])} if together else {})}
    parser.add_argument("--engine", choices=words, default="torchscript")
    options = parser.parse_args()
    wanted, present = words[options.engine], engines_of(options.out, model, mark)
    if wanted <= present:
        gantry_pack.say(f"{options.out} is up to date")
        return 0
    try:
        gantry_pack.pack(options.out, **recipe([kind for kind in engines if kind in wanted | present]), overwrite=True)
    except gantry_pack.PackError as error:
        gantry_pack.say(str(error))
        return 1 if isinstance(error, gantry_pack.CheckFailed) else 2
    return 0


def photo(name):
    """A sample picture of scikit-image, found without importing it."""
    return Path(importlib.util.find_spec("skimage").submodule_search_locations[0]) / "data" / name
