# SPDX-License-Identifier: Apache-2.0
"""Compares gantry's decoders, and clipping and suppression behind them, with the installed torchvision and transformers,
and with the packer's references.

  decoder_parity.py --probe BUILD/bin/decoder_probe [--seed N] [--only GROUP]

Heads are random, of random shapes. torchvision's models are built without weights: their own anchors, and their own
postprocess_detections(), once with nothing suppressed, which gives their candidates, clipped, once as it is. Classes must
be equal, scores and boxes within 2e-6 relative, boxes of their largest number. Exits 1 and names the first differences
of each group if there is any.
"""

import pathlib
import sys
from types import SimpleNamespace

import numpy as np
import torch
import torchvision
import transformers
from torch import nn
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator
from torchvision.models.detection.fcos import FCOS
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.retinanet import RetinaNet
from torchvision.models.detection.ssd import SSD

from parity_run import results_of, run_groups

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "pack"))
from gantry_pack.errors import PackError  # noqa: E402
from gantry_pack.ops.table import OPS  # noqa: E402

STEP = 2e-6


class Case:
    """A head, ops, and what is expected of them: rows of class, score, x0, y0, x1, y1; None if Python refuses."""

    def __init__(self, name, ops, value, expected):
        self.name, self.ops, self.value, self.expected = name, ops, value, expected


def rows_of(boxes, scores, labels):
    return np.concatenate([labels[:, None].double(), scores[:, None].double(), boxes.double()], 1) if len(boxes) \
        else np.zeros((0, 6))


def random_size(rng):
    return tuple(int(side) for side in rng.integers(8, 200, 2))


# ---- torchvision's models, without weights and without a backbone of any use


class Backbone(nn.Module):
    out_channels = 8

    def forward(self, image):
        return image


