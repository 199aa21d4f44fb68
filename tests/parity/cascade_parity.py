# SPDX-License-Identifier: Apache-2.0
"""Compares means of areas, the suppression of facenet_pytorch and Fast R-CNN, the stages of a cascade between its models,
normalisation and searches among vectors with the installed torch and facenet_pytorch, on random inputs.

  cascade_parity.py --probe BUILD/bin/cascade_probe [--seed N] [--only GROUP]

Areas, what suppression keeps, and what stages make of it must be equal bit for bit, normalised vectors within 1e-6 relative,
scores of searches within 1e-6 of the product of both lengths. Exits 1 and names the first differences of each group if there
is any.
"""

import importlib.util
import pathlib
import sys

import numpy as np
import torch

from parity_run import results_of, run_groups


class Case:
    """`expected`: an array; of searches the scores of all rows. `step`: how far numbers may be off."""

    def __init__(self, kind, ops, value, expected, step=0.0):
        self.kind, self.ops, self.value, self.expected, self.step = kind, ops, value, expected, step
        self.name = f"{kind} {list(value.shape)} {ops}"


def random_image(rng, most=120):
    channels = int(rng.choice([1, 3, 4]))
    return rng.integers(0, 256, (*(int(side) for side in rng.integers(1, most, 2)), channels), dtype=np.uint8)


def area_of(image, height, width, mean, std):
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    means = torch.nn.functional.interpolate(pixels, (height, width), mode="area")[0]
    return (means - torch.tensor(mean, dtype=torch.float32)) / torch.tensor(std, dtype=torch.float32)


def area(rng):
    for index in range(120):
        image = random_image(rng)
        if index % 30 == 29:  # rows that add up to more than 16 bits
            image = rng.integers(0, 256, (600, 90, 3), dtype=np.uint8)
        width, height = (int(side) for side in rng.integers(1, 60, 2)) if index % 30 != 29 else (4, 2)
        mean, std = float(rng.choice([0, 127.5, rng.uniform(0, 255)])), float(rng.choice([1, 128, rng.uniform(1, 255)]))
        op = {"op": "image.area_to_tensor", "width": width, "height": height, "mean": mean, "std": std}
        yield Case("area", [op], image, area_of(image, height, width, mean, std).numpy())


def pyramid(rng):
    """The sizes are facenet_pytorch's, detect_face.py."""
    for _ in range(30):
        image = random_image(rng, 200)
        face, factor = float(rng.choice([12, 20, 33.3])), float(rng.choice([0.709, 0.5, 0.8]))
        scale, levels = 12.0 / face, []
        side = min(image.shape[:2]) * scale
        at = scale
        while side >= 12:
            levels.append(area_of(image, int(image.shape[0] * at + 1), int(image.shape[1] * at + 1), 127.5, 128).reshape(-1))
            at, side = at * factor, side * factor
        op = {"op": "image.pyramid", "scale": scale, "factor": factor, "mean": 127.5, "std": 128}
        yield Case("pyramid", [op], image, torch.cat([torch.zeros(0), *levels]).numpy())


