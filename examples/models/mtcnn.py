#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packs MTCNN, a face detector of three networks in a cascade: PNet proposes on a pyramid of scales, RNet and ONet refine.

    python examples/models/mtcnn.py --out build/models/mtcnn/1 [--engine torchscript|aoti|both]

Code and weights come from the pip package facenet-pytorch (MIT), sample photos from scikit-image. The package holds three
models, `pnet` (a picture of any size), `rnet` (24x24) and `onet` (48x48), and this pipeline, Bytes -> Tensors:

    image.decode, image.to_tensor        the picture, u8[3, H, W]
    fork    []                           -- the picture as it is
            mtcnn.pyramid, each pnet     -- what PNet says of each scale
    mtcnn.propose                        boxes, with the picture
    fork    []
            mtcnn.crops size 24, each rnet
    mtcnn.refine                         fewer and better boxes
    fork    []
            mtcnn.crops size 48, each onet
    mtcnn.faces                          boxes f32[n, 4] (x0, y0, x1, y1), scores f32[n], points f32[n, 5, 2]; n may be 0

The ops mtcnn.* are the host's own: they are given here in Python, and a C++ host registers ops of the same names, as
examples/06_cascade does. What they compute, so that the answers are those of facenet_pytorch.MTCNN (detect_face.py of that package). All of it is in f32, each
operation rounded, unless it says double; scores and boxes come in the order that is said, which matters. Thresholds and
limits are rounded to f32, too, before anything is compared with them, but for the limit of nms, which is a double.

nms(boxes, scores, limit): go through the boxes by falling score, equal scores in their order (a stable sort). A box is kept
    unless it overlaps a kept one by more than `limit`: intersection / (area + area - intersection), where the area is
    (x1 - x0) * (y1 - y0) and the intersection max(0, .) * max(0, .) of the same. Gives the kept ones in that order.
square(box): w = x1 - x0; h = y1 - y0; l = max(w, h); x0 = x0 + w * 0.5 - l * 0.5; y0 = y0 + h * 0.5 - l * 0.5, from left to
    right; x1 = x0 + l; y1 = y0 + l. The score stays.
move(box, r): w = x1 - x0 + 1; h = y1 - y0 + 1; (x0 + r[0] * w, y0 + r[1] * h, x1 + r[2] * w, y1 + r[3] * h).
pixels(box): each side cut to an integer, towards zero; left = max(x0, 1); top = max(y0, 1); right = min(x1, W);
    bottom = min(y1, H). The crop are the columns left - 1 up to, not including, right, and the rows top - 1 up to bottom.
    It is empty unless right > left - 1 and bottom > top - 1; such boxes are left out of what propose and refine give.
shrink(pixels, h, w): the mean of areas, torch's interpolate(mode="area"): row i of the result covers the rows
    floor(i * H / h) up to, not including, ceil((i + 1) * H / h) of what is given, in integers, and columns likewise. The sum
    of the bytes is exact in f32; it is divided by the number of rows, then by that of columns. Then normalised:
    (mean - 127.5) * 0.0078125.

mtcnn.pyramid {min_face 20, factor 0.709}: Tensor u8[3, H, W] -> list<Tensor f32[3, h, w]>
    in double: scale = 12 / min_face; side = min(H, W) * scale. While side >= 12: a level of h = int(H * scale + 1),
    w = int(W * scale + 1), made by shrink; then scale = scale * factor, side = side * factor. A small picture has no level.
mtcnn.propose {min_face, factor, threshold 0.6}: tuple<Tensor, list<Tensors>> -> Tensors {picture, boxes f32[n, 5]}
    of each level (its scale as above, rounded to f32) the cells (y, x), row by row, whose probability[1] >= threshold:
    x0 = floor((2 * x + 1) / scale), y0 = floor((2 * y + 1) / scale), x1 = floor((2 * x + 12) / scale), y1 likewise, the
    score probability[1, y, x], and r = regression[:, y, x]; nms with limit 0.5 within the level. All levels one behind the
    other: nms with limit 0.7. Then with w = x1 - x0, h = y1 - y0: (x0 + r[0] * w, y0 + r[1] * h, x1 + r[2] * w,
    y1 + r[3] * h), and square. A row of boxes is x0, y0, x1, y1, score.
