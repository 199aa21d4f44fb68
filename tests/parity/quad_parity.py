# SPDX-License-Identifier: Apache-2.0
"""Compares detect.db, detect.quads_to_picture and detect.crop_quads with what PaddleOCR does by OpenCV and pyclipper.

  quad_parity.py --probe BUILD/bin/quad_probe [--seed N] [--only GROUP]

Corners of DB's quads are equal bit for bit and in the same order, scores to 1e-6. Bytes of crops differ by 1,
few of them. Exits 1 and shows what differs.
"""

import math
import sys

import cv2
import numpy as np
import pyclipper

from parity_run import results_of, run_groups

PADDLE = {"threshold": 0.3, "dilate": False, "box_threshold": 0.6, "unclip_ratio": 1.5}
RAPID = {"threshold": 0.3, "dilate": True, "box_threshold": 0.5, "unclip_ratio": 1.6}


class Case:
    def __init__(self, name, ops, expected, **inputs):
        self.name, self.ops, self.expected, self.inputs = name, ops, expected, inputs


# What PaddleOCR does, in its words: ppocr/postprocess/db_postprocess.py


def mini_box(points):
    """get_mini_boxes()"""
    rectangle = cv2.minAreaRect(points)
    corners = sorted(cv2.boxPoints(rectangle), key=lambda corner: corner[0])
    left, right = sorted(corners[:2], key=lambda corner: corner[1]), sorted(corners[2:], key=lambda corner: corner[1])
    if corners[0][1] == corners[1][1]:
        left.reverse()
    if corners[2][1] == corners[3][1]:
        right.reverse()
    return np.array([left[0], right[0], right[1], left[1]]), min(rectangle[1])


def first_visits(contour):
    """The contour without the points that it passes again, as it does along lines that are a pixel wide. Which of two equal
    points OpenCV takes decides which of two rectangles of equal area it finds; here it is the first."""
    _, places = np.unique(contour.reshape(-1, 2), axis=0, return_index=True)
    return contour[np.sort(places)]


def box_score(probabilities, box):
    """box_score_fast()"""
    height, width = probabilities.shape
    low, high = np.floor(box.min(0)).astype(int), np.ceil(box.max(0)).astype(int)
    (x0, y0), (x1, y1) = np.clip(low, 0, (width - 1, height - 1)), np.clip(high, 0, (width - 1, height - 1))
    mask = np.zeros((y1 - y0 + 1, x1 - x0 + 1), np.uint8)
    cv2.fillPoly(mask, (box - np.array([x0, y0], np.float32)).reshape(1, -1, 2).astype(np.int32), 1)
    return cv2.mean(np.ascontiguousarray(probabilities[y0:y1 + 1, x0:x1 + 1]), mask)[0]


