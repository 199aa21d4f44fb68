# SPDX-License-Identifier: Apache-2.0
"""Comparing payloads: where and how far one is from the other."""

from __future__ import annotations

import math
from typing import Any

from .imports import need
from .run_lengths import of_pixels, to_pixels
from .tolerance import Tolerance, magnitude
from .values import (
    Boxes,
    Classes,
    Detection,
    Detections,
    Keypoints,
    Masks,
    Payload,
    Quads,
    RunLengths,
    dtype_name,
    is_number,
    is_pil,
    is_tensor,
    to_array,
)


def difference(got: Any, expected: Any, tolerance: Tolerance, what: str) -> str | None:
    """None, or one line that says where and how far `got` is from `expected`."""
    if isinstance(expected, (Boxes, Keypoints)) and hasattr(got, "tolist"):
        got = got.tolist()  # a tensor or an array with a row for each
    if type(got).__module__ == "numpy" and getattr(got, "ndim", 1) == 0:
        got = got.item()  # numpy.float32(1.5) and the like
    if is_tensor(expected) or is_pil(expected):
        return _array_difference(got, expected, tolerance, what)
    if isinstance(expected, Classes):
        return _classes_difference(got, expected, tolerance, what)
    if isinstance(expected, Detections):
        return _detections_difference(got, expected, tolerance, what)
    if isinstance(expected, Masks):
        return _masks_difference(got, expected, tolerance, what)
    if isinstance(expected, Quads):
        return _quads_difference(got, expected, tolerance, what)
    if isinstance(expected, Payload):
        if not isinstance(got, Payload) or got.name != expected.name:
            return f"{what}: got {got!r}, expected {expected!r}"
        return difference(got.json, expected.json, tolerance, what)
    if is_number(expected) and is_number(got):
        return None if tolerance.accepts(got, expected) else \
            f"{what}: got {got!r}, expected {expected!r} (tolerance: {tolerance})"
    if isinstance(expected, dict):
        if not isinstance(got, dict) or list(got) != list(expected):
            return f"{what}: names are {list(got) if isinstance(got, dict) else got!r}, expected {list(expected)}"
        pairs = [(f"{what} '{key}'", got[key], expected[key]) for key in expected]
    elif isinstance(expected, (list, tuple)):
        if not isinstance(got, (list, tuple)) or len(got) != len(expected):
            return f"{what}: expected {len(expected)} values, got {len(got) if hasattr(got, '__len__') else got!r}"
        pairs = [(f"{what}[{i}]", g, e) for i, (g, e) in enumerate(zip(got, expected))]
    else:
        return None if got == expected else f"{what}: got {got!r}, expected {expected!r}"
    return next((found for found in (difference(g, e, tolerance, name) for name, g, e in pairs) if found), None)


def _array_difference(got: Any, expected: Any, tolerance: Tolerance, what: str) -> str | None:
    numpy = need("numpy", "comparing tensors")
    if is_tensor(got) and is_tensor(expected) and got.dtype != expected.dtype:
        return f"{what}: dtype is {dtype_name(got)}, expected {dtype_name(expected)}"
    got, expected = to_comparable(got), to_comparable(expected)
    if got.shape != expected.shape:
        return f"{what}: shape is {list(got.shape)}, expected {list(expected.shape)}"
    got, expected = got.astype(numpy.float64), expected.astype(numpy.float64)
    with numpy.errstate(invalid="ignore"):
        error = numpy.abs(got - expected)
        good = numpy.isfinite(expected) & (error <= tolerance.atol + tolerance.rtol * numpy.abs(expected))
    good |= (got == expected) | (numpy.isnan(got) & numpy.isnan(expected))
    if good.all():
        return None
    error = numpy.where(good, -1.0, numpy.where(numpy.isnan(error), math.inf, error))
    worst = numpy.unravel_index(int(error.argmax()), error.shape)
    at = "[" + ", ".join(str(int(i)) for i in worst) + "]"
    return (f"{what}: {int((~good).sum())} of {good.size} values differ; at {at} it is {got[worst]:.9g}, expected "
            f"{expected[worst]:.9g} (tolerance: {tolerance})")


def to_comparable(value: Any) -> Any:
    if is_tensor(value):
        return to_array(value.float() if dtype_name(value) == "bf16" else value, "value")
    if is_pil(value):
        return to_array(value, "value")
    return need("numpy", "comparing tensors").asarray(value)


