# SPDX-License-Identifier: Apache-2.0
"""Measures gantry's non-maximum suppression beside torchvision. `make bench-detect` calls it; or

    python bench/detect/detect_bench.py --bin BUILD/bin [--quick] [--write]

Both take turns, each with one thread. What stays is compared first: it must be equal, or the run stops. CPU time; a ratio is
the geometric mean over the turns of torchvision / gantry, with its 95 % interval.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torchvision.ops import batched_nms, nms

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from run import machine, ratio, with_spread  # noqa: E402

BEGIN, END = "## Detection: measured\n", "<!-- end of detection's tables -->\n"
# (what, boxes, classes, mode of ours, goal)
CASES = [("nms", 300, 1, "nms", None), ("nms", 1000, 1, "nms", 8), ("nms", 10000, 1, "nms", None),
         ("batched_nms", 300, 80, "torchvision", None), ("batched_nms", 1000, 80, "torchvision", 8),
         ("batched_nms", 10000, 80, "torchvision", 10), ("batched_nms, per class", 1000, 80, "per_class", None)]


def boxes_of(rng, count, spread):
    """uniform: anywhere in 640 x 640; clustered: around count / 50 places, as a detector gives them."""
    centre = rng.random((count, 2)) * 640
    if spread == "clustered":
        centre = rng.random((max(1, count // 50), 2))[rng.integers(0, max(1, count // 50), count)] * 640
        centre = np.clip(centre + rng.normal(0, 4, (count, 2)), 0, 640)
    size = 10 + rng.random((count, 2)) * 90
    return np.concatenate([np.maximum(centre - size / 2, 0), centre + size / 2], 1).astype(np.float32)


def python_of(mode, boxes, scores, classes):
    boxes, scores, classes = map(torch.from_numpy, (boxes, scores, classes))
    return (lambda: nms(boxes, scores, 0.5)) if mode == "nms" else (lambda: batched_nms(boxes, scores, classes, 0.5))


def cpu_ns(work, count):
    began = time.process_time_ns()
    for _ in range(count):
        work()
    return (time.process_time_ns() - began) / count


def measure(options, case, spread, folder):
    what, count, class_count, mode, goal = case
    rng = np.random.default_rng(count)
    arrays = boxes_of(rng, count, spread), rng.permutation(count).astype(np.float32) / count, rng.integers(0, class_count, count)
    paths = [folder / f"{name}.npy" for name in ("boxes", "scores", "classes")]
    for path, array in zip(paths, arrays):
        np.save(path, array)
    worker = subprocess.Popen([options.bin / "bench_nms_worker", *paths, mode, folder / "kept"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    worker.stdout.readline()
    theirs = python_of(mode, *arrays)
    kept = [int(line) for line in (folder / "kept").read_text().split()]
    if mode != "per_class" and kept != theirs().tolist():
        raise SystemExit(f"{what} of {count} boxes, {spread}: other boxes stay than with torchvision")

    def ours(times):
        worker.stdin.write(f"run {times}\n")
        worker.stdin.flush()
        return float(worker.stdout.readline())
    times = max(1, round(2e7 / cpu_ns(theirs, 2))), max(1, round(2e7 / ours(2)))
    samples = [(ours(times[1]), cpu_ns(theirs, times[0])) for _ in range(3 if options.quick else 30)]
    worker.stdin.close()
    worker.wait()
    own, other = ([sample[side] / 1e3 for sample in samples] for side in (0, 1))
    faster = ratio(other, own)
    met = "" if goal is None else f">= {goal}: {'yes' if float(faster.split()[0]) >= goal else 'no'}"
    return f"{what} of {count:,} boxes, {spread}", str(len(kept)), with_spread(own, 1), with_spread(other, 1), faster, met


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="few turns: shows that it works, not how fast")
    parser.add_argument("--write", action="store_true", help="replaces the tables in bench/README.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = [("", "stay", "gantry, us", "torchvision, us", "torchvision / gantry", "goal"), ("---",) * 6]
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES:
            for spread in ("uniform", "clustered"):
                print(f"detection: {case[0]}, {case[1]} boxes, {spread}", file=sys.stderr, flush=True)
                rows.append(measure(options, case, spread, Path(folder)))
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    text = f"{machine()}\n\n{table}\n"
    print(text)
    if options.write:
        readme = HERE.parent / "README.md"
        head, rest = readme.read_text().split(BEGIN)
        readme.write_text(f"{head}{BEGIN}\n{text}{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
