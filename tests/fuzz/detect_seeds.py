# SPDX-License-Identifier: Apache-2.0
"""Writes inputs for the fuzz targets of detection: detect_seeds.py OUT; OUT/nms, OUT/detect_decode, OUT/detect_cascade
and OUT/quads.

detect_input.hpp says what the bytes mean. Small ones are valid options mostly, so most seeds of decoders find something.
"""

import pathlib
import sys

import numpy as np

DECODERS = 10
OF_EACH_DECODER = 8
OF_NMS = 24
OF_CASCADE = 40
OF_QUADS = 24


def write(folder, index, parts):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{index:03}").write_bytes(np.concatenate(parts).astype(np.uint8).tobytes())


def main():
    out = pathlib.Path(sys.argv[1])
    rng = np.random.default_rng(1)

    def noise(size, largest=256):
        return rng.integers(0, largest, size)

    for index in range(DECODERS * OF_EACH_DECODER):
        largest = 256 if index % 4 == 3 else 31
        has_frame = index % 3 > 0
        frame = [1, *noise(8, 32)] if has_frame else [0]  # noise: its width on
        # A threshold near 0, how many stay, no list of classes, how many classes there are, the decoder.
        decoder = [noise(1, 60)[0], 20, 0, 5, index % DECODERS]
        write(out / "detect_decode", index, [frame, decoder, noise(200, largest)])

    for index in range(OF_CASCADE):
        # An RGB picture of at least 20 x 20 pixels, the usual levels, low thresholds; then anything.
        picture = [1, *noise(2, 40) + 20, noise(1)[0], 0, 0, 0, 0, *noise(3, 31)]
        thresholds = [noise(1, 60)[0], 150, 180, 20, 0, 0, 1]
        write(out / "detect_cascade", index, [picture, thresholds, noise(300, 256 if index % 4 == 3 else 31)])

    for index in range(OF_NMS):
        is_raw = index % 4 == 3
        boxes = np.stack([noise(40, 24), noise(40, 24), noise(40, 24) + 24, noise(40, 24) + 24, noise(40), noise(40)], 1)
        floats = rng.uniform(-100, 100, (30, 5)).astype(np.float32).view(np.uint8).reshape(30, 20)
        raw = np.concatenate([floats, noise((30, 1))], 1)
        repeats = 255 if index == 1 else 250 if index % 4 == 2 else 0
        write(out / "nms", index, [[noise(1)[0], 20, is_raw, 3, repeats], (raw if is_raw else boxes).ravel()])

    for index in range(OF_QUADS):
        if index % 2:  # a map: its sides, no raw floats, no growing, thresholds, the least side, how many outlines
            options = [1, *noise(2, 40), 0, index % 4 == 3, 123, 0, 25, 0, 100]
            values = np.where(rng.random(1600) < 0.5, 20, 220) if index % 4 == 1 else noise(1600)
        else:
            options, values = [0, 19, 19, index % 3, index % 8 == 6, 0, 20, index % 4 == 2], noise(160, 256)
        write(out / "quads", index, [options, values])


if __name__ == "__main__":
    main()
