# SPDX-License-Identifier: Apache-2.0
"""detect.db, detect.quads_to_picture and detect.crop_quads, as PaddleOCR does it: ppocr/postprocess/db_postprocess.py and
get_rotate_crop_image()."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...errors import PackError
from ...imports import need
from ...values import FoundQuad, Quads, dtype_name, is_tensor
from ..boxes import need_frame

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image as PilImage

    from ..frame import Axis, Frame

_MAX_VALUES = 1 << 26
_MAX_SIDE = 65535
_FURTHEST = 1 << 20


def db(tensor: torch.Tensor, threshold: float, dilate: bool, box_threshold: float, unclip_ratio: float, min_side: float,
       max_candidates: int) -> Quads:
    numpy, cv2 = need("numpy", "detect.db"), need("cv2", "detect.db (package opencv-python-headless)")
    probabilities = _map_of(tensor)
    mask = (probabilities > numpy.float32(threshold)).astype(numpy.uint8)
    if dilate:
        mask = cv2.dilate(mask, numpy.ones((2, 2)))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = Quads()
    for contour in contours[:max_candidates]:
        box, side = _smallest_box(contour)
        if side < min_side:
            continue
        score = _mean_within(probabilities, box)
        if not score >= box_threshold:
            continue
        box, side = _smallest_box(_unclipped(box, unclip_ratio))
        if side >= min_side + 2:
            found.append(FoundQuad(tuple(map(tuple, box.tolist())), score))
    return found


def _map_of(tensor: torch.Tensor) -> Any:
    plane = tensor[0] if is_tensor(tensor) and tensor.dim() == 3 and len(tensor) == 1 else tensor
    if (not is_tensor(plane) or plane.dim() != 2 or dtype_name(plane) != "f32" or 0 in plane.shape
            or max(plane.shape) > _MAX_SIDE or plane.numel() > _MAX_VALUES):
        raise PackError(f"detect.db: the map: expected f32[h, w] or f32[1, h, w] with sides of at most {_MAX_SIDE} and at most "
                        f"{_MAX_VALUES} values, got {dtype_name(tensor)}{list(tensor.shape)}")
    return plane.detach().contiguous().numpy()


def _smallest_box(points: Any) -> tuple[Any, float]:
    """get_mini_boxes(): the two leftmost corners, of which the upper one comes first, and the two rightmost ones."""
    numpy, cv2 = need("numpy", "detect.db"), need("cv2", "detect.db")
    if not len(points):
        return numpy.zeros((4, 2), numpy.float32), 0.0
    rectangle = cv2.minAreaRect(points)
    corners = sorted(cv2.boxPoints(rectangle), key=lambda corner: corner[0])
    top_left, bottom_left = (0, 1) if corners[1][1] > corners[0][1] else (1, 0)
    top_right, bottom_right = (2, 3) if corners[3][1] > corners[2][1] else (3, 2)
    order = top_left, top_right, bottom_right, bottom_left
    return numpy.array([corners[i] for i in order]), min(rectangle[1])


def _mean_within(probabilities: Any, box: Any) -> float:
    """box_score_fast()"""
    numpy, cv2 = need("numpy", "detect.db"), need("cv2", "detect.db")
    height, width = probabilities.shape
    ends = numpy.clip([numpy.floor(box.min(0)), numpy.ceil(box.max(0))], 0, (width - 1, height - 1)).astype(int)
    (x0, y0), (x1, y1) = ends
    mask = numpy.zeros((y1 - y0 + 1, x1 - x0 + 1), numpy.uint8)
    cv2.fillPoly(mask, (box - ends[0].astype(numpy.float32)).reshape(1, -1, 2).astype(numpy.int32), 1)
    return float(cv2.mean(numpy.ascontiguousarray(probabilities[y0:y1 + 1, x0:x1 + 1]), mask)[0])


def _unclipped(box: Any, ratio: float) -> Any:
    """unclip(): the points that Clipper gives a convex polygon with round joins, in whole pixels."""
    numpy = need("numpy", "detect.db")
    corners = [(float(x), float(y)) for x, y in box]
    area = perimeter = 0.0
    for i, (x, _) in enumerate(corners):
        before, after = corners[i - 1], corners[(i + 1) % 4]
        area += (x - corners[0][0]) * (before[1] - after[1])
        perimeter += math.sqrt((after[0] - x) ** 2 + (after[1] - corners[i][1]) ** 2)
    distance = abs(area / 2) * ratio / perimeter
    polygon: list[tuple[int, int]] = []
    for x, y in corners:
        if (int(x), int(y)) not in polygon[-1:]:
            polygon.append((int(x), int(y)))
    while len(polygon) > 1 and polygon[0] == polygon[-1]:
        polygon.pop()
    if len(polygon) < 3:
        return numpy.zeros((0, 1, 2), numpy.int32)
    points = _offset(_clockwise(polygon), distance)
    top = max((point for point in points if point[1] == min(y for _, y in points)), key=lambda point: point[0])
    begin = points.index(top) + 1  # Clipper's polygon ends there, which decides between rectangles of equal area
    return numpy.array(points[begin:] + points[:begin], numpy.int32).reshape(-1, 1, 2)


def _clockwise(polygon: list[tuple[int, int]]) -> list[tuple[int, int]]:
    twice_area = sum(x * y1 - x1 * y for (x, y), (x1, y1) in zip(polygon, polygon[1:] + polygon[:1]))
    return polygon if twice_area >= 0 else polygon[::-1]


def _offset(polygon: list[tuple[int, int]], distance: float) -> list[tuple[int, int]]:
    """ClipperOffset of Clipper 6.4.2, before it unites the polygon with itself."""
    steps = min(math.pi / math.acos(1 - 0.25 / distance), distance * math.pi)
    sine_of_step, cosine_of_step = math.sin(2 * math.pi / steps), math.cos(2 * math.pi / steps)
    normals = [_normal(a, b) for a, b in zip(polygon, polygon[1:] + polygon[:1])]
    points: list[tuple[int, int]] = []

    def rounded(place: float) -> int:
        return int(place - 0.5 if place < 0 else place + 0.5)

    def add(vertex: tuple[int, int], way: tuple[float, float]) -> None:
        points.append((rounded(vertex[0] + way[0] * distance), rounded(vertex[1] + way[1] * distance)))
    before = normals[-1]
    for vertex, after in zip(polygon, normals):
        sine = before[0] * after[1] - after[0] * before[1]
        cosine = before[0] * after[0] + before[1] * after[1]
        add(vertex, before)
        if abs(sine * distance) < 1 and cosine > 0:
            continue  # all but straight: the next vertex still takes the edge before
        if sine * distance >= 0:
            way, angle = before, abs(math.atan2(max(-1.0, min(1.0, sine)), cosine))
            for _ in range(1, max(int(steps / (2 * math.pi) * angle + 0.5), 1)):
                way = (way[0] * cosine_of_step - sine_of_step * way[1], way[0] * sine_of_step + way[1] * cosine_of_step)
                add(vertex, way)
        add(vertex, after)
        before = after
    return points


def _normal(a: tuple[int, int], b: tuple[int, int]) -> tuple[float, float]:
    dx, dy = b[0] - a[0], b[1] - a[1]
    scale = 1.0 / math.sqrt(dx * dx + dy * dy)
    return dy * scale, -(dx * scale)


def quads_to_picture(quads: Quads, round: bool, clip: bool, min_side: float, frame: Frame | None) -> Quads:
    numpy = need("numpy", "detect.quads_to_picture")
    known = need_frame(frame, "quads")
    moved = Quads()
    for one in quads:
        places = numpy.array(one.quad, numpy.float32)
        for column, axis in enumerate((known.x, known.y)):
            places[:, column] = (places[:, column] - numpy.float32(axis.offset)) / numpy.float32(axis.gain)
        if known.is_turned:
            places = places[:, ::-1]
        if round:
            places = numpy.round(places)
        if clip:
            places = numpy.clip(places, 0, (known.width, known.height)).astype(numpy.float32)
        sides = [math.dist(places[0].tolist(), places[i].tolist()) for i in (1, 3)]
        if not any(side < min_side for side in sides):
            moved.append(FoundQuad(tuple(map(tuple, places.tolist())), one.score))
    return moved


def crop_quads(value: tuple[PilImage, Quads], width: int, height: int, turn_from: float, max_pixels: int, bad: str,
               frame: Frame | None) -> list[PilImage]:
    image, quads = value
    crops = []
    for index, one in enumerate(quads):
        quad = [_forth(corner, frame) for corner in one.quad]
        fault = _fault_of(quad)
        if fault and bad == "skip":
            continue
        if fault:
            raise PackError(f"detect.crop_quads: quad {index}: it {fault}")
        own = _size_of(quad)
        size = width or own[0], height or own[1]
        if max(size) > _MAX_SIDE or size[0] * size[1] > max_pixels:
            raise PackError(f"detect.crop_quads: quad {index}: its crop of {size[0]} x {size[1]} pixels is too large")
        crops.append(_rectified(image, quad, size, turn_from > 0 and own[1] / own[0] >= turn_from))
    return crops


def _forth(corner: tuple[float, float], frame: Frame | None) -> tuple[float, float]:
    if frame is None:
        return corner

    def place(axis: Axis, own: float) -> float:
        numpy = need("numpy", "detect.crop_quads")
        return float(numpy.float32(own * axis.gain + axis.offset))
    x, y = reversed(corner) if frame.is_turned else corner
    return place(frame.x, x), place(frame.y, y)


def _fault_of(quad: list[tuple[float, float]]) -> str | None:
    if not all(abs(number) <= _FURTHEST for corner in quad for number in corner):
        return "has a corner that is not finite, or further than 2^20 pixels away"
    ways = 0
    for i, b in enumerate(quad):
        a, c = quad[i - 1], quad[(i + 1) % 4]
        turn = (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])
        least = 1e-9 * math.dist(a, b) * math.dist(b, c)
        ways += (turn > least) - (turn < -least)
    if abs(ways) != 4:
        return "is not convex, or three of its corners lie on a line"
    return None if min(_size_of(quad)) >= 1 else "is less than a pixel wide or high"


def _size_of(quad: list[tuple[float, float]]) -> tuple[int, int]:
    numpy = need("numpy", "detect.crop_quads")
    points = numpy.array(quad, numpy.float32)
    sides = [numpy.linalg.norm(points[i] - points[j]) for i, j in ((0, 1), (2, 3), (0, 3), (1, 2))]
    return int(max(sides[:2])), int(max(sides[2:]))


def _rectified(image: PilImage, quad: list[tuple[float, float]], size: tuple[int, int], is_turned: bool) -> PilImage:
    """getPerspectiveTransform() and warpPerspective() with INTER_CUBIC and BORDER_REPLICATE, in double. OpenCV 5 does it in
    float32; OpenCV 4 rounded places to 32nds of a pixel, so it is not asked."""
    numpy, Image = need("numpy", "detect.crop_quads"), need("PIL.Image", "detect.crop_quads")
    pixels = numpy.asarray(image)
    planes = pixels.reshape(*pixels.shape[:2], -1).astype(numpy.float64)
    x, y = _places(quad, size)
    (columns, across), (rows, down) = _cubic(x, planes.shape[1]), _cubic(y, planes.shape[0])
    crop = numpy.zeros((size[1], size[0], planes.shape[2]))
    for row, weight in zip(rows, down):
        line = sum(planes[row, column] * share[..., None] for column, share in zip(columns, across))
        crop += line * weight[..., None]
    crop = numpy.clip(numpy.rint(crop), 0, 255).astype(numpy.uint8)
    if is_turned:
        crop = numpy.ascontiguousarray(numpy.rot90(crop))
    return Image.fromarray(crop[:, :, 0] if crop.shape[2] == 1 else crop)


def _places(quad: list[tuple[float, float]], size: tuple[int, int]) -> tuple[Any, Any]:
    """Of each pixel of the crop in the image."""
    numpy = need("numpy", "detect.crop_quads")
    width, height = size
    equations, ends = [], []
    for (x, y), (u, v) in zip(quad, ((0, 0), (width, 0), (width, height), (0, height))):
        equations += [[x, y, 1, 0, 0, 0, -x * u, -y * u], [0, 0, 0, x, y, 1, -x * v, -y * v]]
        ends += [u, v]
    back = numpy.linalg.inv(numpy.append(numpy.linalg.solve(numpy.array(equations), numpy.array(ends, float)), 1).reshape(3, 3))
    rows, columns = numpy.mgrid[:height, :width].astype(numpy.float64)
    x, y, depth = (line[0] * columns + line[1] * rows + line[2] for line in back)
    return x / depth, y / depth


def _cubic(places: Any, side: int) -> tuple[list[Any], list[Any]]:
    """The four pixels around each place, and their weights."""
    numpy = need("numpy", "detect.crop_quads")
    whole = numpy.floor(places)
    x, a = places - whole, -0.75
    far, rest = x + 1, 1 - x
    weights = [((a * far - 5 * a) * far + 8 * a) * far - 4 * a, ((a + 2) * x - (a + 3)) * x * x + 1,
               ((a + 2) * rest - (a + 3)) * rest * rest + 1]
    weights.append(1 - sum(weights))
    return [numpy.clip(whole.astype(int) + i, 0, side - 1) for i in (-1, 0, 1, 2)], weights
