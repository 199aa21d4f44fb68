# SPDX-License-Identifier: Apache-2.0
"""Compares gantry's masks and labels with the installed torchvision, torch, pycocotools and Pillow, and the packer's references
with those.

  mask_parity.py --probe BUILD/bin/mask_probe [--seed N] [--only GROUP]

Heads and boxes are random. A pixel may differ only where the reference's value is within 1e-6 of the threshold, relative to
the largest value; images of labels are equal. Exits 1 and names the first differences of each group if there is any.
"""

import json
import pathlib
import sys

import numpy as np
import PIL
import pycocotools.mask
import torch
import torchvision
from PIL import Image
from torch.nn import functional
from torchvision.models.detection.roi_heads import paste_masks_in_image
from torchvision.utils import draw_segmentation_masks

from parity_run import results_of, run_groups

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "pack"))
from gantry_pack.ops.frame import Axis, Frame  # noqa: E402
from gantry_pack.ops.palette import colours_of  # noqa: E402
from gantry_pack.ops.table import OPS  # noqa: E402
from gantry_pack.run_lengths import to_pixels  # noqa: E402
from gantry_pack.values import Masks  # noqa: E402

ROUNDING = 1e-6


class Case:
    """Tensors, ops, and what torch makes of them: `values` of which those above `threshold` are inside."""

    def __init__(self, name, ops, tensors, values, threshold=0.5, gives="masks"):
        self.name, self.ops, self.tensors, self.values, self.threshold, self.gives = name, ops, tensors, values, threshold, gives


def run_probe(probe, cases, folder):
    listing = []
    for i, case in enumerate(cases):
        tensors = []
        for j, (name, tensor) in enumerate(case.tensors.items()):
            np.save(folder / f"{i}-{j}.npy", np.ascontiguousarray(tensor))
            tensors.append({"name": name, "file": str(folder / f"{i}-{j}.npy")})
        listing.append({"ops": case.ops, "tensors": tensors, "gives": case.gives, "out": str(folder / f"{i}.out.npy")})
    return results_of(probe, listing, folder)


def image_of(pixels):
    return Image.fromarray(np.squeeze(np.asarray(pixels), -1) if pixels.shape[-1] == 1 else np.asarray(pixels))


def packed(ops, value):
    """What the packer's ops make of a value."""
    frame = None
    for op in ops:
        if op["op"] == "select":
            value = value[op["name"]]
            continue
        if op["op"] == "fork":
            value = tuple(packed(branch, value) for branch in op["branches"])
            continue
        if op["op"] == "probe.image":
            value = image_of(value["image"])
            continue
        if op["op"] == "probe.frame":
            frame = Frame(op["width"], op["height"], Axis(*op["x"]), Axis(*op["y"]), op["turned"])
            continue
        known = OPS[op["op"]]
        framed = {"frame": frame} if known.takes_frame else {}
        value = known.run(value, **known.arguments({key: each for key, each in op.items()}), **framed)
        if op["op"] == "detect.to_picture":
            frame = Frame(frame.width, frame.height)
    return value


def reference(case):
    value = packed(case.ops, {name: torch.from_numpy(np.ascontiguousarray(tensor)) for name, tensor in case.tensors.items()})
    if isinstance(value, Masks):
        return np.stack([to_pixels(mask) for mask in value]) if value else np.zeros((0, 0, 0), bool)
    return np.asarray(value)


def difference(case, result):
    if isinstance(result, str):
        return result
    if case.gives != "json" and (text := differing(case, reference(case))):
        return f"the packer's reference: {text}"
    return differing(case, result)


def differing(case, result):
    if isinstance(case, (Labels, Picture)):
        return case.difference(result)
    if case.gives == "json":
        got = json.loads(bytes(result))["masks"]
        return None if got == case.values else f"got {got!r:.200}, expected {case.values!r:.200}"
    values = np.asarray(case.values)
    if len(values) == 0:
        return None if len(result) == 0 else f"got {len(result)} masks, expected none"
    if result.shape != values.shape:
        return f"shape {result.shape}, expected {values.shape}"
    near = ROUNDING * max(1.0, float(np.nanmax(np.abs(values), initial=0)))
    wrong = (result != (values > case.threshold)) & ~(np.abs(values - case.threshold) <= near)
    return f"{wrong.sum()} of {wrong.size} pixels differ, the first at {np.argwhere(wrong)[0]}" if wrong.any() else None


