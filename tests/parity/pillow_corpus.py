# SPDX-License-Identifier: Apache-2.0
"""Decodes Pillow's own test images with gantry and with Pillow, and compares.

  pillow_corpus.py --probe BUILD/bin/image_probe --cache FOLDER --readme lib/ops/image/README.md

The images are those of the source distribution of the installed Pillow, which pip downloads into the folder once; where
that is impossible the exit status is 77, which stands for a skipped test. Each file has to become the same bytes, or be
refused by both, or be listed by name in the README's table of differences. file_kinds.py holds that table's kinds.
"""

import argparse
import io
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import warnings

import PIL
from PIL import Image

import differences
import image_parity

SKIPPED = 77
OURS = {"JPEG", "MPO", "PNG", "WEBP"}  # what Pillow calls the formats that gantry reads


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


def pillow_format(data):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(io.BytesIO(data)).format
    except Exception:  # whatever a plugin raises: Pillow cannot open it
        return None


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
    cases = [case for name, data in images(path)
             for case in differences.cases_of(name, data, pillow_format(data) in OURS)]
    with tempfile.TemporaryDirectory() as folder:
        results = list(image_parity.run_probe(options.probe, cases, pathlib.Path(folder)))
    found = differences.found_in(cases, results)
    rows = {name: row.outcome for row in differences.read_table(options.readme) for name in row.files}
    unlisted = {name: row for name, row in found.items() if rows.get(name) != row[:2]}
    stale = set(rows) - set(found)
    read = sum(not isinstance(result, str) for result in results)
    modes = len(differences.MODES)
    print(f"{len(cases) // modes} files of Pillow {PIL.__version__} in {modes} modes: {read} results read, "
          f"{len(found)} files differ, {len(rows)} are listed")
    for name, row in unlisted.items():
        print(f"  {name}: Pillow {row[0]}, gantry {row[1]}; not so in the README: {row[2]}")
    for name in stale:
        print(f"  {name}: listed in the README, but there is no difference")
    return 1 if unlisted or stale or read < 1000 else 0


if __name__ == "__main__":
    sys.exit(main())