mtcnn.crops {size}: Tensors {picture, boxes} -> list<Tensor f32[3, size, size]>: shrink of the pixels of each box.
mtcnn.refine {threshold 0.7}: tuple<Tensors {picture, boxes}, list<Tensors>> -> Tensors {picture, boxes}
    the boxes whose probability[1] > threshold, which is their score now; nms with limit 0.7; move by regression; square.
mtcnn.faces {threshold 0.7}: tuple<Tensors {picture, boxes}, list<Tensors>> -> Tensors {boxes, scores, points}
    the boxes whose probability[1] > threshold, which is their score now. With w = x1 - x0 + 1, h = y1 - y0 + 1 the points are
    (w * points[i] + x0 - 1, h * points[5 + i] + y0 - 1), i = 0..4. Then move by regression. Then of these boxes: by falling
    score, a box is kept unless it overlaps a kept one by more than 0.7, here intersection / min(area, area) with areas
    (x1 - x0 + 1) * (y1 - y0 + 1) and the intersection likewise.
"""

import argparse
import importlib
import importlib.metadata
import importlib.util
import sys
import types
from pathlib import Path

from exporting import engines_of, fingerprint, photo   # first: it finds gantry_pack
import gantry_pack  # noqa: I001
from gantry_pack import EXACT, Op, Tolerance

VERSIONS = ("torch", "torchvision", "pillow", "numpy", "facenet-pytorch", "scikit-image")
PHOTOS = ("astronaut.png", "camera.png", "chelsea.png", "coffee.png")
ENGINES = ("torchscript", "aoti")
SCALES = {"min_face": 20, "factor": 0.709}
PIPELINE = [
    "image.decode",
    {"op": "image.to_tensor", "mode": "affine", "dtype": "u8"},
    {"op": "fork", "branches": [[], [{"op": "mtcnn.pyramid", **SCALES},
                                     {"op": "each", "do": [{"op": "model", "name": "pnet"}]}]]},
    {"op": "mtcnn.propose", **SCALES, "threshold": 0.6},
    {"op": "fork", "branches": [[], [{"op": "mtcnn.crops", "size": 24},
                                     {"op": "each", "do": [{"op": "model", "name": "rnet"}]}]]},
    {"op": "mtcnn.refine", "threshold": 0.7},
    {"op": "fork", "branches": [[], [{"op": "mtcnn.crops", "size": 48},
                                     {"op": "each", "do": [{"op": "model", "name": "onet"}]}]]},
    {"op": "mtcnn.faces", "threshold": 0.7},
]


# ---- The ops, as the recipe above says -----------------------------------------------------------------------------

def scales_of(picture, min_face, factor):
    scale, found = 12.0 / min_face, []
    side = min(picture.shape[1:]) * scale
    while side >= 12:
        found.append(scale)
        scale, side = scale * factor, side * factor
    return found


def shrink(pixels, height, width):
    import torch
    means = torch.nn.functional.interpolate(pixels.float()[None], (height, width), mode="area")[0]
    return (means - 127.5) * 0.0078125


def nms(boxes, scores, limit):
    """Indices of the boxes that are kept, by falling score."""
    import torchvision
    return torchvision.ops.nms(boxes[:, :4], scores, limit)


def nms_of_smaller(boxes, scores, limit):
    """The same by the area of the smaller one, with sides that count their last pixel. There are few boxes by then."""
    import torch
    areas = (boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)
    rest, kept = torch.sort(scores, descending=True, stable=True).indices, []
    while len(rest):
        best, rest = rest[0], rest[1:]
        kept.append(int(best))
        sides = torch.minimum(boxes[best, 2:4], boxes[rest, 2:4]) - torch.maximum(boxes[best, :2], boxes[rest, :2]) + 1
        shared = sides.clamp(min=0).prod(1)
        rest = rest[shared / torch.minimum(areas[best], areas[rest]) <= limit]
    return torch.tensor(kept, dtype=torch.int64)


def moved(boxes, by, extra):
    """Each side moved by a share of the box's, whose sides are `extra` longer than their difference."""
    import torch
    sides = boxes[:, 2:4] - boxes[:, :2] + extra
    return torch.cat([boxes[:, :2] + by[:, :2] * sides, boxes[:, 2:4] + by[:, 2:4] * sides], 1)


