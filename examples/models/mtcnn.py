#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packs MTCNN, a cascade of three networks for faces: PNet proposes on a pyramid of scales, RNet and ONet refine.

    python examples/models/mtcnn.py --out build/models/mtcnn/1 [--engine torchscript|aoti|both]

Code and weights come from the pip package facenet-pytorch (MIT), sample photos from scikit-image. The package contains
three models, `pnet` (a picture of any size), `rnet` (24x24) and `onet` (48x48), and a pipeline of gantry's own ops,
Bytes -> Detections: boxes in the picture's pixels, each with its score and five keypoints, eyes, nose and the corners
of the mouth. Its answers are those of
facenet_pytorch.MTCNN(keep_all=True, select_largest=False).detect(landmarks=True):

    image.decode
    image.pyramid, each pnet               the picture at decreasing sizes, and PNet's output for each
    detect.sliding_window, square          proposals
    detect.crop, area_to_tensor, rnet      each proposal at 24x24
    detect.refine, square                  fewer and better ones
    detect.crop, area_to_tensor, onet      at 48x48
    detect.refine, nms                     faces

Between them `fork` keeps the picture and the boxes for later, and `select` uses them again. A smallest face of n pixels
needs a first scale of 12 / n, in LEVELS.

PNet always uses TorchScript: AOTInductor computes its pooling differently at some sizes, which the packer detects.
ExecuTorch supports none of the three: at most one size may vary, and no layer may move channels like RNet's.
"""

import importlib
import importlib.metadata
import importlib.util
import sys
import types

from exporting import export, fingerprint, photo   # first: it finds gantry_pack
import gantry_pack  # noqa: I001
from gantry_pack import Detection, Detections

VERSIONS = ("torch", "torchvision", "pillow", "numpy", "facenet-pytorch", "scikit-image")
PHOTOS = ("astronaut.png", "camera.png", "chelsea.png", "coffee.png")
ENGINES = ("aoti", "torchscript")
LEVELS = {"scale": 12 / 20, "factor": 0.709}  # the smallest face has 20 pixels
NUMBERS = {"mean": 127.5, "std": 128}


def looks(model, size):
    """A network's output for each box of a picture: tuple<Image, Detections> -> list<Tensors>."""
    return [{"op": "detect.crop", "rounding": "facenet"},
            {"op": "each", "do": [{"op": "image.area_to_tensor", "width": size, "height": size, **NUMBERS},
                                  {"op": "model", "name": model}]}]


PROPOSALS = [
    {"op": "fork", "branches": [[], [{"op": "image.pyramid", **LEVELS, **NUMBERS},
                                     {"op": "each", "do": [{"op": "model", "name": "pnet"}]}]]},
    {"op": "detect.sliding_window", **LEVELS, "score": 0.6, "level_iou": 0.5, "iou": 0.7},
    {"op": "detect.to_picture", "clip": False},
    {"op": "detect.square"},
]
PICTURE, BOXES = {"op": "select", "item": 0}, {"op": "select", "item": 1}
PIPELINE = [
    "image.decode",
    {"op": "fork", "branches": [[], PROPOSALS]},
    {"op": "fork", "branches": [[PICTURE], [{"op": "fork", "branches": [[BOXES], looks("rnet", 24)]},
                                            {"op": "detect.refine", "score": 0.7, "iou": 0.7, "inclusive": True},
                                            {"op": "detect.square"}]]},
    {"op": "fork", "branches": [[BOXES], looks("onet", 48)]},
    {"op": "detect.refine", "score": 0.7, "inclusive": True, "points": "points"},
    {"op": "detect.nms", "iou": 0.7, "overlap": "smaller", "inclusive": True, "max_count": 65536},
    "detect.label",
]


# ---- The package ---------------------------------------------------------------------------------------------------

def facenet():
    """facenet_pytorch.models.mtcnn. The package itself is not imported: it needs requests, to download other models."""
    if "facenet_pytorch" not in sys.modules:
        package = types.ModuleType("facenet_pytorch")
        package.__path__ = list(importlib.util.find_spec("facenet_pytorch").submodule_search_locations)
        sys.modules["facenet_pytorch"] = package
    return importlib.import_module("facenet_pytorch.models.mtcnn")


def python_stack():
    """facenet_pytorch.MTCNN as its users call it, without the ops above."""
    from PIL import Image
    detector = facenet().MTCNN(keep_all=True, select_largest=False)

    def detect(sample):
        boxes, scores, points = detector.detect(Image.open(sample).convert("RGB"), landmarks=True)
        found = [] if boxes is None else zip(boxes, scores, points)
        return Detections(Detection(0, "face", float(score), tuple(map(float, box)),
                                    tuple((float(x), float(y), float(score)) for x, y in five)) for box, score, five in found)
    return detect


def models(engines):
    import torch
    from gantry_pack import Model
    nets = facenet()
    common = {"input_names": ["picture"], "tolerance": {"atol": 1e-5, "rtol": 1e-5}}
    level = ["batch", 3, "H", "W"]
    return {
        "pnet": Model(nets.PNet(), torch.zeros(1, 3, 40, 50), output_names=["boxes", "scores"], max_batch=4,
                      shapes={"picture": level, "boxes": ["batch", 4, "h", "w"], "scores": ["batch", 2, "h", "w"]},
                      engines=("torchscript",), **common),
        "rnet": Model(nets.RNet(), torch.zeros(1, 3, 24, 24), output_names=["boxes", "scores"], max_batch=32,
                      engines=engines, **common),
        "onet": Model(nets.ONet(), torch.zeros(1, 3, 48, 48), output_names=["boxes", "points", "scores"],
                      max_batch=16, engines=engines, **common)}


def recipe(engines=("torchscript",)):
    return dict(name="mtcnn", version="1", models=models(engines), pipeline=PIPELINE, labels=["face"],
                samples=[photo(name) for name in PHOTOS], reference=python_stack(), max_stage_bytes=16 << 20,
                provenance={"trainer": fingerprint(__file__, VERSIONS), "data": "WIDER FACE and CelebA; weights of facenet-pytorch "
                            + importlib.metadata.version("facenet-pytorch")})


if __name__ == "__main__":
    sys.exit(export(__doc__, "mtcnn", fingerprint(__file__, VERSIONS), recipe, ENGINES, ("both", ENGINES), "rnet"))