def unclipped(box, ratio):
    """unclip(), with area and perimeter in shapely's order of operations"""
    corners = box.astype(np.float64).tolist()
    area = perimeter = 0.0
    for (_, before), (x, y), (next_x, next_y) in zip(corners[-1:] + corners[:-1], corners, corners[1:] + corners[:1], strict=True):
        area += (x - corners[0][0]) * (before - next_y)
        perimeter += math.sqrt((next_x - x) ** 2 + (next_y - y) ** 2)
    offset = pyclipper.PyclipperOffset()
    offset.AddPath(box, pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    return np.array(offset.Execute(abs(area / 2) * ratio / perimeter)).reshape(-1, 1, 2)


def text_quads(probabilities, threshold, dilate, box_threshold, unclip_ratio, min_side=3, max_candidates=1000):
    """boxes_from_bitmap(), before it scales the boxes: f32[n, 9]"""
    mask = (probabilities > np.float32(threshold)).astype(np.uint8)
    if dilate:
        mask = cv2.dilate(mask, np.ones((2, 2)))
    contours, _ = cv2.findContours(mask * 255, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours[:max_candidates]:
        box, side = mini_box(first_visits(contour))
        if side < min_side:
            continue
        score = box_score(probabilities, box)
        if box_threshold > score:
            continue
        box, side = mini_box(unclipped(box, unclip_ratio))
        if side >= min_side + 2:
            found.append([*box.reshape(-1), score])
    return np.array(found, np.float32).reshape(-1, 9)


def rotate_crop(image, points, turn_from=1.5, size=(0, 0)):
    """get_rotate_crop_image()"""
    points = np.array(points, np.float32).reshape(4, 2)
    sides = [np.linalg.norm(points[i] - points[j]) for i, j in ((0, 1), (2, 3), (0, 3), (1, 2))]
    own = int(max(sides[:2])), int(max(sides[2:]))
    width, height = size[0] or own[0], size[1] or own[1]
    ends = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    crop = cv2.warpPerspective(image, cv2.getPerspectiveTransform(points, ends), (width, height),
                               borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC)
    crop = crop.reshape(height, width, -1)
    return np.rot90(crop) if turn_from and own[1] / own[0] >= turn_from else crop


# Random maps


def noisy(rng, mask):
    """Text is high and the rest low, and some of both is near the threshold."""
    return np.clip(np.where(mask > 0, rng.uniform(0.35, 1.0, mask.shape), rng.uniform(0, 0.28, mask.shape)),
                   0, 1).astype(np.float32)


def lines_of_text(rng, height, width, count):
    mask = np.zeros((height, width), np.uint8)
    for _ in range(count):
        centre, size = rng.uniform((0, 0), (width, height)), rng.uniform((8, 3), (width / 3, 30))
        corners = cv2.boxPoints((tuple(centre), tuple(size), float(rng.choice([0, 90, rng.uniform(-90, 90)]))))
        cv2.fillConvexPoly(mask, corners.astype(np.int32), 1)
    return mask


def blobs(rng, height, width, count):
    mask = np.zeros((height, width), np.uint8)
    for _ in range(count):
        centre, axes = rng.integers((0, 0), (width, height)), rng.integers(1, 30, 2)
        cv2.ellipse(mask, tuple(map(int, centre)), tuple(map(int, axes)), float(rng.integers(0, 180)), 0, 360, 1,
                    int(rng.choice([-1, 1, 3])))
    return mask


def masks(rng):
    """(name, mask)"""
    for index in range(60):
        height, width = (int(side) for side in rng.integers(20, 300, 2))
        count = int(rng.integers(1, 30))
        yield f"lines {index}", lines_of_text(rng, height, width, count)
        yield f"blobs {index}", blobs(rng, height, width, count)
        smooth = cv2.GaussianBlur(rng.random((height, width)), (0, 0), float(rng.uniform(1, 6)))
        yield f"clouds {index}", (smooth > np.quantile(smooth, rng.uniform(0.2, 0.8))).astype(np.uint8)
        yield f"noise {index}", (rng.random((height, width)) < rng.choice([0.02, 0.3, 0.5, 0.7, 0.98])).astype(np.uint8)
    rows, columns = np.mgrid[:120, :160]
    yield "checkerboard", (rows + columns) % 2
    yield "grid of holes", 1 - (rows % 5 == 2) * (columns % 5 == 2)
    yield "grid of large holes", 1 - (rows % 20 > 4) * (columns % 30 > 6)
    yield "nested frames", (np.maximum(abs(rows - 60), abs(columns - 80)) // 4) % 2
    yield "nested rings", (np.hypot(rows - 60, columns - 80) // 5).astype(int) % 2
    yield "nested diamonds", ((abs(rows - 60) + abs(columns - 80)) // 6) % 2
    yield "all", np.ones((37, 53))
    yield "nothing", np.zeros((37, 53))
    for shape in ((1, 1), (1, 40), (40, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 8), (9, 8)):
        yield f"all of {shape}", np.ones(shape)
    for size in range(1, 12):  # a square at each edge and corner
        square = np.zeros((30, 33))
        for y, x in ((0, 0), (0, 15), (0, 33 - size), (15, 0), (15, 33 - size), (30 - size, 0), (30 - size, 33 - size)):
            square[y:y + size, x:x + size] = 1
        yield f"squares of {size}", square
    for size in range(1, 30):  # the smallest rectangles of these are ties
        disc = np.zeros((70, 70), np.uint8)
        cv2.circle(disc, (35, 35), size, 1, -1)
        yield f"disc of {size}", disc
        yield f"diamond of {size}", ((abs(np.mgrid[:70, :70] - 35)).sum(0) <= size).astype(np.uint8)


def db_maps(rng):
    for index, (name, mask) in enumerate(masks(rng)):
        probabilities = noisy(rng, mask) if index % 3 else (np.asarray(mask) * 0.75 + 0.125).astype(np.float32)
        for kind, options in (("paddle", PADDLE), ("rapid", RAPID), ("all", {**RAPID, "box_threshold": 0.0}),
                              ("few", {**RAPID, "box_threshold": 0.0, "min_side": 4.5, "max_candidates": 3})):
            yield Case(f"{name}, {kind}", [{"op": "detect.db", **options}], text_quads(probabilities, **options),
                       map=probabilities)


def db_in_pictures(rng):
    """With what boxes_from_bitmap() does to boxes at its end."""
    for index in range(60):
        height, width = (int(side) * 32 for side in rng.integers(2, 10, 2))
        own_width, own_height = int(width * rng.uniform(0.3, 2)), int(height * rng.uniform(0.3, 2))
        probabilities = noisy(rng, lines_of_text(rng, height, width, 8))
        quads = text_quads(probabilities, **RAPID)
        corners = quads[:, :8].reshape(-1, 4, 2)
        size, own = np.float32([width, height]), np.float32([own_width, own_height])
        scaled = np.clip(np.round(corners / size * own), 0, own)
        unsure = np.abs(np.abs(corners / size * own - np.floor(corners / size * own)) - 0.5) < 1e-3
        if unsure.any():
            continue  # where a half is rounded to is decided by the last bit of the scale
        yield Case(f"picture {index}", [{"op": "probe.picture", "width": own_width, "height": own_height},
                                        {"op": "detect.db", **RAPID}, {"op": "detect.quads_to_picture", "round": True}],
                   np.concatenate([scaled.reshape(-1, 8), quads[:, 8:]], 1), map=probabilities)


def crops(rng):
    for index in range(400):
        height, width = (int(side) for side in rng.integers(1, 240, 2))
        channels = int(rng.choice([1, 3, 4]))
        image = rng.integers(0, 256, (height, width, channels), np.uint8) if index % 2 else np.clip(cv2.GaussianBlur(
            rng.normal(128, 400, (height, width, channels)), (0, 0), 3).reshape(height, width, channels), 0, 255).astype(np.uint8)
        angle = float(rng.choice([0, 90, rng.uniform(-180, 180)]))
        centre, size = rng.uniform((0, 0), (width, height)), rng.uniform((2, 2), (200, 60))
        quad = cv2.boxPoints((tuple(centre), tuple(size), angle))
        kind = index % 4
        if kind == 1:
            quad = np.round(quad)  # as they come from PaddleOCR
        if kind == 2:
            quad = quad + rng.uniform(-1, 1, (4, 2)) * min(size) * 0.2
        quad = quad.astype(np.float32)
        fixed = (int(rng.integers(1, 90)), int(rng.integers(1, 60))) if kind == 3 else (0, 0)
        sides = [np.linalg.norm(quad[i] - quad[j]) for i, j in ((0, 1), (2, 3), (0, 3), (1, 2))]
        if max(sides[:2]) < 1 or max(sides[2:]) < 1:
            continue
        turn_from = float(rng.choice([0, 1, 1.5]))
        yield Case(f"crop {index} of {channels} channels, {angle:.0f} degrees",
                   [{"op": "detect.crop_quads", "turn_from": turn_from, "width": fixed[0], "height": fixed[1]}],
                   rotate_crop(image, quad, turn_from, fixed), image=image, quad=quad)


def run_probe(probe, cases, folder):
    listing = []
    for index, case in enumerate(cases):
        item = {"ops": case.ops, "out": str(folder / f"{index}.out.npy")}
        for key, value in case.inputs.items():
            if key == "quad":
                item[key] = [float(number) for number in value.reshape(-1)]
            else:
                item[key] = str(folder / f"{index}.{key}.npy")
                np.save(item[key], value)
        listing.append(item)
    return results_of(probe, listing, folder)


def difference(case, result):
    if isinstance(result, str):
        return result
    if result.shape != case.expected.shape:
        return f"shape {result.shape}, expected {case.expected.shape}"
    return difference_of_crops(case.expected, result) if result.dtype == np.uint8 else difference_of_quads(case.expected, result)


def difference_of_quads(expected, got):
    wrong = np.where((expected[:, :8] != got[:, :8]).any(1) | (abs(expected[:, 8] - got[:, 8]) > 1e-6))[0]
    return f"{len(wrong)} of {len(expected)} quads: {got[wrong[0]]}, expected {expected[wrong[0]]}" if len(wrong) else None


def difference_of_crops(expected, got):
    """By 1 in 2 % of the bytes, or in four: a sum that is close to a half is rounded otherwise, and of a gray picture at a
    simple scale many are."""
    apart = np.abs(expected.astype(int) - got.astype(int))
    if apart.max() <= 1 and apart.sum() <= max(apart.size / 50, 4):
        return None
    return f"{(apart > 0).sum()} of {apart.size} bytes, by {apart.max()}"


def main():
    return run_groups(__doc__.split("\n")[0], f"OpenCV {cv2.__version__}, pyclipper {pyclipper.__version__}",
                      [db_maps, db_in_pictures, crops], run_probe, difference, 0)


if __name__ == "__main__":
    sys.exit(main())