def squared(boxes):
    import torch
    sides = boxes[:, 2:4] - boxes[:, :2]
    side = sides.max(1, keepdim=True).values
    corner = boxes[:, :2] + sides * 0.5 - side * 0.5
    return torch.cat([corner, corner + side], 1)


def pixels_of(boxes, picture):
    """[left - 1, top - 1, right, bottom] of each box."""
    height, width = picture.shape[1:]
    left, top, right, bottom = boxes[:, :4].trunc().long().unbind(1)
    return left.clamp(min=1) - 1, top.clamp(min=1) - 1, right.clamp(max=width), bottom.clamp(max=height)


def with_scores(picture, boxes, scores):
    """What propose and refine give: the boxes of which there is something to see."""
    import torch
    left, top, right, bottom = pixels_of(boxes, picture)
    is_seen = (right > left) & (bottom > top)
    return {"picture": picture, "boxes": torch.cat([boxes, scores[:, None]], 1)[is_seen]}


def pyramid(picture, min_face, factor):
    height, width = picture.shape[1:]
    return [shrink(picture, int(height * scale + 1), int(width * scale + 1))
            for scale in scales_of(picture, min_face, factor)]


def propose(value, min_face, factor, threshold):
    import torch
    picture, levels = value
    found = [torch.zeros(0, 9)]  # x0, y0, x1, y1, score, regression
    for scale, level in zip(scales_of(picture, min_face, factor), levels):
        is_face = level["probability"][1] >= threshold
        cells = is_face.nonzero().float().flip(1)
        boxes = torch.cat([((2 * cells + 1) / scale).floor(), ((2 * cells + 12) / scale).floor()], 1)
        scores = level["probability"][1][is_face]
        boxes = torch.cat([boxes, scores[:, None], level["regression"][:, is_face].T], 1)
        found.append(boxes[nms(boxes, scores, 0.5)])
    boxes = torch.cat(found)
    boxes = boxes[nms(boxes, boxes[:, 4], 0.7)]
    return with_scores(picture, squared(moved(boxes, boxes[:, 5:], 0)), boxes[:, 4])


def crops(value, size):
    picture, boxes = value["picture"], value["boxes"]
    return [shrink(picture[:, top:bottom, left:right], size, size)
            for left, top, right, bottom in zip(*pixels_of(boxes, picture))]


def passed(value, threshold):
    """(picture, boxes, scores, regression, points) of what a network takes for faces; points are of ONet alone."""
    import torch
    (given, answers) = value
    scores = torch.stack([answer["probability"][1] for answer in answers]) if answers else torch.zeros(0)
    chosen = [answer for answer, score in zip(answers, scores) if score > threshold]
    regression = torch.stack([answer["regression"] for answer in chosen]) if chosen else torch.zeros(0, 4)
    points = torch.stack([answer["points"] for answer in chosen]) if chosen and "points" in chosen[0] else torch.zeros(0, 10)
    return given["picture"], given["boxes"][scores > threshold, :4], scores[scores > threshold], regression, points


def refine(value, threshold):
    picture, boxes, scores, regression, _ = passed(value, threshold)
    kept = nms(boxes, scores, 0.7)
    return with_scores(picture, squared(moved(boxes[kept], regression[kept], 1)), scores[kept])


def faces(value, threshold):
    import torch
    _, boxes, scores, regression, points = passed(value, threshold)
    sides = boxes[:, 2:4] - boxes[:, :2] + 1
    points = torch.stack([sides[:, axis, None] * points[:, 5 * axis:5 * axis + 5] + boxes[:, axis, None] - 1
                          for axis in (0, 1)], 2)
    boxes = moved(boxes, regression, 1)
    kept = nms_of_smaller(boxes, scores, 0.7)
    return {"boxes": boxes[kept], "scores": scores[kept], "points": points[kept]}