def counted(cases):
    return f" with {sum(int((np.asarray(case.values) > case.threshold).sum()) for case in cases if case.gives == 'masks')} pixels"


def frame_op(width, height, x=(1, 0), y=(1, 0), turned=False):
    return {"op": "probe.frame", "width": width, "height": height, "x": list(map(float, x)), "y": list(map(float, y)),
            "turned": turned}


def smooth(rng, *shape):
    """Blobs of probabilities, some of them 0 or 1."""
    coarse = torch.from_numpy(rng.normal(0, 3, (shape[0], 1, 4, 4)).astype(np.float32))
    planes = functional.interpolate(coarse, shape[1:], mode="bicubic")[:, 0]
    return torch.sigmoid(2 * planes).numpy()


def random_boxes(rng, count, width, height):
    kinds = rng.integers(0, 5, count)
    at = rng.uniform(-0.3, 1.1, (count, 2)) * [width, height]
    size = rng.uniform(0, 1, (count, 2)) * [width, height]
    size[kinds == 1] *= 0.02                                     # tiny
    size[kinds == 2] *= 6                                        # larger than the picture
    at[kinds == 3] = np.floor(at[kinds == 3])                    # at whole pixels
    size[kinds == 3] = np.floor(size[kinds == 3])
    boxes = np.concatenate([at, at + size], 1)
    boxes[kinds == 4] = boxes[kinds == 4][:, [2, 3, 0, 1]] if rng.integers(8) == 0 else boxes[kinds == 4]  # inverted
    return boxes.astype(np.float32)


def is_beside(box, width, height, scale):
    """Boxes that show nothing: torchvision fails on some of them."""
    half, middle = (box[2:] - box[:2]) * np.float32(0.5) * np.float32(scale), (box[2:] + box[:2]) * np.float32(0.5)
    (x0, y0), (x1, y1) = np.trunc(middle - half), np.trunc(middle + half) + 1
    return x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height or x1 <= x0 or y1 <= y0


def pasted_by_torchvision(masks, boxes, width, height):
    values = np.zeros((len(boxes), height, width), np.float32)
    scale = (masks.shape[-1] + 2) / masks.shape[-1]
    for i, box in enumerate(boxes):
        if not is_beside(box, width, height, scale):
            one = torch.from_numpy(masks[i:i + 1, None].copy())
            values[i] = paste_masks_in_image(one, torch.from_numpy(box[None]), (height, width), padding=1)[0, 0].numpy()
    return values


def box_head(boxes, masks, **more):
    tensors = {"boxes": boxes, "scores": np.linspace(0.9, 0.5, len(boxes), dtype=np.float32),
               "labels": np.zeros(len(boxes), np.int64), "masks": masks}
    return {"op": "detect.boxes", "masks": "masks", "score": 0.1, **more}, tensors


def paste(threshold):
    return [{"op": "detect.paste_masks", "threshold": threshold}, {"op": "detect.masks_of"}]


def over_boxes(rng):
    for index in range(120):
        width, height = (int(side) for side in rng.integers(1, 400, 2))
        count, side = int(rng.integers(0, 6)), int(rng.choice([1, 2, 7, 14, 28, 28, 28, 60]))
        masks, boxes = smooth(rng, count, side, side), random_boxes(rng, count, width, height)
        if index % 10 == 9 and count:
            masks[0].flat[::7] = rng.choice([np.nan, 0.5, np.inf, -1])
        threshold = float(rng.choice([0.5, 0.5, 0.25, 0.9]))
        head, tensors = box_head(boxes, masks[:, None] if index % 2 else masks)
        yield Case(f"{count} masks of {side} on {width}x{height}, {boxes.tolist()}", [frame_op(width, height), head, *paste(threshold)],
                   tensors, pasted_by_torchvision(masks, boxes, width, height), np.float32(threshold))


