#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packs a detector of text: it finds lines of text in a picture, at any angle.

    python examples/models/text_detection.py --out build/models/text-detection/1

The network is PP-OCRv4's, and its weights come from the pip package rapidocr-onnxruntime (Apache-2.0). The steps of
that package before and after the network are ops: OpenCV's resize to a shorter side of 736 and sides that are multiples
of 32, its normalisation of blue, green and red, and the postprocessing of Differentiable Binarization. Pictures whose
shorter side is above 736 are scaled down here, unlike in RapidOCR. The engine is TorchScript: sides are multiples of
32, and AOTInductor's code cannot be compared with the network at other sizes.
"""

import importlib.util
import sys
from pathlib import Path

from exporting import export, fingerprint, photo   # first: it finds gantry_pack
import gantry_pack  # noqa: I001

VERSIONS = ("torch", "onnx", "pillow", "numpy", "opencv-python-headless", "pyclipper",
            "rapidocr-onnxruntime", "scikit-image", "shapely")
PHOTOS = ("page.png", "text.png")
SHORT = 736
PIPELINE = [
    "image.decode",
    {"op": "image.resize_fit", "width": SHORT, "height": SHORT, "fit": "cover", "multiple": 32, "reference": "opencv"},
    {"op": "image.to_tensor", "mode": "scaled", "mean": 0.5, "std": 0.5, "reverse_channels": True},
    "model",
    {"op": "detect.db", "box_threshold": 0.5, "unclip_ratio": 1.6},
    {"op": "detect.quads_to_picture", "round": True, "min_side": 4},
]


def folder():
    """The folder of rapidocr-onnxruntime, found without importing it, which would need ONNX Runtime."""
    return Path(importlib.util.find_spec("rapidocr_onnxruntime").submodule_search_locations[0])


def network():
    import torch
    from onnx_module import OnnxModule

    class TextMap(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = OnnxModule(folder() / "models" / "ch_PP-OCRv4_det_infer.onnx", ["map"])

        def forward(self, image):
            return self.network(image)["map"]
    return TextMap().eval()


def python_stack(module):
    """RapidOCR's own steps before and after the network: a picture's quads."""
    import cv2
    import numpy
    import torch
    path = folder() / "ch_ppocr_det" / "utils.py"
    spec = importlib.util.spec_from_file_location("text_detection_utils", path)
    theirs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(theirs)
    before = theirs.DetPreProcess(SHORT, "min", [0.5] * 3, [0.5] * 3)
    after = theirs.DBPostProcess(0.3, 0.5, 1000, 1.6, "fast", True)

    def answers(path):
        picture = cv2.imread(str(path))
        with torch.no_grad():
            probabilities = module(torch.from_numpy(before(picture))).numpy()
        quads = gantry_pack.Quads()
        for box, score in zip(*after(probabilities, picture.shape[:2]), strict=True):
            sides = [numpy.linalg.norm(box[0] - box[i]) for i in (1, 3)]
            if min(sides) >= 4:  # TextDetector.filter_tag_det_res()
                quads.append(gantry_pack.FoundQuad(tuple(map(tuple, box.astype(float).tolist())), score))
        return quads
    return answers


def recipe(engines=("torchscript",)):
    import torch
    module = network()
    return dict(name="text-detection", version="1", model=module, example_inputs=torch.zeros(2, 3, SHORT, SHORT + 32),
                max_batch=1, shapes={"image": ["batch", 3, "H", "W"], "map": ["batch", 1, "H", "W"]}, output_names=["map"],
                engines=list(engines), pipeline=PIPELINE, samples=[photo(name) for name in PHOTOS],
                reference=python_stack(module), tolerance={"atol": 1e-3, "rtol": 1e-4},
                provenance={"trainer": fingerprint(__file__, VERSIONS), "data": "weights of rapidocr-onnxruntime"})


if __name__ == "__main__":
    sys.exit(export(__doc__, "text-detection", fingerprint(__file__, VERSIONS), recipe))