def _classes_difference(got: Any, expected: Any, tolerance: Tolerance, what: str) -> str | None:
    """`got` is Classes, a list of (label, score), or the scores of all classes by index."""
    if isinstance(got, Classes):
        got = [(entry[0], entry[2]) for entry in got]
        wanted = [(entry[0], entry[2]) for entry in expected]
    elif isinstance(got, (list, tuple)) and got and isinstance(got[0], (list, tuple)):
        got, wanted = [(entry[0], entry[1]) for entry in got], [(entry[1], entry[2]) for entry in expected]
    else:
        return _scores_difference(got, expected, tolerance, what)
    if len(got) != len(wanted):
        return f"{what}: {len(got)} classes, expected {len(wanted)}"
    for i, ((key, score), (wanted_key, wanted_score)) in enumerate(zip(got, wanted)):
        if not tolerance.accepts(float(score), wanted_score):
            return (f"{what}: class {i} ({key}) has score {float(score):.6f}, expected {wanted_score:.6f} "
                    f"(tolerance: {tolerance})")
        twins = [k for k, s in wanted if tolerance.accepts(s, wanted_score)]
        if key not in twins:
            return f"{what}: class {i} is {key!r}, expected {wanted_key!r}"
    return None


def _detections_difference(got: Any, expected: Any, tolerance: Tolerance, what: str) -> str | None:
    """`got` is Detections, or tensors {"boxes", "scores", "labels"} as torchvision's detectors give them, perhaps with
    "keypoints" and "keypoints_scores", and with "masks" of the picture's size, of which what is above 0.5 is inside.
    Detections whose scores are equal within the tolerance may come in any order."""
    if isinstance(got, dict):
        expected = Detections(one._replace(label="", keypoints=one.keypoints if "keypoints" in got else (),
                                           mask=one.mask if "masks" in got else None) for one in expected)
        got = _of_tensors(got)
    if not isinstance(got, Detections) or len(got) != len(expected):
        return f"{what}: expected {len(expected)} detections, got {len(got) if hasattr(got, '__len__') else got!r}"
    places = [abs(number) for one in expected for row in (one.box, *(point[:2] for point in one.keypoints)) for number in row]
    # A tolerance is said of pixels; of scores, which are shares, as the codec in C++ says it.
    scores = Tolerance(tolerance.atol / max([1.0, *filter(math.isfinite, places)]), tolerance.rtol)
    left = list(expected)
    for i, (one, rank) in enumerate(zip(got, expected)):
        twins = sorted((other for other in left if scores.accepts(other.score, rank.score)), key=lambda other: other != rank)
        found = [_detection_difference(one, other, tolerance, scores, f"{what}[{i}]") for other in twins]
        if None not in found:
            return found[0] if found else f"{what}[{i}]: expected {rank}, got {one}"
        left.remove(twins[found.index(None)])
    return None


def _of_tensors(found: Any) -> Detections:
    boxes, scores, labels = (found[name].tolist() for name in ("boxes", "scores", "labels"))
    points = found["keypoints"].tolist() if "keypoints" in found else [[]] * len(boxes)
    if "keypoints_scores" in found:
        points = [[(*point[:2], score) for point, score in zip(*each)]
                  for each in zip(points, found["keypoints_scores"].tolist())]
    masks: list[RunLengths | None] = [None] * len(boxes)
    if "masks" in found:
        planes = found["masks"].reshape(len(masks), *found["masks"].shape[-2:])
        masks = [of_pixels(plane > 0.5 if plane.is_floating_point() else plane) for plane in planes]
    return Detections(Detection(label, "", score, tuple(box), tuple(map(tuple, of_box)), mask=mask)
                      for label, score, box, of_box, mask in zip(labels, scores, boxes, points, masks))


def _masks_difference(got: Any, expected: Any, tolerance: Tolerance, what: str) -> str | None:
    if is_tensor(got) or type(got).__module__ == "numpy":
        if got.ndim != 3 or to_comparable(got).dtype != bool:
            return f"{what}: got {got.dtype}{list(got.shape)}, expected masks, or bool[N, height, width]"
        got = Masks(map(of_pixels, got))
    if not isinstance(got, Masks) or len(got) != len(expected):
        return f"{what}: expected {len(expected)} masks, got {len(got) if hasattr(got, '__len__') else got!r}"
    pairs = zip(got, expected)
    return next((found for i, (g, e) in enumerate(pairs) if (found := _mask_difference(g, e, tolerance, f"{what}[{i}]"))), None)


