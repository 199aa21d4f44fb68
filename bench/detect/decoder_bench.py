# SPDX-License-Identifier: Apache-2.0
"""Compares gantry's decoders, including clipping and suppression, with their reference code: torchvision's
postprocess_detections(), and transformers' post_process_object_detection(). `make bench-detect` calls it; or

    python bench/detect/decoder_bench.py --bin BUILD/bin [--quick] [--write]

Heads have the sizes of the real networks. Their logits are random around a background, so that a few hundred are above
the threshold, as in real use. Both take turns, each with one thread. The results are compared first: the same number,
and the same sums of scores and of sides to 1e-4 relative. Times are CPU time; a ratio is the geometric mean over the
turns, with its 95 % interval.
"""

import json
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import transformers
from torch import nn
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator
from torchvision.models.detection.fcos import FCOS
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.retinanet import RetinaNet
from torchvision.models.detection.ssd import SSD

from workers import Worker, options_of, pairs, report   # first: it finds run
from run import machine, ratio, table, with_spread  # noqa: I001

BEGIN, END = "## Decoders: measured\n", "<!-- end of the table of decoders -->\n"


class Backbone(nn.Module):
    out_channels = 8

    def forward(self, image):
        return image


def random_head(count, classes, background):
    random = torch.Generator().manual_seed(count)
    return (torch.randn(count, classes, generator=random) * 1.5 + background, torch.randn(count, 4, generator=random) * 0.5)


def maps(size, strides):
    return [torch.zeros(1, 8, -(-size[0] // stride), -(-size[1] // stride)) for stride in strides]


def split(tensor, planes, per_cell):
    return [part[None] for part in tensor.split([plane.shape[2] * plane.shape[3] * per_cell for plane in planes])]


def nms_of(model):
    return [{"op": "detect.clip"},
            {"op": "detect.nms", "iou": model.nms_thresh, "suppress": "torchvision", "max_count": model.detections_per_img}]


def ssd():
    """SSDLite of 320 x 320: 3234 anchors, 91 classes."""
    size, planes = (320, 320), [torch.zeros(1, 8, side, side) for side in (20, 10, 5, 3, 2, 1)]
    generator = DefaultBoxGenerator([[2, 3]] * 6, min_ratio=0.2, max_ratio=0.95)
    anchors = generator(ImageList(torch.zeros(1, 3, *size), [size]), planes)
    logits, codes = random_head(len(anchors[0]), 91, 0)
    logits[:, 0] += 8
    model = SSD(Backbone(), generator, size, 91, head=nn.Identity(), score_thresh=0.01, topk_candidates=300,
                nms_thresh=0.55, detections_per_img=300)
    outputs = {"bbox_regression": codes[None], "cls_logits": logits[None]}
    return (size, [{"op": "detect.ssd", "score": 0.01, "top": 300}, *nms_of(model)],
            {"boxes": codes, "scores": logits, "anchors": anchors[0]},
            lambda: model.postprocess_detections(outputs, anchors, [size])[0])


def of_levels(kind, sides, per_cell, op):
    size = 800, 1088
    planes = maps(size, (8, 16, 32, 64, 128))
    generator = AnchorGenerator(sides, ((0.5, 1.0, 2.0) if per_cell == 9 else (1.0,),) * 5)
    anchors = generator(ImageList(torch.zeros(1, 3, *size), [size]), planes)[0]
    logits, codes = random_head(len(anchors), 91, -7)
    model = kind(Backbone(), 91, anchor_generator=generator, head=nn.Identity())
    outputs = {"cls_logits": split(logits, planes, per_cell), "bbox_regression": split(codes, planes, per_cell)}
    tensors = {"boxes": codes, "scores": logits, "anchors": anchors,
               "levels": torch.tensor([plane.shape[2] * plane.shape[3] * per_cell for plane in planes])}
    if kind is FCOS:
        tensors["centerness"] = torch.randn(len(anchors), 1, generator=torch.Generator().manual_seed(1)) + 2
        outputs["bbox_ctrness"] = split(tensors["centerness"], planes, per_cell)
    by_level = [list(anchors.split(tensors["levels"].tolist()))]
    return (size, [{"op": op, "score": model.score_thresh, "top": model.topk_candidates}, *nms_of(model)], tensors,
            lambda: model.postprocess_detections(outputs, by_level, [size])[0])


def retinanet():
    """RetinaNet of 800 x 1088: 163,206 anchors, 91 classes."""
    sides = tuple((side, int(side * 2 ** (1 / 3)), int(side * 2 ** (2 / 3))) for side in (32, 64, 128, 256, 512))
    return of_levels(RetinaNet, sides, 9, "detect.retinanet")


def fcos():
    """FCOS of 800 x 1088: 18,134 anchors, 91 classes."""
    return of_levels(FCOS, ((8,), (16,), (32,), (64,), (128,)), 1, "detect.fcos")


def detr():
    """RT-DETR: 300 queries, 80 classes."""
    size = 480, 640
    logits, shares = random_head(300, 80, -4)
    shares = shares.sigmoid()
    processor = transformers.RTDetrImageProcessor()
    outputs = SimpleNamespace(logits=logits[None], pred_boxes=shares[None])
    return (size, [{"op": "detect.detr", "activation": "sigmoid", "boxes": "pred_boxes", "scores": "logits", "score": 0.5,
                    "top": 300}], {"pred_boxes": shares, "logits": logits},
            lambda: processor.post_process_object_detection(outputs, 0.5, [size])[0])


def measure(options, case, folder):
    size, ops, tensors, theirs = case()
    title = case.__doc__.split(":")[0], case.__doc__.split(": ")[1].rstrip(".")
    (folder / "pipeline.json").write_text(json.dumps(ops))
    for name, tensor in tensors.items():
        np.save(folder / f"{name}.npy", tensor.numpy())
    worker = Worker([options.bin / "bench_decoder_worker", folder / "pipeline.json", folder, size[1], size[0], *tensors])
    found = theirs()
    wanted = [len(found["scores"]), float(found["scores"].double().sum()), float(found["boxes"].double().sum())]
    own = [float(number) for number in (folder / "found").read_text().split()]
    if own[0] != wanted[0] or not np.allclose(own, wanted, rtol=1e-4):
        raise SystemExit(f"{title[0]}: {own} instead of {wanted}")

    mine, other = pairs(worker, theirs, 3 if options.quick else 15, 1e6)
    return (*title, str(wanted[0]), with_spread(mine, 3), with_spread(other, 2), ratio(other, mine))


def main():
    options, began = options_of(__doc__), machine()
    torch.set_num_threads(1)
    rows = [("network", "head", "found", "gantry, ms", "Python, ms", "Python / gantry")]
    for case in (ssd, retinanet, fcos, detr):
        with tempfile.TemporaryDirectory() as folder:
            print(f"decoders: {case.__name__}", file=sys.stderr, flush=True)
            rows.append(measure(options, case, Path(folder)))
    report(options, began, BEGIN, END, table(rows))


if __name__ == "__main__":
    main()
