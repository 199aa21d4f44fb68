# SPDX-License-Identifier: Apache-2.0
"""Networks whose heads are those of YOLOv5 to YOLO26, with ultralytics' preprocessing and postprocessing for one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import PackError
from ..imports import need
from ..values import describe_value
from .ready import ReadyPipeline
from .torchvision_parts import picture_of

if TYPE_CHECKING:
    from ..aliases import Json

_BEFORE = {"yolov8": 4, "yolov5": 5}  # numbers of a box before those of its classes
_SHAPES = {"yolov8": "f32[n, {}, boxes]", "yolov5": "f32[n, boxes, {}]", "end_to_end": "f32[n, boxes, 6]"}
HEADS = tuple(_SHAPES)
_OTHERS = ("other heads take a pipeline of ops: detect.yolov8_seg for the coefficients of masks, detect.yolov8 with keypoints "
           "for a pose; for boxes that are turned there is no op")
_GREY = 114


def ultralytics(size: int | tuple[int, int] = 640, *, head: str = "yolov8", classes: int | None = None, score: float = 0.25,
                iou: float = 0.7, max_count: int = 300, agnostic: bool = False) -> ReadyPipeline:
    """The pipeline of a network that finds boxes, for its task "detect". It takes letterboxed pictures in RGB, 0..1, f32[n, 3,
    height, width].

    size        of the network's input, a side or (width, height)
    head        what it gives, alone or as the first of several tensors: "yolov8" (and 9, 11, 12), f32[n, 4 + classes, boxes];
                "yolov5" (and v6, v7), f32[n, boxes, 5 + classes]; "end_to_end" (YOLOv10, YOLO26), f32[n, boxes, 6] of x0, y0,
                x1, y1, score and class, which are not suppressed any more. Heads of other shapes, which also say masks,
                keypoints or angles, are refused
    classes     how many the network tells apart, which tells a head from one with further numbers; None: as many as it has
                `names`, else as there are labels. Not of "end_to_end", which has none
    score, iou, max_count, agnostic   conf, iou, max_det and agnostic_nms of ultralytics
    """
    if head not in HEADS:
        raise PackError(f"ultralytics: head: expected one of {', '.join(HEADS)}, got {head!r}")
    if classes is not None and (head == "end_to_end" or type(classes) is not int or classes < 1):
        raise PackError(f"ultralytics: classes: expected how many classes a head of {' or '.join(_BEFORE)} has, got "
                        f"{classes!r}")
    width, height = (size, size) if isinstance(size, int) else size
    torch = need("torch", "packing a detector")
    boxes: Json = {"op": f"detect.{head}", "score": score}
    suppressed: list[Json] = [{"op": "detect.nms", "iou": iou, "suppress": "any" if agnostic else "per_class",
                               "max_count": max_count}]
    if head == "end_to_end":
        boxes, suppressed = {"op": "detect.boxes", "score": score, "top": max_count}, []
    steps = ["image.decode", {"op": "image.letterbox", "width": width, "height": height}, "image.to_tensor", "model", boxes,
             *suppressed, "detect.to_picture"]

    def answers(model: Any, sample: Any) -> Json:
        picture = picture_of(sample)
        image, ratio, offset = _letterboxed(picture, width, height)
        with torch.no_grad():
            found, scores, labels = _decoded(_first(model(image))[0], head, score)
        kept = scores.sort(descending=True, stable=True).indices if head == "end_to_end" else \
            _kept(found, scores, torch.zeros_like(labels) if agnostic else labels, iou)
        kept = kept[:max_count]
        own = (found[kept] - torch.tensor([*offset, *offset])) / ratio
        own[:, 0::2] = own[:, 0::2].clamp(0, picture.width)
        own[:, 1::2] = own[:, 1::2].clamp(0, picture.height)
        return {"boxes": own, "scores": scores[kept], "labels": labels[kept]}
    example = torch.zeros(1, 3, height, width)

    def network_of(model: Any, labels: int | None) -> Any:
        _check_head(model, example, head, classes, labels)
        return _network_of(model, head)
    return ReadyPipeline(lambda network: steps, example, network_of, answers)


def _check_head(model: Any, example: Any, head: str, classes: int | None, labels: int | None) -> None:
    """PackError if what the model gives first is not what the head is said to be."""
    task = getattr(model, "task", "detect")
    if isinstance(task, str) and task != "detect":
        raise PackError(f"ultralytics: the model's task is '{task}', and this is the pipeline of 'detect'; {_OTHERS}")
    found = _given_for(model, example)
    came = f"ultralytics: the model gives {describe_value(found).removeprefix('tensor ')}"
    torch = need("torch", "packing a detector")
    if not torch.is_tensor(found) or found.dim() != 3 or found.dtype != torch.float32:
        raise PackError(f"{came}; a head of '{head}' is {_SHAPES[head].format(f'{_BEFORE.get(head)} + classes')}")
    is_final = found.shape[2] == 6 and (head == "yolov8" or bool((found[..., 5] == found[..., 5].round()).all()))
    if head == "end_to_end":
        if not is_final:
            raise PackError(f"{came}; a head of 'end_to_end' is {_SHAPES[head]} of x0, y0, x1, y1, score and class; {_OTHERS}")
        return
    if is_final:
        raise PackError(f"{came}, which looks like boxes that are final; take head='end_to_end'")
    names = getattr(model, "names", None)
    count = classes or (len(names) if isinstance(names, (dict, list, tuple)) and names else labels)
    if count is None:
        raise PackError(f"{came}, of which nobody knows how many numbers are classes: pass ultralytics(classes=...), or labels "
                        "with a name for each")
    numbers = _BEFORE[head] + count
    if found.shape[1 if head == "yolov8" else 2] != numbers:
        raise PackError(f"{came}; a head of '{head}' with {count} classes is {_SHAPES[head].format(numbers)}; {_OTHERS}")


def _given_for(model: Any, example: Any) -> Any:
    try:
        with need("torch", "packing a detector").no_grad():
            return _first(model(example))
    except Exception as error:
        raise PackError(f"ultralytics: the model fails on {describe_value(example)}: {type(error).__name__}: {error}") \
            from error


def _first(outputs: Any) -> Any:
    return outputs[0] if isinstance(outputs, (tuple, list)) else outputs


def _network_of(model: Any, head: str) -> Any:
    """The model with its first tensor alone; end to end, with names for its columns."""
    torch = need("torch", "packing a detector")

    class Network(torch.nn.Module):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, images: Any) -> Any:
            found = _first(self.model(images))
            if head != "end_to_end":
                return found
            return {"boxes": found[..., :4], "scores": found[..., 4], "labels": found[..., 5].to(torch.int64)}
    return Network().train(model.training)


def _letterboxed(picture: Any, width: int, height: int) -> tuple[Any, float, tuple[int, int]]:
    """f32[1, 3, height, width], the picture's ratio to itself there, and where it begins."""
    cv2, numpy = need("cv2", "ultralytics' letterbox (package opencv-python-headless)"), need("numpy", "a letterbox")
    torch = need("torch", "packing a detector")
    ratio = min(height / picture.height, width / picture.width)
    inner = round(picture.width * ratio), round(picture.height * ratio)
    array = numpy.asarray(picture)
    if inner != picture.size:
        array = cv2.resize(array, inner, interpolation=cv2.INTER_LINEAR)
    left, top = round((width - inner[0]) / 2 - 0.1), round((height - inner[1]) / 2 - 0.1)
    canvas = numpy.full((height, width, 3), _GREY, numpy.uint8)
    canvas[top:top + inner[1], left:left + inner[0]] = array
    return torch.from_numpy(canvas).permute(2, 0, 1)[None].float() / 255, ratio, (left, top)


def _decoded(found: Any, head: str, score: float) -> tuple[Any, Any, Any]:
    """Boxes, scores and classes of what is above `score`."""
    torch = need("torch", "packing a detector")
    if head == "end_to_end":
        found = found[found[:, 4] > score]
        return found[:, :4], found[:, 4], found[:, 5].long()
    if head == "yolov8":
        found = found.T
        classes = found[:, 4:]
    else:
        found = found[found[:, 4] > score]
        classes = found[:, 5:] * found[:, 4:5]
    scores, labels = classes.max(1)
    sure = scores > score
    centre, half = found[sure, :2], found[sure, 2:4] / 2
    return torch.cat([centre - half, centre + half], 1), scores[sure], labels[sure]


def _kept(boxes: Any, scores: Any, groups: Any, iou: float) -> Any:
    """Places of the boxes that no better one of their group covers, by falling score."""
    torch = need("torch", "packing a detector")
    nms = need("torchvision.ops", "packing a detector").nms
    places = [torch.where(groups == group)[0] for group in groups.unique()]
    kept = torch.cat([torch.zeros(0, dtype=torch.int64), *(one[nms(boxes[one], scores[one], iou)] for one in places)])
    return kept[scores[kept].sort(descending=True, stable=True).indices]
