# SPDX-License-Identifier: Apache-2.0
"""Compares gantry's non-maximum suppression with the installed torchvision.

  nms_parity.py --probe BUILD/bin/nms_probe [--seed N]

The indices of nms are equal, in order, whatever the boxes and scores hold; those of batched_nms too, up to 1000 boxes. Above
that torchvision leaves the order of equal scores open: there the sets are equal. Exits 1 and shows what differs.
"""

import argparse
import pathlib
import tempfile

import numpy as np
import torch
from torchvision.ops import batched_nms, boxes, nms

from parity_run import results_of

ODD = np.array([np.nan, np.inf, -np.inf, 3e38, -3e38, 0.0, -0.0, -7.5, 1e-40], np.float32)


def random_boxes(rng, count, kind):
    """kind: "uniform", "clustered", "negative", "pixels" (many equal overlaps), "odd" (whatever a float can hold)"""
    if kind == "odd":
        return np.where(rng.random((count, 4)) < 0.5, rng.choice(ODD, (count, 4)), rng.random((count, 4)) * 50).astype(np.float32)
    corner = rng.random((count, 2)) * 640
    if kind == "clustered":
        corner = rng.random((8, 2))[rng.integers(0, 8, count)] * 600 + rng.normal(0, 12, (count, 2))
    if kind == "negative":
        corner -= 320
    size = rng.random((count, 2)) * 90
    found = np.concatenate([corner, corner + size], 1).astype(np.float32)
    return np.round(found / 8) * 8 if kind == "pixels" else found


def random_scores(rng, count, kind):
    scores = rng.random(count).astype(np.float32)
    if kind == "ties":
        return np.round(scores * 9) / np.float32(9)
    return np.where(rng.random(count) < 0.2, rng.choice(ODD, count), scores).astype(np.float32) if kind == "odd" else scores


def cases(rng):
    """(name, boxes, scores, classes or None, iou, suppress)"""
    kinds = ["uniform", "clustered", "negative", "pixels", "odd"]
    for index in range(400):
        count = int(rng.choice([0, 1, 2, 17, 100, 300, 999, 1000])) if index % 3 else int(rng.integers(0, 1001))
        kind, order = kinds[index % 5], ["plain", "ties", "odd"][index % 3]
        iou = float(rng.choice([0.0, 0.3, 0.5, 0.7, 1.0])) if index % 2 else float(rng.random())
        found, scores = random_boxes(rng, count, kind), random_scores(rng, count, order)
        yield f"nms of {count} {kind}, {order}, {iou}", found, scores, None, iou, ""
        classes = rng.integers(0, int(rng.choice([1, 3, 80])), count)
        if index % 7 == 0:
            classes = rng.choice([0, 5, 1 << 20], count)
        yield f"batched of {count} {kind}, {order}, {iou}", found, scores, classes, iou, "torchvision"
        yield f"per class of {count} {kind}, {order}, {iou}", found, scores, classes, iou, "per_class"
    for kind in kinds:
        found, scores = random_boxes(rng, 4000, kind), random_scores(rng, 4000, "plain" if kind == "odd" else "ties")
        yield f"nms of 4000 {kind}", found, scores, None, 0.5, ""
        yield f"batched of 4000 {kind}", found, scores, rng.integers(0, 20, 4000), 0.5, "torchvision"


def expected(found, scores, classes, iou, suppress):
    """(indices, whether their order is theirs alone)"""
    found, scores = torch.from_numpy(found), torch.from_numpy(scores)
    if suppress == "":
        return nms(found, scores, iou).numpy(), True
    classes = torch.from_numpy(classes)
    if suppress == "torchvision":
        return batched_nms(found, scores, classes, iou).numpy(), found.numel() <= 4000
    return boxes._batched_nms_vanilla(found, scores, classes, iou).numpy(), False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--probe", required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    failures, count = [], 0
    with tempfile.TemporaryDirectory() as folder:
        tests, wanted = [], []
        for index, (name, found, scores, classes, iou, suppress) in enumerate(cases(np.random.default_rng(options.seed))):
            files = {key: "" if array is None else str(pathlib.Path(folder, f"{index}.{key}.npy"))
                     for key, array in (("boxes", found), ("scores", scores), ("classes", classes))}
            for key, array in (("boxes", found), ("scores", scores), ("classes", classes)):
                if array is not None:
                    np.save(files[key], array.astype(np.int64) if key == "classes" else array)
            tests.append({**files, "iou": iou, "suppress": suppress, "out": str(pathlib.Path(folder, f"{index}.npy"))})
            wanted.append((name, *expected(found, scores, classes, iou, suppress)))
        results = results_of(options.probe, tests, pathlib.Path(folder))
        for got, (name, indices, is_ordered) in zip(results, wanted, strict=True):
            count += 1
            if isinstance(got, str):
                failures.append(f"{name}: {got}")
            elif not (np.array_equal(got, indices) if is_ordered else set(got) == set(indices)):
                failures.append(f"{name}: {len(got)} stay, torchvision keeps {len(indices)}")
    print(f"nms: {count} cases, {len(failures)} differ")
    print("\n".join(failures[:20]))
    raise SystemExit(bool(failures))


if __name__ == "__main__":
    main()