def maps_of(rng, image, levels):
    """Feature maps of random sizes."""
    return [torch.zeros(1, 8, *(max(1, int(side // 2 ** (level + 3) + rng.integers(0, 2))) for side in image))
            for level in range(levels)]


def images_of(size):
    return ImageList(torch.zeros(1, 3, *size), [size])


def spread_logits(rng, shape):
    """Logits whose scores are well apart from each other."""
    count = int(np.prod(shape))
    shares = rng.permutation((np.arange(count) + 0.5) / count)
    return torch.from_numpy(np.log(shares / (1 - shares)).astype(np.float32).reshape(shape))


def random_codes(rng, count, scale):
    """Some of which are far out, so that their growth is cut off."""
    codes = rng.normal(0, scale, (count, 4)) * rng.choice([1, 1, 1, 8], (count, 1))
    return torch.from_numpy(codes.astype(np.float32))


def model_cases(name, op, model, outputs, anchors, size, value):
    """The candidates, clipped; and the detections."""
    iou, count = model.nms_thresh, model.detections_per_img
    ops = [{"op": "probe.picture", "width": size[1], "height": size[0]}, op, {"op": "detect.clip"}]
    nms = {"op": "detect.nms", "iou": iou, "suppress": "torchvision", "max_count": count}
    model.nms_thresh, model.detections_per_img = 2.0, 10 ** 9
    found = model.postprocess_detections(outputs, anchors, [size])[0]
    yield Case(f"{name}, candidates", ops, value, rows_of(found["boxes"], found["scores"], found["labels"]))
    model.nms_thresh, model.detections_per_img = iou, count
    found = model.postprocess_detections(outputs, anchors, [size])[0]
    yield Case(f"{name}, detections", [*ops, nms], value, rows_of(found["boxes"], found["scores"], found["labels"]))


def ssd(rng):
    for index in range(24):
        size, levels, classes = random_size(rng), int(rng.integers(1, 4)), int(rng.integers(2, 12))
        generator = DefaultBoxGenerator([[2], [2, 3], [2]][:levels])
        score, top = float(rng.choice([0.01, 0.1, 0.3])), int(rng.choice([5, 50, 400]))
        model = SSD(Backbone(), generator, size[::-1], classes, head=nn.Identity(), score_thresh=score, topk_candidates=top)
        anchors = generator(images_of(size), maps_of(rng, size, levels))
        count = len(anchors[0])
        logits = torch.from_numpy(rng.normal(0, rng.choice([0.5, 3]), (count, classes)).astype(np.float32))
        if index % 2:
            logits[:, 0] += 4  # mostly background, as in life
        codes = random_codes(rng, count, 2)
        outputs = {"bbox_regression": codes[None], "cls_logits": logits[None]}
        op = {"op": "detect.ssd", "score": score, "top": top}
        value = {"boxes": codes, "scores": logits, "anchors": anchors[0]}
        yield from model_cases(f"{count} anchors, {classes} classes, {op}", op, model, outputs, anchors, size, value)


def by_level(tensor, counts):
    return [part[None] for part in tensor.split(counts)]


def of_levels(rng, kind, make_op):
    for index in range(24):
        size, levels, classes = random_size(rng), int(rng.integers(1, 5)), int(rng.integers(1, 12))
        is_fcos = kind is FCOS
        sides = tuple((8 * 2 ** level,) if is_fcos else (8 * 2 ** level, 11 * 2 ** level) for level in range(levels))
        generator = AnchorGenerator(sides, ((1.0,) if is_fcos else (0.5, 1.0, 2.0),) * levels)
        score, top = float(rng.choice([0.05, 0.2, 0.6])), int(rng.choice([5, 100, 1000]))
        model = kind(Backbone(), classes, anchor_generator=generator, head=nn.Identity(), score_thresh=score,
                     topk_candidates=top)
        maps = maps_of(rng, size, levels)
        anchors = generator(images_of(size), maps)[0]
        counts = [plane.shape[2] * plane.shape[3] * len(side) * (1 if is_fcos else 3) for plane, side in zip(maps, sides)]
        count = len(anchors)
        logits, codes = spread_logits(rng, (count, classes)), random_codes(rng, count, 1)
        outputs = {"cls_logits": by_level(logits, counts), "bbox_regression": by_level(codes, counts)}
        op = {"op": make_op, "score": score, "top": top, "boxes": "deltas"}
        value = {"deltas": codes, "scores": logits, "anchors": anchors}
        if is_fcos:
            value["centerness"] = torch.from_numpy(rng.normal(0, 1, (count, 1)).astype(np.float32))
            outputs["bbox_ctrness"] = by_level(value["centerness"], counts)
        if index % 2:
            op["levels"] = counts
        else:
            value["levels"] = torch.tensor(counts)
        yield from model_cases(f"{counts} anchors, {classes} classes, {op}", op, model, outputs,
                               [list(anchors.split(counts))], size, value)


def retinanet(rng):
    yield from of_levels(rng, RetinaNet, "detect.retinanet")


def fcos(rng):
    yield from of_levels(rng, FCOS, "detect.fcos")


# ---- transformers' image processors


def detr(rng):
    softmax, sigmoid = transformers.DetrImageProcessor(), transformers.RTDetrImageProcessor()
    for index in range(40):
        queries, classes = int(rng.integers(1, 120)), int(rng.integers(2, 30))
        width, height = (int(side) for side in rng.integers(1, 2000, 2))
        shares = torch.from_numpy(rng.uniform(0, 1, (queries, 4)).astype(np.float32))
        logits = spread_logits(rng, (queries, classes))
        score = float(rng.choice([0.05, 0.3, 0.7]))
        op = {"op": "detect.detr", "width": width, "height": height, "boxes": "pred_boxes", "scores": "logits",
              "score": score, "top": queries, "activation": ("softmax", "sigmoid")[index % 2]}
        outputs = SimpleNamespace(logits=logits[None], pred_boxes=shares[None])
        found = (softmax, sigmoid)[index % 2].post_process_object_detection(outputs, score, [(height, width)])[0]
        expected = rows_of(found["boxes"], found["scores"], found["labels"])  # with softmax in the order of queries
        yield Case(f"{queries} queries, {classes} classes, {op}", [op], {"pred_boxes": shares, "logits": logits},
                   expected[np.argsort(-np.asarray(expected[:, 1]), kind="stable")])


# ---- the packer's references


def floats(rng, *shape, special=False):
    values = rng.normal(0, 3, shape).astype(np.float32)
    if special:
        hits = rng.uniform(0, 1, shape) < 0.02
        values[hits] = rng.choice([np.nan, np.inf, -np.inf, 0], shape).astype(np.float32)[hits]
    return torch.from_numpy(values)


def shares_of(rng, *shape, special=False):
    values = torch.sigmoid(floats(rng, *shape, special=special))
    return (values * 64).round() / 64 if rng.integers(2) else values  # many are equal


def random_rules(rng):
    rules = {"score": float(rng.choice([0, 0.05, 0.25, 0.5, 0.9])), "top": int(rng.choice([1, 7, 100, 30000]))}
    return rules | ({"classes": [int(c) for c in rng.integers(0, 9, 3)]} if rng.integers(3) == 0 else {})


def levels_over(width, height, strides):
    return [-(-width // stride) * -(-height // stride) for stride in strides]


def head_of(rng, name, special):
    """Random parameters and a head that fits them."""
    count, classes = int(rng.integers(0, 60)), int(rng.integers(1, 9))
    op = {"op": name, **random_rules(rng)}
    columns = classes + (int(rng.integers(0, 3)) if rng.integers(2) else 0)
    several = {"multi_label": bool(rng.integers(2)), "class_count": classes if columns > classes else 0}
    grid = {"width": int(rng.integers(1, 70)), "height": int(rng.integers(1, 70))}
    strides = [int(stride) for stride in rng.choice([4, 8, 16, 32], int(rng.integers(1, 4)))]
    activation = str(rng.choice(["none", "sigmoid"]))
    scores = lambda *shape: (floats if activation == "sigmoid" else shares_of)(rng, *shape, special=special)  # noqa: E731
    if name in ("detect.ssd", "detect.retinanet", "detect.fcos"):
        return op, {"boxes": floats(rng, count, 4, special=special), "scores": floats(rng, count, classes, special=special),
                    "anchors": floats(rng, count, 4), "centerness": floats(rng, count, 1, special=special)}
    if name == "detect.detr":
        op |= {"activation": str(rng.choice(["softmax", "sigmoid"])), **grid}
        return op, {"boxes": shares_of(rng, count, 4, special=special),
                    "scores": floats(rng, count, classes + 1, special=special)}
    if name == "detect.boxes":
        op |= {"format": str(rng.choice(["xyxy", "xywh", "cxcywh"])), **({"relative": True, **grid} if rng.integers(2) else {}),
               "multi_label": several["multi_label"], "activation": activation, "background": int(rng.integers(-1, classes))}
        value = {"boxes": floats(rng, count, 4, special=special)}
        if rng.integers(2):
            points = int(rng.integers(0, 6))
            op |= {"keypoints": "points", "keypoint_scores": str(rng.choice(["", "sure"]))}
            value |= {"points": floats(rng, count, points, int(rng.integers(2, 4)), special=special),
                      "sure": shares_of(rng, count, points)}
        if rng.integers(3) == 0:
            return op, value | {"scores": scores(count), "labels": torch.from_numpy(rng.integers(-1, 9, count))}
        if rng.integers(3) == 0:
            op["activation"] = "softmax"
        return op, value | {"scores": scores(count, classes)}
    if name == "detect.yolov5":
        return op | several, torch.cat((floats(rng, count, 4, special=special),
                                        shares_of(rng, count, 1 + columns, special=special)), 1)
    if name in ("detect.yolov8", "detect.yolov8_raw"):
        op |= several | {"layout": str(rng.choice(["channels_first", "channels_last"]))}
        if name == "detect.yolov8":
            points, numbers = int(rng.integers(0, 4)), int(rng.integers(2, 4))
            op |= {"keypoints": points, "keypoint_scores": numbers == 3}
            if not op["class_count"]:
                columns = classes
            head = torch.cat((floats(rng, count, 4, special=special), shares_of(rng, count, columns, special=special),
                              floats(rng, count, points * numbers, special=special)), 1)
        else:
            op |= grid | {"strides": strides, "bins": int(rng.choice([2, 8, 16]))}
            head = floats(rng, sum(levels_over(**grid, strides=strides)), 4 * op["bins"] + columns, special=special)
        return op, head.T.contiguous() if op["layout"] == "channels_first" else head
    if name == "detect.yolov8_seg":
        op |= {"layout": str(rng.choice(["channels_first", "channels_last"])), "multi_label": several["multi_label"]}
        prototypes = floats(rng, int(rng.integers(1, 5)), 3, 4)
        head = torch.cat((floats(rng, count, 4, special=special), shares_of(rng, count, classes, special=special),
                          floats(rng, count, len(prototypes))), 1)
        return op, {"output0": head.T.contiguous() if op["layout"] == "channels_first" else head, "output1": prototypes}
    if name == "detect.yolox":
        count = sum(levels_over(**grid, strides=strides))
        return op | several | grid | {"strides": strides}, torch.cat((
            floats(rng, count, 4, special=special), shares_of(rng, count, 1 + columns, special=special)), 1)
    if name == "detect.centernet":
        sides = [int(side) for side in rng.integers(1, 30, 2)]
        op |= {"stride": int(rng.integers(1, 9)), "activation": activation, "offset": str(rng.choice(["offset", ""]))}
        return op, {"heatmap": scores(classes, *sides), "wh": floats(rng, 2, *sides), "offset": floats(rng, 2, *sides)}
    op |= grid | {"strides": strides, "activation": activation, "multi_label": several["multi_label"]}
    levels = levels_over(**grid, strides=strides)
    return op, {f"scores{i}": scores(level, classes) for i, level in enumerate(levels)} | {
        f"boxes{i}": floats(rng, level, 4 * int(rng.choice([2, 8])), special=special) for i, level in enumerate(levels)}


def references(rng):
    """Every decoder with random parameters; a third of the heads with NaN and infinities here and there."""
    for name in sorted(name for name, op in OPS.items() if op.gives == "Detections" and op.takes in ("Tensor", "Tensors")):
        for index in range(60):
            op, value = head_of(rng, name, special=index % 3 == 0)
            known = OPS[name]
            frame = {"frame": None} if known.takes_frame else {}
            try:
                found = known.run(value, **known.arguments(op), **frame)
                points = 3 * len(found[0].keypoints) if found else 0
                expected = np.array([[one.index, one.score, *one.box, *(number for point in one.keypoints for number in point)]
                                     for one in found], np.float64).reshape(-1, 6 + points)
            except PackError:
                expected = None
            yield Case(f"{op}", [op], value, expected)


GROUPS = [ssd, retinanet, fcos, detr, references]


def run_probe(probe, cases, folder):
    """The results, in order: an array, or the text of an error."""
    listing = []
    for index, case in enumerate(cases):
        item = {"ops": case.ops, "out": str(folder / f"{index}.npy")}
        if isinstance(case.value, dict):
            item["tensors"] = [{"name": name, "file": str(folder / f"{index}.{name}.npy")} for name in case.value]
            for entry in item["tensors"]:
                np.save(entry["file"], np.ascontiguousarray(case.value[entry["name"]].numpy()))
        else:
            item["tensor"] = str(folder / f"{index}.in.npy")
            np.save(item["tensor"], np.ascontiguousarray(case.value.numpy()))
        listing.append(item)
    return results_of(probe, listing, folder)


def is_close(row, other):
    if row[0] != other[0] or not np.isclose(row[1], other[1], rtol=STEP, atol=0):
        return False
    finite = np.abs(other[2:][np.isfinite(other[2:])])
    return np.allclose(row[2:], other[2:], rtol=0, atol=STEP * finite.max(initial=0), equal_nan=True)


def difference(case, result):
    """What is wrong, or None. Rows whose scores are within rounding may stand in another order."""
    if isinstance(result, str):
        return None if case.expected is None else result
    if case.expected is None:
        return "accepted, but the Python stack refuses it"
    if (np.diff(result[:, 1]) > 0).any():
        return "the best does not come first"
    if len(result) != len(case.expected):
        return f"{len(result)} instead of {len(case.expected)}"
    left = list(range(len(result)))
    for place, row in enumerate(case.expected):
        found = next((i for i in left[:20] if is_close(result[i], row)), None)
        if found is None:
            return f"none is like {row} at {place}; there is {result[left[0]]}"
        left.remove(found)
    return None


def counted(cases):
    compared = sum(len(case.expected) for case in cases if case.expected is not None)
    return f", {sum(case.expected is None for case in cases)} refused, {compared} candidates"


def main():
    versions = f"torchvision {torchvision.__version__}, transformers {transformers.__version__}, torch {torch.__version__}"
    return run_groups(__doc__, versions, GROUPS, run_probe, difference, 20261201, counted)


if __name__ == "__main__":
    sys.exit(main())
