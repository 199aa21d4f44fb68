# SPDX-License-Identifier: Apache-2.0
"""Compares gantry's pasting of masks with torchvision's paste_masks_in_image(). `make bench-detect` calls it; or

    python bench/detect/paste_bench.py --bin BUILD/bin [--quick] [--write]

Both take turns, each with one thread. The masks are compared first: each must have the same number of pixels, except
for 2 that are within rounding of the threshold, or the run stops. gantry returns run lengths, torchvision planes of
float32 before a threshold. Times are CPU time; a ratio is the geometric mean over the turns of torchvision / gantry,
with its 95 % interval.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torchvision.models.detection.roi_heads import paste_masks_in_image

from workers import Worker, options_of, pairs, report   # first: it finds run
from run import machine, ratio, table, with_spread  # noqa: I001

BEGIN, END = "## Pasting of masks: measured\n", "<!-- end of the table of pasting -->\n"
WIDTH, HEIGHT, SIDE = 1920, 1080, 28
# (masks, least and largest side of a box as shares of the picture)
CASES = [(20, "small", (0.02, 0.1)), (20, "any", (0.05, 0.6)), (100, "small", (0.02, 0.1)), (100, "any", (0.05, 0.6)),
         (100, "the picture", (1, 1))]


def inputs(count, least, most):
    rng = np.random.default_rng(count)
    size = rng.uniform(least, most, (count, 2)) * [WIDTH, HEIGHT]
    at = rng.uniform(0, 1, (count, 2)) * ([WIDTH, HEIGHT] - size)
    coarse = torch.from_numpy(rng.normal(0, 3, (count, 1, 5, 5)).astype(np.float32))
    masks = torch.nn.functional.interpolate(coarse, (SIDE, SIDE), mode="bicubic").sigmoid()
    return np.concatenate([at, at + size], 1).astype(np.float32), masks


def measure(options, case, folder):
    count, spread, (least, most) = case
    boxes, masks = inputs(count, least, most)
    np.save(folder / "boxes.npy", boxes)
    np.save(folder / "masks.npy", masks[:, 0].numpy())
    worker = Worker([options.bin / "bench_paste_worker", folder / "boxes.npy", folder / "masks.npy", WIDTH, HEIGHT,
                     folder / "areas"])
    tensor = torch.from_numpy(boxes)

    def theirs():
        return paste_masks_in_image(masks, tensor, (HEIGHT, WIDTH))
    areas = np.array((folder / "areas").read_text().split(), np.int64)
    if (np.abs(areas - (theirs() > 0.5).sum((1, 2, 3)).numpy()) > 2).any():
        raise SystemExit(f"{count} masks, {spread}: other masks than torchvision's")

    own, other = pairs(worker, theirs, 3 if options.quick else 15, 1e6, times=1)
    return f"{count} masks, {spread}", with_spread(own, 3), with_spread(other, 1), ratio(other, own)


def main():
    options, began = options_of(__doc__), machine()
    torch.set_num_threads(1)
    rows = [("boxes", "gantry, ms", "torchvision, ms", "torchvision / gantry")]
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            print(f"pasting: {case[0]} masks, {case[1]}", file=sys.stderr, flush=True)
            rows.append(measure(options, case, Path(folder)))
    report(options, began, BEGIN, END, table(rows))


if __name__ == "__main__":
    main()