def masks_that_are_not_square(rng):
    for _ in range(30):
        width, height = (int(side) for side in rng.integers(20, 300, 2))
        masks, boxes = smooth(rng, 3, *(int(side) for side in rng.integers(1, 40, 2))), random_boxes(rng, 3, width, height)
        head, tensors = box_head(boxes, masks)
        yield Case(f"{masks.shape} on {width}x{height}", [frame_op(width, height), head, *paste(0.5)], tensors,
                   pasted_by_torchvision(masks, boxes, width, height))


def over_boxes_of_a_moved_picture(rng):
    """Scaled, shifted, mirrored or turned before the model, by powers of 2 and whole pixels, so that boxes are exact."""
    for index in range(80):
        width, height = (int(side) for side in rng.integers(20, 300, 2))
        turned, mirrors = bool(index % 2), rng.integers(0, 2, 2)
        gains = [float(rng.choice([0.25, 0.5, 1, 2])) * (-1 if mirror else 1) for mirror in mirrors]
        offsets = [float(rng.integers(-20, 300)) for _ in range(2)]
        masks, boxes = smooth(rng, 3, 28, 28), np.floor(random_boxes(rng, 3, width, height))
        boxes = np.sort(boxes.reshape(-1, 2, 2), 1).reshape(-1, 4)
        across = boxes[:, [1, 3]] if turned else boxes[:, [0, 2]]
        down = boxes[:, [0, 2]] if turned else boxes[:, [1, 3]]
        now = [np.sort(sides * np.float32(gain) + np.float32(offset), 1)
               for sides, gain, offset in zip((across, down), gains, offsets)]
        shown = masks[:, ::-1] if mirrors[1] else masks
        shown = shown[:, :, ::-1] if mirrors[0] else shown
        head, tensors = box_head(np.stack([now[0][:, 0], now[1][:, 0], now[0][:, 1], now[1][:, 1]], 1).astype(np.float32), masks)
        expected = pasted_by_torchvision(np.ascontiguousarray(shown.transpose(0, 2, 1) if turned else shown), boxes, width, height)
        frame = frame_op(width, height, (gains[0], offsets[0]), (gains[1], offsets[1]), turned)
        middle = [{"op": "detect.to_picture", "clip": False}] if index % 3 == 0 else []
        yield Case(f"{frame} {middle}", [frame, head, *middle, *paste(0.5)], tensors, expected)


def yolo_logits(head, planes, stride, boxes):
    """process_mask() with upsample=True before its threshold."""
    count = len(planes)
    logits = torch.einsum("nk,khw->nhw", head[:, -count:].double(), planes.double()).float()
    places = boxes / stride
    columns, rows = torch.arange(planes.shape[2])[None, None], torch.arange(planes.shape[1])[None, :, None]
    x0, y0, x1, y1 = (places[:, i, None, None] for i in range(4))
    logits = logits * ((columns >= x0) & (columns < x1) & (rows >= y0) & (rows < y1))
    return functional.interpolate(logits[None], (planes.shape[1] * stride, planes.shape[2] * stride), mode="bilinear")[0]


