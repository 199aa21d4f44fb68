# SPDX-License-Identifier: Apache-2.0
"""Writes Exif and XMP for the fuzz target of their reader: those of the parity tests.

  exif_seeds.py OUT
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "parity"))

import numpy as np

import exif_files

COUNT = 40


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(3)
    for index in range(COUNT):
        (out / f"tiff_{index:02}").write_bytes(exif_files.random_tiff(rng))
        (out / f"xmp_{index:02}").write_bytes(exif_files.random_xmp(rng))


if __name__ == "__main__":
    main()
