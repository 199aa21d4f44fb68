# SPDX-License-Identifier: Apache-2.0
"""Decodes Pillow's own test images with gantry and with Pillow, and compares.

  pillow_corpus.py --probe BUILD/bin/image_probe --cache FOLDER --readme lib/ops/image/README.md

The images are those of the source distribution of the installed Pillow, which pip downloads into the folder once; where
that is impossible the exit status is 77, which stands for a skipped test. Each file has to become the same bytes, or be
refused by both, or be listed by name in the README's table of differences, which is read here and has no other rows.
"""

import argparse
import io
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import warnings

import PIL
from PIL import Image, ImageOps

import image_parity
from parity_case import Case

SKIPPED = 77
OURS = {"JPEG", "MPO", "PNG", "WEBP"}  # what Pillow calls the formats that gantry reads
BEGIN, END = "<!-- pillow_corpus.py begin -->", "<!-- pillow_corpus.py end -->"


def archive(cache):
    """The source distribution of the installed Pillow; None if it cannot be had."""
    name = f"pillow-{PIL.__version__}.tar.gz"
    path = cache / name
    if path.exists():
        return path
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pillow",
                   "--dest", folder, f"pillow=={PIL.__version__}"]
        result = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if result.returncode != 0:
            print(f"skipped: no source distribution of Pillow {PIL.__version__}\n{result.stdout}")
            return None
        (pathlib.Path(folder) / name).replace(path)
    return path


def images(path):
    """(name, bytes) of every file under Tests/images."""
    with tarfile.open(path) as tar:
        for member in tar:
            name = member.name.partition("/Tests/images/")[2]
            if name and member.isfile():
                yield name, tar.extractfile(member).read()


def listed(readme):
    """The rows of the README's table: file -> (what Pillow does, what gantry does)."""
    text = readme.read_text()
    table = text[text.index(BEGIN) : text.index(END)]
    rows = {}
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0].startswith("`"):
            for name in re.findall(r"`([^`]+)`", cells[0]):
                rows[name] = (cells[1], cells[2])
    return rows


def pillow_format(data):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(io.BytesIO(data)).format
    except Exception:  # whatever a plugin raises: Pillow cannot open it
        return None


MODES = {
    "rgb": ({"colour": "rgb"}, lambda image: image.convert("RGB")),
    "unchanged": ({"colour": "unchanged"}, image_parity.unchanged),
    "upright": ({"exif_orientation": True}, lambda image: ImageOps.exif_transpose(image).convert("RGB")),
}


def cases_of(name, data):
    ours = pillow_format(data) in OURS
    for mode, (params, convert) in MODES.items():
        expected = image_parity.open_with_pillow(data, convert) if ours else None
        yield Case(name, "bytes", "image", [{"op": "image.decode", **params}], data, expected)


def outcome(case, result):
    """(what Pillow does, what gantry does), or None if it is the same."""
    difference = image_parity.difference(case, result)
    if not difference:
        return None
    if isinstance(result, str):
        return "reads it", "refuses it"
    return ("refuses it", "reads it") if case.expected is None else ("other pixels", "other pixels")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--probe", required=True)
    parser.add_argument("--cache", required=True, type=pathlib.Path)
    parser.add_argument("--readme", required=True, type=pathlib.Path)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    path = archive(options.cache)
    if path is None:
        return SKIPPED
    cases = [case for name, data in images(path) for case in cases_of(name, data)]
    with tempfile.TemporaryDirectory() as folder:
        results = list(image_parity.run_probe(options.probe, cases, pathlib.Path(folder)))
    found = {}
    for case, result in zip(cases, results):
        if (difference := outcome(case, result)) and case.name not in found:
            found[case.name] = (*difference, image_parity.difference(case, result))
    rows = listed(options.readme)
    unlisted = {name: row for name, row in found.items() if rows.get(name) != row[:2]}
    stale = set(rows) - set(found)
    read = sum(not isinstance(result, str) for result in results)
    print(f"{len(cases) // len(MODES)} files of Pillow {PIL.__version__} in {len(MODES)} modes: {read} results read, "
          f"{len(found)} files differ, {len(rows)} are listed")
    for name, row in unlisted.items():
        print(f"  {name}: Pillow {row[0]}, gantry {row[1]}; not so in the README: {row[2]}")
    for name in stale:
        print(f"  {name}: listed in the README, but there is no difference")
    return 1 if unlisted or stale or read < 1000 else 0


if __name__ == "__main__":
    sys.exit(main())