# Boxes are in pixels: what a network's answer may be off by, 1e-5, is that share of a side of at most a few hundred.
IN_PIXELS = Tolerance(5e-3)
OPS = {
    "mtcnn.pyramid": Op("Tensor", "list<Tensor>", None, pyramid),
    "mtcnn.propose": Op("tuple<Tensor, list<Tensors>>", "Tensors", None, propose, IN_PIXELS),
    "mtcnn.crops": Op("Tensors", "list<Tensor>", None, crops, carries=lambda incoming: EXACT),  # at whole pixels
    "mtcnn.refine": Op("tuple<Tensors, list<Tensors>>", "Tensors", None, refine, IN_PIXELS),
    "mtcnn.faces": Op("tuple<Tensors, list<Tensors>>", "Tensors", None, faces, IN_PIXELS),
}


# ---- The package ---------------------------------------------------------------------------------------------------

def facenet():
    """facenet_pytorch.models.mtcnn. The package itself is not imported: that needs requests, to download other models."""
    if "facenet_pytorch" not in sys.modules:
        package = types.ModuleType("facenet_pytorch")
        package.__path__ = list(importlib.util.find_spec("facenet_pytorch").submodule_search_locations)
        sys.modules["facenet_pytorch"] = package
    return importlib.import_module("facenet_pytorch.models.mtcnn")


def python_stack():
    """facenet_pytorch.MTCNN as its users call it: none of the ops above."""
    import numpy
    import torch
    from PIL import Image
    detector = facenet().MTCNN(keep_all=True, select_largest=False)

    def detect(sample):
        boxes, scores, points = detector.detect(Image.open(sample).convert("RGB"), landmarks=True)
        if boxes is None:
            return {"boxes": torch.zeros(0, 4), "scores": torch.zeros(0), "points": torch.zeros(0, 5, 2)}
        return {name: torch.from_numpy(numpy.stack(value).astype(numpy.float32))
                for name, value in (("boxes", boxes), ("scores", scores), ("points", points))}
    return detect


def models(engines):
    import torch
    from gantry_pack import Model
    nets = facenet()
    common = {"engines": engines, "input_names": ["picture"], "tolerance": {"atol": 1e-5, "rtol": 1e-5}}
    level = ["batch", 3, "H", "W"]
    return {
        "pnet": Model(nets.PNet(), torch.zeros(1, 3, 40, 50), output_names=["regression", "probability"], max_batch=4,
                      shapes={"picture": level, "regression": ["batch", 4, "h", "w"], "probability": ["batch", 2, "h", "w"]},
                      **common),
        "rnet": Model(nets.RNet(), torch.zeros(1, 3, 24, 24), output_names=["regression", "probability"], max_batch=4,
                      **common),
        "onet": Model(nets.ONet(), torch.zeros(1, 3, 48, 48), output_names=["regression", "points", "probability"],
                      max_batch=4, **common)}


def recipe(engines=("torchscript",)):
    return dict(name="mtcnn", version="1", models=models(engines), pipeline=PIPELINE, ops=OPS,
                samples=[photo(name) for name in PHOTOS], reference=python_stack(), max_stage_bytes=16 << 20,
                provenance={"trainer": fingerprint(__file__, VERSIONS), "data": "WIDER FACE and CelebA; weights of facenet-pytorch "
                            + importlib.metadata.version("facenet-pytorch")})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("build/models/mtcnn/1"))
    parser.add_argument("--engine", choices=(*ENGINES, "both"), default="torchscript")
    parser.add_argument("--plugin", type=Path, help="of examples/06_cascade: opens the package with the gantry tool")
    options = parser.parse_args()
    wanted = set(ENGINES) if options.engine == "both" else {options.engine}
    present = engines_of(options.out, "pnet", fingerprint(__file__, VERSIONS))
    if wanted <= present:
        gantry_pack.say(f"{options.out} is up to date")
        return 0
    try:
        engines = [kind for kind in ENGINES if kind in wanted | present]
        gantry_pack.pack(options.out, **recipe(engines), overwrite=True, plugins=[options.plugin] if options.plugin else [])
    except gantry_pack.PackError as error:
        gantry_pack.say(str(error))
        return 1 if isinstance(error, gantry_pack.CheckFailed) else 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
