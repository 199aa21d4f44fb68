# SPDX-License-Identifier: Apache-2.0
"""Writes small image files for the fuzz targets of the decoders: OUT/jpeg, OUT/png, OUT/webp.

  image_seeds.py OUT [--archive PILLOW.tar.gz]

They are those of the parity tests, and with an archive the test images in Pillow's source distribution as well.
"""

import argparse
import pathlib
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "parity"))

import numpy as np

import image_files
import png_kinds

MAGIC = {"jpeg": b"\xff\xd8\xff", "png": b"\x89PNG", "webp": b"RIFF"}
LARGEST = 8000
EVERY = 5  # of the generated files, which are many of a kind
EVERY_OF_PNG_KINDS = 40


def generated():
    rng = np.random.default_rng(1)
    for source in (image_files.jpegs, image_files.pngs, image_files.webps, image_files.oriented):
        small = [data for _, data in source(rng) if len(data) <= LARGEST]
        yield from small[::EVERY]
    kinds = [data for make in png_kinds.KINDS.values() for data in make() if len(data) <= LARGEST]
    yield from kinds[::EVERY_OF_PNG_KINDS]


def archived(path):
    with tarfile.open(path) as tar:
        for member in tar:
            if "/Tests/images/" in member.name and member.isfile() and member.size <= LARGEST:
                yield tar.extractfile(member).read()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--archive", type=pathlib.Path)
    options = parser.parse_args()
    files = list(generated())
    if options.archive:
        files += archived(options.archive)
    for name, magic in MAGIC.items():
        folder = options.out / name
        folder.mkdir(parents=True, exist_ok=True)
        for index, data in enumerate(data for data in files if data.startswith(magic)):
            (folder / f"{index:03}").write_bytes(data)


if __name__ == "__main__":
    main()
