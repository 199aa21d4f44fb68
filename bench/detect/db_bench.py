# SPDX-License-Identifier: Apache-2.0
"""Compares detect.db with RapidOCR's DBPostProcess (OpenCV and pyclipper called from Python) on maps of 1280 x 736.

    python bench/detect/db_bench.py --bin BUILD/bin [--quick] [--write]

Both take turns, each with one thread. The results are compared first. Times are CPU time; a ratio is the geometric mean
over the turns of the peer / gantry, with its 95 % interval.
"""

import importlib.util
import json
import tempfile
from pathlib import Path

import cv2
import numpy as np

from workers import Worker, goal, options_of, pairs, report   # first: it finds run
from run import machine, ratio, table, with_spread  # noqa: I001

BEGIN, END = "## Text detection: measured\n", "<!-- end of the table of text detection -->\n"
WIDTH, HEIGHT = 1280, 736


def lines(rng, count):
    """A page of lines, some at an angle, like a network's output: high inside, soft at the edges."""
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    for _ in range(count):
        centre, size = rng.uniform((60, 20), (WIDTH - 60, HEIGHT - 20)), rng.uniform((40, 8), (300, 24))
        corners = cv2.boxPoints((tuple(centre), tuple(size), float(rng.choice([0, rng.uniform(-30, 30)]))))
        cv2.fillConvexPoly(mask, corners.astype(np.int32), 0.95)
    return cv2.GaussianBlur(mask, (0, 0), 1.5) + rng.uniform(0, 0.04, mask.shape).astype(np.float32)


def maps(rng):
    yield "10 lines", lines(rng, 10)
    yield "100 lines", lines(rng, 100)
    yield "noise", rng.random((HEIGHT, WIDTH)).astype(np.float32)


def python_of(array):
    folder = Path(importlib.util.find_spec("rapidocr_onnxruntime").submodule_search_locations[0])
    spec = importlib.util.spec_from_file_location("text_detection_utils", folder / "ch_ppocr_det" / "utils.py")
    theirs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(theirs)
    after = theirs.DBPostProcess(0.3, 0.5, 1000, 1.6, "fast", True)
    return lambda: after(array[None, None], (HEIGHT, WIDTH))


def measure(options, name, array, folder):
    np.save(folder / "map.npy", array)
    worker = Worker([options.bin / "bench_db_worker", folder / "map.npy"])
    found = json.loads(worker.first_line)["quads"]
    theirs = python_of(array)
    rounded = [np.clip(np.round(one["quad"]), 0, (WIDTH, HEIGHT)).astype(int).tolist() for one in found]
    if rounded != theirs()[0].tolist():
        raise SystemExit(f"{name}: other quads than with RapidOCR")
    own, other = pairs(worker, theirs, 3 if options.quick else 20, 1e6)
    faster = ratio(other, own)
    return name, str(len(found)), with_spread(own, 2), with_spread(other, 2), faster, goal(faster, 2)


def main():
    options, began = options_of(__doc__), machine()
    cv2.setNumThreads(1)
    rows = [("map", "quads", "gantry, CPU ms", "OpenCV and pyclipper, CPU ms", "they / gantry", "goal")]
    with tempfile.TemporaryDirectory() as folder:
        rows += [measure(options, name, array, Path(folder)) for name, array in maps(np.random.default_rng(0))]
    report(options, began, BEGIN, END, table(rows))


if __name__ == "__main__":
    main()