def of_prototypes(rng):
    for index in range(60):
        stride, count, classes = int(rng.choice([1, 2, 4, 4, 8])), int(rng.choice([1, 8, 32])), int(rng.integers(1, 5))
        size = [int(side) for side in rng.integers(4, 40, 2)]
        height, width = (side * stride for side in size)
        found = int(rng.integers(0, 6))
        planes = functional.interpolate(torch.from_numpy(rng.normal(0, 1, (count, 1, 5, 5)).astype(np.float32)), size,
                                        mode="bicubic")[:, 0].contiguous()
        boxes = torch.from_numpy(np.sort(random_boxes(rng, found, width, height).reshape(-1, 2, 2), 1).reshape(-1, 4).copy())
        centres = torch.cat(((boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]), 1)
        scores = torch.linspace(0.9, 0.6, found)[:, None].repeat(1, classes) * torch.linspace(1, 0.5, classes)
        head = torch.cat((centres, scores, torch.from_numpy(rng.normal(0, 1, (found, count)).astype(np.float32))), 1)
        boxes = torch.cat((centres[:, :2] - 0.5 * centres[:, 2:], centres[:, :2] + 0.5 * centres[:, 2:]), 1)
        # Where the picture lies: all of the input, or a part of it at whole pixels, as a letterbox leaves it.
        left, top = (int(rng.integers(0, side // 2)) if index % 3 else 0 for side in (width, height))
        right, bottom = (int(rng.integers(begin + side // 3 + 1, side + 1)) if index % 3 else side
                         for begin, side in ((left, width), (top, height)))
        own = [max(1, round(side * float(rng.choice([0.5, 1, 1.7, 3])))) for side in (right - left, bottom - top)]
        turned, mirrors = index % 4 == 3, rng.integers(0, 2, 2) if index % 2 else (0, 0)
        axes = [(-extent / pixels, begin + extent) if mirror else (extent / pixels, begin)
                for extent, pixels, begin, mirror in ((right - left, own[0], left, mirrors[0]), (bottom - top, own[1], top, mirrors[1]))]
        values = torch.zeros(0, own[1], own[0])
        if found:
            values = yolo_logits(head, planes, stride, boxes)[:, top:bottom, left:right]
            values = functional.interpolate(values[None], (own[1], own[0]), mode="bilinear")[0]
        values = values.flip(2) if mirrors[0] else values
        values = values.flip(1) if mirrors[1] else values
        values = values.transpose(1, 2) if turned else values
        frame = frame_op(*(own[::-1] if turned else own), *axes, turned)
        first = index % 5 < 3
        op = {"op": "detect.yolov8_seg", "score": 0.3, "stride": stride, "layout": "channels_first" if first else "channels_last"}
        middle = [{"op": "detect.to_picture"}] if index % 2 else []
        yield Case(f"{found} of {count} prototypes {size}, {frame}", [frame, op, *middle, *paste(0.5)],
                   {"output0": (head.T if first else head).numpy(), "output1": planes.numpy()}, values.numpy(), 0.0)


def coco(rng):
    for _ in range(60):
        height, width = (int(side) for side in rng.integers(1, 90, 2))
        masks = smooth(rng, 2, 9, 9)
        boxes = np.array([[0, 0, width, height], [rng.uniform(0, width), 0, width, height]], np.float32)
        head, tensors = box_head(boxes, masks)
        pixels = pasted_by_torchvision(masks, boxes, width, height) > 0.5
        runs = [pycocotools.mask.encode(np.asfortranarray(mask.astype(np.uint8))) for mask in pixels]
        yield Case(f"{height}x{width}", [frame_op(width, height), head, *paste(0.5)], tensors,
                   [{"size": list(run["size"]), "counts": run["counts"].decode()} for run in runs], gives="json")


def random_placement(rng, width, height):
    """Where a picture lies in a model's input of width x height: all of it, a part, or more than it."""
    kind = rng.integers(0, 3)
    ends = []
    for side in (width, height):
        begin, end = (0, side) if kind == 0 else sorted(rng.choice(side + 1, 2, replace=False)) if kind == 1 else \
            (-int(rng.integers(0, side)), side + int(rng.integers(0, side)))
        ends.append((int(begin), int(end)))
    own = [max(1, round((end - begin) * float(rng.choice([0.5, 1, 1.7, 3])))) for begin, end in ends]
    mirrors = rng.integers(0, 2, 2) if rng.integers(2) else (0, 0)
    return ends, own, mirrors, bool(rng.integers(2))


def placed(planes, stride, placement):
    """Planes at the picture's size, where its part is at whole values: cut out, resized, turned back. What is not shown is NaN."""
    ends, own, mirrors, turned = placement
    (left, right), (top, bottom) = ([edge // stride for edge in pair] for pair in ends)
    height, width = planes.shape[1:]
    beyond = (max(-left, 0), max(right - width, 0), max(-top, 0), max(bottom - height, 0))
    whole = functional.pad(planes[None], beyond, mode="replicate")[0]
    whole = whole[:, top + beyond[2]:bottom + beyond[2], left + beyond[0]:right + beyond[0]]
    values = functional.interpolate(whole[None], (own[1], own[0]), mode="bilinear")[0]
    for dim, (begin, end), count in ((2, (left, right), width), (1, (top, bottom), height)):
        pixels = values.shape[dim]
        middle = begin + (end - begin) / pixels * (torch.arange(pixels, dtype=torch.float64) + 0.5)
        shown = (middle >= 0) & (middle < count)
        values = torch.where(shown[None, None] if dim == 2 else shown[None, :, None], values, torch.nan)
    values = values.flip(2) if mirrors[0] else values
    values = values.flip(1) if mirrors[1] else values
    axes = [(-(end - begin) / pixels, end) if mirror else ((end - begin) / pixels, begin)
            for (begin, end), pixels, mirror in zip(ends, own, mirrors)]
    return values.transpose(1, 2) if turned else values, frame_op(*(own[::-1] if turned else own), *axes, turned)


class Labels(Case):
    """`values`: the resized logits, NaN where the picture is not shown."""

    def difference(self, result):
        values = self.values
        shown = ~np.isnan(values).all(0)
        best = np.where(np.isnan(values), -np.inf, values)
        expected = np.where(shown, best.argmax(0), self.threshold)
        ordered = np.sort(best, 0)
        with np.errstate(invalid="ignore"):  # infinities stand for what is not shown
            near = ordered[-1] - ordered[-2] <= ROUNDING * np.abs(ordered[-1])
        if result.shape != expected.shape:
            return f"shape {result.shape}, expected {expected.shape}"
        wrong = (result != expected) & ~(near & shown)
        return f"{wrong.sum()} of {wrong.size} labels differ, the first at {np.argwhere(wrong)[0]}" if wrong.any() else None


def labels_of_pictures(rng):
    for _ in range(80):
        stride, classes = int(rng.choice([1, 1, 2, 4])), int(rng.integers(2, 6))
        size = [int(side) for side in rng.integers(3, 30, 2)]
        placement = random_placement(rng, size[1], size[0])
        placement = ([(begin * stride, end * stride) for begin, end in placement[0]], *placement[1:])
        planes = torch.from_numpy(rng.normal(0, 1, (classes, *size)).astype(np.float32))
        values, frame = placed(planes, stride, placement)
        outside = int(rng.choice([-1, 255]))
        op = {"op": "segment", "size": "picture", "stride": stride, "outside": outside}
        yield Labels(f"{size} {frame} {op}", [frame, {"op": "select", "name": "x"}, op], {"x": planes.numpy()}, values.numpy(),
                     outside, gives="tensor")


def binary_labels(rng):
    for index in range(60):
        size = [int(side) for side in rng.integers(3, 30, 2)]
        plane = torch.from_numpy(rng.normal(0, 1, (1, *size)).astype(np.float32))
        logits = bool(index % 2)
        threshold = float(rng.choice([0.5, 0.25, 0.8]))
        values, frame = placed(plane, 1, random_placement(rng, size[1], size[0]))
        op = {"op": "segment.binary", "size": "picture", "outside": 0, "threshold": threshold,
              "values": "logits" if logits else "probabilities"}
        gate = np.float32(np.log(threshold / (1 - threshold))) if logits else np.float32(threshold)
        yield Case(f"{size} {frame} {op}", [frame, {"op": "select", "name": "x"}, op],
                   {"x": (plane[0] if index % 3 else plane).numpy()}, values[0].nan_to_num(-1e9).numpy(), gate, gives="tensor")


def masks_of_labels(rng):
    for index in range(60):
        labels = rng.integers(-1, 6, [int(side) for side in rng.integers(1, 50, 2)]).astype(np.int32)
        labels = np.repeat(labels, 3, 0) if index % 2 else labels
        classes = [int(one) for one in rng.permutation(9)[:3]] if index % 3 else sorted(set(labels[labels >= 0].tolist()))
        op = {"op": "segment.masks"} | ({"classes": classes} if index % 3 else {})
        runs = [pycocotools.mask.encode(np.asfortranarray((labels == one).astype(np.uint8))) for one in classes]
        yield Case(f"{labels.shape} {op}", [{"op": "select", "name": "x"}, op], {"x": labels},
                   [{"size": list(run["size"]), "counts": run["counts"].decode()} for run in runs], gives="json")


class Picture(Case):
    """`values`: its pixels."""

    def difference(self, result):
        result = result[..., 0] if result.ndim == 3 and result.shape[2] == 1 else result
        if result.shape != self.values.shape:
            return f"shape {result.shape}, expected {self.values.shape}"
        wrong = result != self.values
        return f"{wrong.sum()} of {wrong.size} bytes differ, the first at {np.argwhere(wrong)[0]}" if wrong.any() else None


def random_labels(rng, most, index):
    labels = rng.integers(-1, most, [int(side) for side in rng.integers(1, 60, 2)]).astype(np.int32)
    return np.repeat(labels, 4, 1) if index % 2 else labels


def overlays(rng):
    """torchvision blends what no mask covers with itself, and rounds it; such pixels stay as they are here."""
    for index in range(80):
        labels = random_labels(rng, int(rng.choice([3, 30, 200])), index)
        channels = int(rng.choice([1, 3, 4]))
        pixels = rng.integers(0, 256, (*labels.shape, channels), dtype=np.uint8)
        alpha, background = float(rng.choice([0, 0.3, 0.5, 0.7, 1, rng.uniform(0, 1)])), int(rng.choice([-1, 0, 2]))
        own = torch.from_numpy(np.array(image_of(pixels).convert("RGB"))).permute(2, 0, 1)
        shown = [one for one in sorted(set(labels.flat)) if one >= 0 and one != background]
        blended = own
        if shown:
            colours = [tuple(int(part) for part in colours_of(np.array(one))) for one in shown]
            masks = torch.stack([torch.from_numpy(labels == one) for one in shown])
            blended = torch.where(masks.any(0), draw_segmentation_masks(own, masks, alpha, colours), own)
        op = {"op": "segment.overlay", "alpha": alpha, "background": background}
        both = {"op": "fork", "branches": [[{"op": "probe.image"}], [{"op": "select", "name": "x"}]]}
        yield Picture(f"{pixels.shape} {op}", [both, op], {"image": pixels, "x": labels}, blended.permute(1, 2, 0).numpy(),
                      gives="image")


def images_of_labels(rng):
    """Pillow's images of gray values, and of a palette."""
    palette = colours_of(np.arange(255)).tolist()
    for index in range(60):
        labels, background = random_labels(rng, int(rng.choice([4, 100, 250])), index), int(rng.choice([-1, 0, 3]))
        op = {"op": "segment.to_image"}
        if index % 3:
            op |= {"colours": "palette", "background": background}
            image = Image.fromarray(np.where((labels < 0) | (labels == background), 255, labels).astype(np.uint8), "P")
            image.putpalette([part for colour in [*palette, [0, 0, 0]] for part in colour])
            image = image.convert("RGB")
        else:
            labels = np.abs(labels)
            image = Image.fromarray(labels.astype(np.uint8))
        yield Picture(f"{labels.shape} {op}", [{"op": "select", "name": "x"}, op], {"x": labels}, np.array(image), gives="image")


if __name__ == "__main__":
    versions = f"torch {torch.__version__}, torchvision {torchvision.__version__}, Pillow {PIL.__version__}"
    groups = [over_boxes, masks_that_are_not_square, over_boxes_of_a_moved_picture, of_prototypes, coco, labels_of_pictures,
              binary_labels, masks_of_labels, overlays, images_of_labels]
    sys.exit(run_groups(__doc__, versions, groups, run_probe, difference, 20261201, counted))
