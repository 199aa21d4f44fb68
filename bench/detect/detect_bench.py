# SPDX-License-Identifier: Apache-2.0
"""Compares gantry's non-maximum suppression with torchvision, and page layout with rapid-layout. `make bench-detect`
calls it; or

    python bench/detect/detect_bench.py --bin BUILD/bin --package PAGE_LAYOUT [--quick] [--write]

All take turns, each with one thread. The results are compared first: they must be equal, or the run stops. Times are
CPU time; a ratio is the geometric mean over the turns of the peer / gantry, with its 95 % interval.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torchvision.ops import batched_nms, nms

from workers import HERE, Peer, Worker, goal, options_of, pairs, report   # first: it finds the others
from exporting import photo  # noqa: I001
from run import machine, ratio, table, with_spread

BEGIN, END = "## Detection: measured\n", "<!-- end of detection's tables -->\n"
# (name, boxes, classes, gantry's mode, goal)
CASES = [("nms", 300, 1, "nms", None), ("nms", 1000, 1, "nms", 8), ("nms", 10000, 1, "nms", None),
         ("batched_nms", 300, 80, "torchvision", None), ("batched_nms", 1000, 80, "torchvision", 8),
         ("batched_nms", 10000, 80, "torchvision", 10), ("batched_nms, per class", 1000, 80, "per_class", None)]


def boxes_of(rng, count, spread):
    """uniform: anywhere in 640 x 640; clustered: around count / 50 places, like a detector's output."""
    centre = rng.random((count, 2)) * 640
    if spread == "clustered":
        centre = rng.random((max(1, count // 50), 2))[rng.integers(0, max(1, count // 50), count)] * 640
        centre = np.clip(centre + rng.normal(0, 4, (count, 2)), 0, 640)
    size = 10 + rng.random((count, 2)) * 90
    return np.concatenate([np.maximum(centre - size / 2, 0), centre + size / 2], 1).astype(np.float32)


def python_of(mode, boxes, scores, classes):
    boxes, scores, classes = map(torch.from_numpy, (boxes, scores, classes))
    return (lambda: nms(boxes, scores, 0.5)) if mode == "nms" else (lambda: batched_nms(boxes, scores, classes, 0.5))


def measure(options, case, spread, folder):
    what, count, class_count, mode, least = case
    rng = np.random.default_rng(count)
    arrays = boxes_of(rng, count, spread), rng.permutation(count).astype(np.float32) / count, rng.integers(0, class_count, count)
    paths = [folder / f"{name}.npy" for name in ("boxes", "scores", "classes")]
    for path, array in zip(paths, arrays):
        np.save(path, array)
    worker = Worker([options.bin / "bench_nms_worker", *paths, mode, folder / "kept"])
    theirs = python_of(mode, *arrays)
    kept = [int(line) for line in (folder / "kept").read_text().split()]
    if mode != "per_class" and kept != theirs().tolist():
        raise SystemExit(f"{what} of {count} boxes, {spread}: other boxes stay than with torchvision")
    own, other = pairs(worker, theirs, 3 if options.quick else 30, 1e3)
    faster = ratio(other, own)
    met = "" if least is None else goal(faster, least)
    return f"{what} of {count:,} boxes, {spread}", str(len(kept)), with_spread(own, 1), with_spread(other, 1), faster, met


def parts_of(detections):
    return sorted((one["label"], one["score"], *one["box"]) for one in detections)


def layouts(options, folder, picture):
    engines = [entry["kind"] for entry in json.loads((options.package / "gantry.json").read_text())["models"]["model"]["engines"]]
    started = {}
    for name in ("onnxruntime", "openvino"):
        started[f"rapid-layout, {name}"] = Peer([sys.executable, HERE / "layout_peer.py", name, picture, folder / "dump"],
                                                  folder / "dump")
    for engine in dict.fromkeys(engines):
        program = options.bin / f"bench_engines_worker_{'executorch' if engine == 'executorch' else 'torch'}"
        started[f"gantry, {engine}"] = Peer([program, options.package, engine, 1, 1, folder / "dump", picture], folder / "dump")
    return started


def layout_table(options, folder):
    rows = [("", "CPU ms", "rapid-layout with ONNX Runtime / it", "goal")]
    workers = layouts(options, folder, photo("page.png"))
    first = workers["rapid-layout, onnxruntime"]
    for name, worker in workers.items():
        for got, wanted in zip(parts_of(worker.detections), parts_of(first.detections), strict=True):
            if got[0] != wanted[0] or max(abs(a - b) for a, b in zip(got[1:], wanted[1:])) > 0.02:
                raise SystemExit(f"{name} finds {got}, rapid-layout {wanted}")
        worker.run(1)
        worker.samples.clear()
    order = list(workers.values())
    for turn in range(3 if options.quick else 20):
        for worker in order[turn % len(order):] + order[:turn % len(order)]:
            worker.run(1)
    best = min((name for name in workers if name.startswith("gantry")), key=lambda name: min(workers[name].samples))
    for name, worker in workers.items():
        worker.end()
        faster = ratio(first.samples, worker.samples) if worker is not first else ""
        met = goal(faster, 1.3) if name == best else ""
        rows.append((name, with_spread(worker.samples, 1), faster, met))
    return table(rows)


def main():
    options, began = options_of(__doc__, package="examples/models/page_layout.py"), machine()
    torch.set_num_threads(1)
    rows = [("", "stay", "gantry, us", "torchvision, us", "torchvision / gantry", "goal")]
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            for spread in ("uniform", "clustered"):
                print(f"detection: {case[0]}, {case[1]} boxes, {spread}", file=sys.stderr, flush=True)
                rows.append(measure(options, case, spread, Path(folder)))
        print("detection: page layout", file=sys.stderr, flush=True)
        layout = layout_table(options, Path(folder))
    report(options, began, BEGIN, END, f"**Suppression at an overlap of 0.5**\n\n{table(rows)}\n\n**Page layout, from a PNG of "
                                       f"384 x 191 pixels to boxes**\n\n{layout}")


if __name__ == "__main__":
    main()