def _mask_difference(got: RunLengths | None, expected: RunLengths | None, tolerance: Tolerance, what: str) -> str | None:
    """An outline may be off by as many pixels as the tolerance says, but by no more than a quarter of the mask, as the codec
    in C++ says it."""
    if got == expected:
        return None
    if got is None or expected is None or got.size != expected.size:
        return f"{what}: mask of {got and list(got.size)}, expected {expected and list(expected.size)}"
    pixels, other = to_pixels(expected), to_pixels(got)
    lengths = [int(along.max() - along.min() + 1) for along in pixels.nonzero()] if pixels.any() else []
    off = tolerance.atol + tolerance.rtol * max(expected.size)
    allowed = min(math.ceil(off * 2 * sum(lengths)), int(pixels.sum()) // 4)
    differing = int((pixels != other).sum())
    return None if differing <= allowed else f"{what}: {differing} pixels of the mask differ, {allowed} may ({tolerance})"


def _detection_difference(got: Detection, expected: Detection, places: Tolerance, scores: Tolerance,
                          what: str) -> str | None:
    if got[:2] != expected[:2]:
        return f"{what}: expected class {expected.index} {expected.label!r}, got {got.index} {got.label!r}"

    def split(one: Detection) -> tuple[Any, Any]:
        return (one.box, [point[:2] for point in one.keypoints]), [one.score, *(point[2] for point in one.keypoints)]
    return (difference(split(got)[1], split(expected)[1], scores, f"{what}: score")
            or difference(split(got)[0], split(expected)[0], places, f"{what}: box")
            or _mask_difference(got.mask, expected.mask, places, f"{what}: mask"))


def _quads_difference(got: Any, expected: Quads, tolerance: Tolerance, what: str) -> str | None:
    """In any order: rounding may change which of two begins first. A tolerance is said of pixels, as in detections."""
    if not isinstance(got, (list, tuple)) or len(got) != len(expected):
        return f"{what}: expected {len(expected)} quads, got {len(got) if hasattr(got, '__len__') else got!r}"
    places = [abs(number) for one in expected for corner in one.quad for number in corner if math.isfinite(number)]
    scores = Tolerance(tolerance.atol / max([1.0, *places]), tolerance.rtol)
    left = list(expected)
    for i, (quad, score) in enumerate(got):
        found = [difference(float(score), other.score, scores, f"{what}[{i}]: score")
                 or difference(quad, other.quad, tolerance, f"{what}[{i}]: quad") for other in left]
        if None not in found:
            return found[0]
        left.pop(found.index(None))
    return None


def _scores_difference(got: Any, expected: Any, tolerance: Tolerance, what: str) -> str | None:
    scores = to_comparable(got).reshape(-1)
    for rank, (index, label, score) in enumerate(expected):
        name = f"class {index}" + (f" ({label})" if label else "")
        if index >= len(scores):
            return f"{what}: gives {len(scores)} scores, but {name} was expected"
        if not tolerance.accepts(float(scores[index]), score):
            return (f"{what}: {name} has score {float(scores[index]):.6f}, expected {score:.6f} "
                    f"(tolerance: {tolerance})")
        better = int((scores > score + tolerance.at(score)).sum())
        if better > rank:
            return f"{what}: {name} is number {rank + 1}, but {better} others have a higher score"
    return None


def how_far(got: Any, expected: Any) -> tuple[float, float] | None:
    """(the largest difference, the largest expected value) of outputs; None if something else than numbers differs."""
    off = largest = 0.0
    for one, other in zip(got, expected):
        if len(got) != len(expected) or one.dtype != other.dtype or one.shape != other.shape:
            return None
        one, other = one.double(), other.double()
        if not bool(((one == other) | (one.isfinite() & other.isfinite()) | (one.isnan() & other.isnan())).all()):
            return None
        off = max(off, magnitude([one - other]))
        largest = max(largest, magnitude([other]))
    return off, largest
