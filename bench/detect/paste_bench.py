# SPDX-License-Identifier: Apache-2.0
"""Measures gantry's pasting of masks beside torchvision's paste_masks_in_image(). `make bench-detect` calls it; or

    python bench/detect/paste_bench.py --bin BUILD/bin [--quick] [--write]

Both take turns, each with one thread. The masks are compared first: each must have as many pixels, but for 2 that lie within
rounding of the threshold, or the run stops. gantry gives run lengths, torchvision planes of float32, before a threshold.
CPU time; a ratio is the geometric mean over the turns of torchvision / gantry, with its 95 % interval.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torchvision.models.detection.roi_heads import paste_masks_in_image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from detect_bench import cpu_ns  # noqa: E402
from run import machine, ratio, with_spread  # noqa: E402

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
    worker = subprocess.Popen([options.bin / "bench_paste_worker", folder / "boxes.npy", folder / "masks.npy", str(WIDTH),
                               str(HEIGHT), folder / "areas"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    worker.stdout.readline()
    tensor = torch.from_numpy(boxes)

    def theirs():
        return paste_masks_in_image(masks, tensor, (HEIGHT, WIDTH))
    areas = np.array((folder / "areas").read_text().split(), np.int64)
    if (np.abs(areas - (theirs() > 0.5).sum((1, 2, 3)).numpy()) > 2).any():
        raise SystemExit(f"{count} masks, {spread}: other masks than torchvision's")

    def ours(times):
        worker.stdin.write(f"run {times}\n")
        worker.stdin.flush()
        return float(worker.stdout.readline())
    times = max(1, round(2e7 / ours(2)))
    samples = [(ours(times), cpu_ns(theirs, 1)) for _ in range(3 if options.quick else 15)]
    worker.stdin.close()
    worker.wait()
    own, other = ([sample[side] / 1e6 for sample in samples] for side in (0, 1))
    return f"{count} masks, {spread}", with_spread(own, 3), with_spread(other, 1), ratio(other, own)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="few turns: shows that it works, not how fast")
    parser.add_argument("--write", action="store_true", help="replaces the table in bench/README.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = [("boxes", "gantry, ms", "torchvision, ms", "torchvision / gantry"), ("---",) * 4]
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            print(f"pasting: {case[0]} masks, {case[1]}", file=sys.stderr, flush=True)
            rows.append(measure(options, case, Path(folder)))
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    text = f"{machine()}\n\n{table}\n"
    print(text)
    if options.write:
        readme = HERE.parent / "README.md"
        head, rest = readme.read_text().split(BEGIN)
        readme.write_text(f"{head}{BEGIN}\n{text}{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
