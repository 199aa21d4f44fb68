# SPDX-License-Identifier: Apache-2.0
"""Writes inputs for the fuzz target of geometric ops: geometry_seeds.py OUT

geometry_input.hpp says what the bytes mean. Small ones are valid parameters mostly, so most seeds are chains that run.
"""

import pathlib
import sys

import numpy as np

COUNT = 100


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    for index in range(COUNT):
        size = int(rng.integers(8, 60))
        largest = 256 if index % 5 == 0 else 64
        (out / f"{index:03}").write_bytes(rng.integers(0, largest, size, dtype=np.uint8).tobytes())


if __name__ == "__main__":
    main()