def detect_face():
    """facenet_pytorch's detect_face.py, loaded by itself: the package needs requests."""
    folder = pathlib.Path(importlib.util.find_spec("facenet_pytorch").submodule_search_locations[0])
    spec = importlib.util.spec_from_file_location("detect_face", folder / "models" / "utils" / "detect_face.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def scores_of(rng, *shape):
    """None are equal: where they are, argsort leaves the order open."""
    count = int(np.prod(shape))
    return (rng.permutation(count).astype(np.float32) / np.float32(max(count, 1))).reshape(shape)


def sliding_windows(rng):
    """The first stage of detect_face(), with random heads in place of P-Net's."""
    facenet = detect_face()
    for _ in range(40):
        image = rng.integers(0, 256, (*(int(side) for side in rng.integers(12, 200, 2)), 3), dtype=np.uint8)
        face, factor, score = (float(rng.choice(some)) for some in ([12, 20, 33.3], [0.709, 0.5, 0.8], [0.6, 0.9]))
        height, width = image.shape[:2]
        scale = 12.0 / face
        side, at = min(height, width) * scale, scale
        levels, found = [], [torch.zeros(0, 9)]
        while side >= 12:
            cells = [max(0, (int(extent * at + 1) - 12) // 2 + 1) for extent in (height, width)]
            # Each level has numbers of its own: equal scores of two levels would leave their order open.
            scores = (scores_of(rng, *cells) + np.float32(len(levels) * 1e-5)).astype(np.float32)
            moves = rng.normal(0, 0.2, (4, *cells)).astype(np.float32)
            levels.append(np.concatenate([1 - scores[None], scores[None], moves]))
            boxes, level = facenet.generateBoundingBox(torch.from_numpy(moves)[None], torch.from_numpy(scores)[None], at, score)
            found.append(boxes[facenet.batched_nms(boxes[:, :4], boxes[:, 4], level, 0.5)])
            at, side = at * factor, side * factor
        boxes = torch.cat(found)
        boxes = boxes[facenet.batched_nms(boxes[:, :4], boxes[:, 4], torch.zeros(len(boxes)), 0.7)]
        sides = (boxes[:, 2:4] - boxes[:, :2]).repeat(1, 2)
        expected = torch.cat([boxes[:, :4] + boxes[:, 5:] * sides, boxes[:, 4:5]], 1)
        op = {"op": "detect.sliding_window", "scale": scale, "factor": factor, "score": score}
        case = Case("window", [op], image, expected.numpy())
        case.levels = levels
        yield case


def refinements(rng):
    """The second and the third stage of detect_face(), from what R-Net and O-Net would have given."""
    facenet = detect_face()
    for index in range(80):
        count, has_points = int(rng.integers(0, 150)), bool(index % 2)
        corner = rng.uniform(-20, 100, (count, 2))
        boxes = np.concatenate([corner, corner + rng.uniform(0, 60, (count, 2))], 1).astype(np.float32)
        given = np.concatenate([boxes, scores_of(rng, count, 1)], 1)
        scores, moves = scores_of(rng, count, 1), rng.normal(0, 0.2, (count, 4)).astype(np.float32)
        points = rng.uniform(-0.2, 1.2, (count, 10)).astype(np.float32)
        threshold = float(rng.choice([0.3, 0.7]))
        passed = torch.from_numpy(scores[:, 0] > np.float32(threshold))
        rows = torch.from_numpy(np.concatenate([boxes, scores], 1))[passed]
        moved, alone = torch.from_numpy(moves)[passed], torch.zeros(len(rows))
        op = {"op": "detect.refine", "score": threshold, "inclusive": True}
        if has_points:
            extent = rows[:, 2:4] - rows[:, :2] + 1
            shares = torch.from_numpy(points)[passed].reshape(-1, 2, 5)
            places = extent[:, :, None] * shares + rows[:, :2, None] - 1
            rows = facenet.bbreg(rows.clone(), moved)
            pick = facenet.batched_nms_numpy(rows[:, :4], rows[:, 4], alone, 0.7, "Min")
            expected = torch.cat([rows[pick], places[pick].transpose(1, 2).reshape(-1, 10)], 1)
            ops = [op | {"points": "points"},
                   {"op": "detect.nms", "iou": 0.7, "overlap": "smaller", "inclusive": True, "max_count": 65536}]
        else:
            pick = facenet.batched_nms(rows[:, :4], rows[:, 4], alone, 0.7)
            expected = facenet.bbreg(rows[pick].clone(), moved[pick])
            ops = [op | {"iou": 0.7}]
        answers = [1 - scores, scores, moves, *([points] if has_points else [])]
        yield Case("refine", ops, np.concatenate([given, *answers], 1).astype(np.float32), expected.numpy())


def suppression(rng):
    nms_numpy = detect_face().nms_numpy
    for index in range(80):
        count = int(rng.integers(1, 200))
        corner = rng.uniform(-20, 100, (count, 2))
        boxes = np.concatenate([corner, corner + rng.uniform(0, 60, (count, 2))], 1).astype(np.float32)
        if index % 2:
            boxes = boxes.round()
        scores = scores_of(rng, count)
        iou = float(rng.choice([0.3, 0.5, 0.7]))
        overlap = ("smaller", "union")[index % 4 // 2]
        kept = nms_numpy(boxes.copy(), scores, iou, "Min" if overlap == "smaller" else "Union")
        op = {"op": "detect.nms", "iou": iou, "overlap": overlap, "inclusive": True, "max_count": 65536}
        rows = np.concatenate([boxes, scores[:, None]], 1)
        yield Case("nms", [op], rows, rows[kept])


def l2(rng):
    for _ in range(40):
        shape = tuple(int(side) for side in rng.integers(1, 60, int(rng.integers(1, 4))))
        value = (rng.normal(0, 1, shape) * 10.0 ** rng.integers(-6, 6)).astype(np.float32)
        yield Case("tensor", [{"op": "l2_normalize"}], value,
                   torch.nn.functional.normalize(torch.from_numpy(value), dim=-1).numpy(), 1e-6)


def searches(rng):
    for index in range(60):
        count, width = int(rng.integers(1, 3000)), int(rng.integers(1, 200))
        table = rng.normal(0, 1, (count, width)).astype(np.float32)
        vector = rng.normal(0, 1, width).astype(np.float32)
        if index % 3 == 0:
            table = table.round()  # many equal scores
            vector = vector.round()
        metric = ("cosine", "dot", "l2")[index % 3 if index % 2 else 1]
        rows, query = torch.from_numpy(table).double(), torch.from_numpy(vector).double()
        step = 1e-6 * float(rows.norm(dim=1).max() * query.norm())
        if metric == "cosine":
            rows, query, step = torch.nn.functional.normalize(rows), torch.nn.functional.normalize(query, dim=0), 1e-6
        scores = -torch.cdist(query[None], rows)[0] if metric == "l2" else rows @ query
        op = {"op": "embeddings.nearest", "metric": metric, "k": int(rng.integers(1, 50))}
        case = Case("nearest", [op], vector, scores.numpy(), step)
        case.table = table
        yield case


GROUPS = [area, pyramid, suppression, l2, searches, sliding_windows, refinements]


def run_probe(probe, cases, folder):
    listing = []
    for index, case in enumerate(cases):
        item = {"ops": case.ops, "kind": case.kind, "in": str(folder / f"{index}.in.npy"), "out": str(folder / f"{index}.npy")}
        np.save(item["in"], np.ascontiguousarray(case.value))
        if case.kind == "nearest":
            case.ops[0]["table"] = str(folder / f"{index}.table.npy")
            np.save(case.ops[0]["table"], case.table)
        if case.kind == "window":
            item["levels"] = [str(folder / f"{index}.{level}.level.npy") for level in range(len(case.levels))]
            for name, level in zip(item["levels"], case.levels, strict=True):
                np.save(name, level)
        listing.append(item)
    return results_of(probe, listing, folder)


def search_difference(case, result):
    """Each row's score is its own, and nothing that was left out is better; equal scores come in order of rows."""
    rows, scores = result[:, 0].astype(int), result[:, 1]
    if len(rows) != min(case.ops[0]["k"], len(case.expected)) or len(set(rows)) != len(rows):
        return f"{len(rows)} rows"
    if np.abs(scores - case.expected[rows]).max() > case.step:
        return f"scores differ by {np.abs(scores - case.expected[rows]).max()}"
    order = sorted(range(len(rows)), key=lambda at: (-scores[at], rows[at]))
    if order != list(range(len(rows))):
        return "not in order of score, then of row"
    left = np.delete(case.expected, rows)
    return f"{left.max()} was left out" if len(left) and left.max() > scores[-1] + 2 * case.step else None


def difference(case, result):
    if isinstance(result, str):
        return result
    if case.kind == "nearest":
        return search_difference(case, result)
    if result.shape != case.expected.shape:
        return f"{result.shape} instead of {case.expected.shape}"
    if case.step:
        return None if np.allclose(result, case.expected, rtol=case.step, atol=0) else "normalised otherwise"
    return None if np.array_equal(result, case.expected) else f"{(result != case.expected).sum()} numbers differ"


if __name__ == "__main__":
    sys.exit(run_groups(__doc__, f"torch {torch.__version__}", GROUPS, run_probe, difference, 20261202))
