# SPDX-License-Identifier: Apache-2.0
"""Compares gantry's drawing of boxes and labels with OpenCV's rectangle() and putText(), and torchvision's
draw_bounding_boxes(). `make bench-detect` calls it; or

    python bench/detect/draw_bench.py --bin BUILD/bin [--quick] [--write]

The picture has 1920 x 1080 pixels; each box has lines of 3 pixels and a label on a filled ground. All copy the picture
from memory. Letters differ, so the check before timing is that every corner of every box is painted. They take turns,
each with one thread. Times are CPU time; a ratio is the geometric mean over the turns of the other / gantry, with its
95 % interval.
"""

import tempfile
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torchvision.utils import draw_bounding_boxes

from workers import Worker, cpu_ns, options_of, report   # first: it finds run
from run import machine, ratio, table, with_spread  # noqa: I001

BEGIN, END = "## Drawing: measured\n", "<!-- end of the table of drawing -->\n"
WIDTH, HEIGHT, LINE = 1920, 1080, 3
COLOURS = [tuple(int(one) for one in row) for row in np.random.default_rng(7).integers(0, 256, (10, 3))]


def inputs(count):
    rng = np.random.default_rng(count)
    size = rng.integers(60, 400, (count, 2))
    at = (rng.uniform(0.05, 0.95, (count, 2)) * ([WIDTH, HEIGHT] - size)).astype(int)
    return np.full((HEIGHT, WIDTH, 3), 127, np.uint8), np.concatenate([at, at + size], 1)


def by_opencv(picture, boxes):
    drawn = picture.copy()
    for i, (x0, y0, x1, y1) in enumerate(boxes.tolist()):
        colour, text = COLOURS[i % 10], f"class {i % 10} 0.50"
        cv2.rectangle(drawn, (x0, y0), (x1, y1), colour, LINE)
        (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.7, 2)
        cv2.rectangle(drawn, (x0, y0 - height - below), (x0 + width, y0), colour, -1)
        cv2.putText(drawn, text, (x0, y0 - below), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2, cv2.LINE_AA)
    return drawn


def by_torchvision(picture, boxes):
    labels = [f"class {i % 10} 0.50" for i in range(len(boxes))]
    return draw_bounding_boxes(picture, boxes, labels, [COLOURS[i % 10] for i in range(len(boxes))], width=LINE)


def check(name, drawn, boxes):
    for x0, y0, x1, y1 in boxes.tolist():
        for x in (x0, x1):
            for y in (y0, y1):
                if (drawn[y - 2:y + 3, x - 2:x + 3] == 127).all():
                    raise SystemExit(f"{name}: nothing is drawn at {x}, {y}")


def measure(options, count, folder):
    picture, boxes = inputs(count)
    Image.fromarray(picture).save(folder / "picture.png")
    np.save(folder / "boxes.npy", boxes.astype(np.float32))
    worker = Worker([options.bin / "bench_draw_worker", folder / "picture.png", folder / "boxes.npy", folder / "drawn.png"])
    tensor, rows = torch.from_numpy(picture).permute(2, 0, 1).contiguous(), torch.from_numpy(boxes)
    check("gantry", np.asarray(Image.open(folder / "drawn.png")), boxes)
    check("OpenCV", by_opencv(picture, boxes), boxes)
    check("torchvision", by_torchvision(tensor, rows).permute(1, 2, 0).numpy(), boxes)
    samples = [(worker.cpu_ns(10), cpu_ns(lambda: by_opencv(picture, boxes), 10), cpu_ns(lambda: by_torchvision(tensor, rows), 2))
               for _ in range(3 if options.quick else 15)]
    worker.end()
    mine, opencv, torchvision = ([sample[side] / 1e6 for sample in samples] for side in range(3))
    return (f"{count} boxes", with_spread(mine), with_spread(opencv), ratio(opencv, mine), with_spread(torchvision),
            ratio(torchvision, mine))


def main():
    options, began = options_of(__doc__), machine()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rows = [("", "gantry, ms", "OpenCV, ms", "OpenCV / gantry", "torchvision, ms", "torchvision / gantry")]
    with tempfile.TemporaryDirectory() as folder:
        rows += [measure(options, count, Path(folder)) for count in (20, 100)]
    report(options, began, BEGIN, END, table(rows))


if __name__ == "__main__":
    main()
