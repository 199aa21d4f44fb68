# SPDX-License-Identifier: Apache-2.0
"""Cases of the image engine: the other references, letterboxes, and chains that run as one step."""

import io

import cv2
import numpy as np
import torch
from PIL import Image
from pycocotools import mask
from torchvision import transforms
from torchvision.transforms import v2

import image_files
from parity_case import FILTERS, Case, array_case, image_case, pixels, random_array, random_side


def with_channels(array):
    return array[:, :, None] if array.ndim == 2 else array


def large_side(rng):
    """1..2000, primes among them."""
    return int(rng.choice([1, 2, 3, 17, 101, 499, 997, 1201, 1999, 2000]) if rng.integers(3) == 0 else rng.integers(1, 2001))


def extreme_noise(rng, width, height, channels):
    return (rng.integers(0, 2, (height, width, channels)) * 255).astype(np.uint8)


def large_sizes(rng):
    """Pillow's filters over sizes up to 2000, in extreme ratios, from black and white noise."""
    for index in range(50):
        size, target = (large_side(rng), large_side(rng)), (large_side(rng), large_side(rng))
        if size[0] * size[1] > 1_500_000 or target[0] * target[1] > 1_500_000:
            size, target = (size[0], 1 + size[1] // 20), (target[0], 1 + target[1] // 20)
        array = extreme_noise(rng, *size, int(rng.choice([1, 3, 4])))
        name = list(FILTERS)[index % 5]
        op = {"op": "image.resize", "width": target[0], "height": target[1], "filter": name}
        yield image_case(f"{name} to {target}", op, array, lambda im: im.resize(target, FILTERS[name]))


def random_box(rng, width, height):
    """left, top, right, bottom as float32; often whole pixels, or the whole of a side."""
    sides = []
    for size in (width, height):
        begin, end = sorted(np.float32(rng.uniform(0, size, 2)))
        kind = int(rng.integers(5))
        if kind == 0:
            begin, end = np.floor(begin), np.ceil(end)
        if kind == 1 or not begin < end:
            begin, end = 0, size
        if kind == 2:
            end = np.float32(min(begin + rng.uniform(0.001, 1.5), size))
        if kind == 3:
            begin = np.float32(0)
        sides.append((float(begin), float(end)) if begin < end else (0.0, float(size)))
    (left, right), (top, bottom) = sides
    return [left, top, right, bottom]


def boxes(rng):
    """Pillow's `box`, as a tuple: fractions of pixels, whole pixels at the size asked for, one side alone."""
    for index in range(240):
        array = random_array(rng)
        height, width = array.shape[:2]
        box = random_box(rng, width, height)
        target = [random_side(rng), random_side(rng)]
        if index % 4 == 0:
            box = [float(np.floor(x)) for x in box[:2]] + [float(np.ceil(x)) for x in box[2:]]
            target = [int(box[2] - box[0]), int(box[3] - box[1])]
        if index % 8 == 1:
            target[0], box[0], box[2] = width, 0.0, float(width)
        name = list(FILTERS)[index % 5]
        op = {"op": "image.resize", "width": target[0], "height": target[1], "filter": name, "box": box}
        yield image_case(f"{op}", op, array, lambda im: im.resize(target, FILTERS[name], tuple(box)))


def reducing(rng):
    """Pillow's `reducing_gap`, with a box in every second case."""
    for index in range(240):
        array = random_array(rng, *((large_side(rng), random_side(rng)) if index % 4 == 0 else (None, None)))
        height, width = array.shape[:2]
        gap = float(rng.choice([1.0, 1.01, 1.5, 2.0, 3.0, rng.uniform(1, 8)]))
        target = [int(rng.integers(1, max(2, side // int(rng.integers(1, 9))))) for side in (width, height)]
        box = tuple(random_box(rng, width, height)) if index % 2 else None
        name = list(FILTERS)[index % 5]
        op = {"op": "image.resize", "width": target[0], "height": target[1], "filter": name, "reducing_gap": gap}
        if box:
            op["box"] = list(box)
        yield image_case(f"{op}", op, array, lambda im: im.resize(target, FILTERS[name], box, gap))


def thumbnail_of(image, size, **options):
    image.thumbnail(size, **options)
    return image


def thumbnails(rng):
    for index in range(160):
        array = random_array(rng, *((large_side(rng), random_side(rng)) if index % 4 == 0 else (None, None)))
        size = (random_side(rng), random_side(rng)) if index % 2 else (int(rng.integers(1, 60)),) * 2
        op = {"op": "image.thumbnail", "width": size[0], "height": size[1]}
        yield image_case(f"{op}", op, array, lambda im: thumbnail_of(im, size))
        name, gap = list(FILTERS)[index % 5], (None, 1.0, 3.5)[index % 3]
        op = {"op": "image.thumbnail", "width": size[0], "height": size[1], "filter": name, "reducing_gap": gap or 0}
        yield image_case(f"{op}", op, array, lambda im: thumbnail_of(im, size, resample=FILTERS[name], reducing_gap=gap))


def drafts(rng):
    """JPEG files as Pillow's draft() reads them; thumbnails of those whose sides the divisor divides."""
    for index in range(120):
        size = [8 * int(rng.integers(1, 100)) + int(index % 3 == 0) * int(rng.integers(8)) for _ in range(2)]
        array = image_files.picture(rng, *size, 1 if index % 5 == 0 else 3)
        data = image_files.encode(image_files.to_image(array), "JPEG", quality=int(rng.integers(30, 100)),
                                  subsampling=index % 4 % 3, progressive=bool(rng.integers(2)))
        side = int(rng.integers(1, 200))
        decode = {"op": "image.decode", "approx_size": side, "colour": "unchanged"}
        image = Image.open(io.BytesIO(data))
        image.draft(None, (side, side))
        yield Case(f"draft({side}) of {size}", "bytes", "image", [decode], data, pixels(image))
        if index % 3 != 0:
            decode = {"op": "image.decode", "approx_size": 2 * side, "colour": "unchanged"}
            expected = pixels(thumbnail_of(Image.open(io.BytesIO(data)), (side, side)))
            pipeline = [decode, {"op": "image.thumbnail", "size": side}]
            yield Case(f"thumbnail({side}) of {size}", "bytes", "image", pipeline, data, expected)


def torch_u8(rng):
    """torchvision v2 on uint8 tensors."""
    for index in range(120):
        array = random_array(rng, *((large_side(rng), random_side(rng)) if index % 10 == 0 else (None, None)))
        target = [random_side(rng), random_side(rng)]
        name = ("bilinear", "bicubic")[index % 2]
        mode = transforms.InterpolationMode(name)
        tensor = torch.from_numpy(array.copy()).permute(2, 0, 1)
        expected = v2.functional.resize(tensor, target[::-1], interpolation=mode, antialias=True)
        op = {"op": "image.resize", "width": target[0], "height": target[1], "filter": name, "reference": "torch_u8"}
        yield array_case(f"torch_u8 {name} to {target}", [op], array, expected.permute(1, 2, 0).numpy())


def other_strips(rng):
    """Strips that torch and OpenCV make longer than any image here may be, of which a crop leaves a part."""
    modes = {"torch_u8": ("bilinear", "bicubic", "nearest"), "opencv": ("bilinear", "bicubic", "area", "nearest")}
    of_opencv = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC, "area": cv2.INTER_AREA,
                 "nearest": cv2.INTER_NEAREST}
    for index in range(60):
        short, long = int(rng.integers(1, 4)), int(rng.integers(800, 3000))
        array = rng.integers(0, 256, (short, long, 3) if index % 4 < 2 else (long, short, 3), dtype=np.uint8)
        reference = ("torch_u8", "opencv")[index % 2]
        name = str(rng.choice(modes[reference]))
        size = 120_000 * short // long
        tensor = torch.from_numpy(array).permute(2, 0, 1)
        if reference == "torch_u8":
            strip = v2.functional.resize(tensor, size, transforms.InterpolationMode(name), antialias=True)
        else:
            height, width = (max(size, size * side // short) for side in array.shape[:2])
            resized = cv2.resize(array, (width, height), interpolation=of_opencv[name])
            strip = torch.from_numpy(resized).permute(2, 0, 1)
        crop = int(rng.integers(1, size + 20))
        pipeline = [{"op": "image.resize_short", "size": size, "filter": name, "reference": reference},
                    {"op": "image.center_crop", "size": crop}]
        expected = v2.functional.center_crop(strip, crop).permute(1, 2, 0).numpy()
        yield array_case(f"{reference} {name} to {size}, {crop} of it", pipeline, array, expected)


def opencv(rng):
    """cv2.resize, INTER_LINEAR; every fourth is exactly half the size."""
    for index in range(160):
        width, height = random_side(rng), random_side(rng)
        if index % 10 == 0:
            width = large_side(rng)
        target = [random_side(rng), random_side(rng)]
        if index % 4 == 0:
            width, height = 2 * target[0], 2 * target[1]
        array = random_array(rng, width, height)
        op = {"op": "image.resize", "width": target[0], "height": target[1], "reference": "opencv"}
        expected = with_channels(cv2.resize(array, target, interpolation=cv2.INTER_LINEAR))
        yield array_case(f"opencv to {target}", [op], array, expected)


def sized(rng, index):
    """An image and a size; every tenth image is a large one, every fifth size a multiple."""
    array = random_array(rng, *((large_side(rng), random_side(rng)) if index % 10 == 0 else (None, None)))
    target = [random_side(rng), random_side(rng)]
    if index % 5 == 0:
        target = [max(1, side * int(rng.integers(1, 4)) // int(rng.integers(1, 4))) for side in array.shape[1::-1]]
    return array, target


def nearest(rng):
    """One pixel, by the rule of each reference."""
    for index in range(200):
        array, target = sized(rng, index)
        op = {"op": "image.resize", "width": target[0], "height": target[1], "filter": "nearest"}
        yield image_case(f"nearest to {target}", op, array, lambda im: im.resize(target, Image.Resampling.NEAREST))
        box = random_box(rng, *array.shape[1::-1])
        yield image_case(f"nearest of {box} to {target}", {**op, "box": box}, array,
                         lambda im: im.resize(target, Image.Resampling.NEAREST, tuple(box)))
        for name, flag in (("nearest", cv2.INTER_NEAREST), ("nearest_exact", cv2.INTER_NEAREST_EXACT)):
            expected = with_channels(cv2.resize(array, target, interpolation=flag))
            yield array_case(f"opencv {name} to {target}", [{**op, "filter": name, "reference": "opencv"}], array,
                             expected)
            tensor = torch.from_numpy(array.copy()).permute(2, 0, 1)
            mode = transforms.InterpolationMode(name.replace("_", "-"))
            expected = v2.functional.resize(tensor, target[::-1], interpolation=mode).permute(1, 2, 0).numpy()
            case = array_case(f"torch_u8 {name} to {target}", [{**op, "filter": name, "reference": "torch_u8"}], array,
                              expected)
            if name == "nearest_exact":  # between two pixels torch takes either, by memory layout and instruction set
                apart = np.logical_and.outer(is_apart(array.shape[0], target[1]), is_apart(array.shape[1], target[0]))
                case.counts = np.broadcast_to(apart[:, :, None], expected.shape)
            yield case


def area(rng):
    """cv2.INTER_AREA: whole and fractional ratios, growing sides, blocks of two by two."""
    for index in range(300):
        array, target = sized(rng, index)
        if index % 3 == 0:
            factors = rng.integers(1, 6, 2) if index % 2 else (2, 2)
            array = random_array(rng, *(int(side * factor) for side, factor in zip(target, factors)))
        if index % 3 == 1:
            target = [max(1, int(side * rng.uniform(0.05, 1))) for side in array.shape[1::-1]]
        expected = with_channels(cv2.resize(array, target, interpolation=cv2.INTER_AREA))
        op = {"op": "image.resize", "width": target[0], "height": target[1], "filter": "area", "reference": "opencv"}
        yield array_case(f"area to {target}", [op], array, expected)


def opencv_wide(rng):
    """cv2.INTER_CUBIC and INTER_LANCZOS4, by OpenCV's own code: IPP, which its wheels for x86 use, rounds otherwise."""
    for index in range(300):
        if hasattr(cv2, "ipp"):
            cv2.ipp.setUseIPP(False)
        array, target = sized(rng, index)
        name, flag = (("bicubic", cv2.INTER_CUBIC), ("lanczos4", cv2.INTER_LANCZOS4))[index % 2]
        expected = with_channels(cv2.resize(array, target, interpolation=flag))
        if hasattr(cv2, "ipp"):
            cv2.ipp.setUseIPP(True)
        op = {"op": "image.resize", "width": target[0], "height": target[1], "filter": name, "reference": "opencv"}
        yield array_case(f"opencv {name} to {target}", [op], array, expected)


def torch_points(rng):
    """torchvision v2 on uint8 tensors, without antialias."""
    for index in range(240):
        array, target = sized(rng, index)
        if index % 12 == 0:
            array, target = random_array(rng, int(rng.integers(4000, 12000)), 2), [int(rng.integers(4000, 12000)), 2]
        name = ("bilinear", "bicubic")[index // 2 % 2]
        tensor = torch.from_numpy(array.copy()).permute(2, 0, 1)
        mode = transforms.InterpolationMode(name)
        try:
            expected = v2.functional.resize(tensor, target[::-1], interpolation=mode, antialias=False)
        except RuntimeError:  # torch 2.15 fails an assertion of its own on some results of one pixel
            continue
        op = {"op": "image.resize", "width": target[0], "height": target[1], "filter": name, "reference": "torch_u8",
              "antialias": False}
        yield array_case(f"torch_u8 {name}, not antialiased, to {target}", [op], array, expected.permute(1, 2, 0).numpy())


def strided(plane, stride, value):
    """Rows of bytes, `stride` apart."""
    rows = np.full((plane.shape[0], stride), value, np.uint8)
    rows[:, : plane.shape[1]] = plane
    return rows.tobytes()


def raw(rng):
    """Frames without a header: cv2.cvtColor and numpy."""
    codes = {"nv12": cv2.COLOR_YUV2RGB_NV12, "nv21": cv2.COLOR_YUV2RGB_NV21, "i420": cv2.COLOR_YUV2RGB_I420}
    for index in range(120):
        width, height = 2 * int(rng.integers(1, 100)), 2 * int(rng.integers(1, 100))
        for name, code in codes.items():
            frame = rng.integers(0, 256, (height * 3 // 2, width), dtype=np.uint8)
            op = {"op": "image.from_raw", "format": name, "width": width, "height": height}
            yield Case(f"{op}", "bytes", "image", [op], frame.tobytes(), cv2.cvtColor(frame, code))
            gap = 2 * int(rng.integers(1, 20))
            half = frame[height:].reshape(-1, width // 2 if name == "i420" else width)
            data = strided(frame[:height], width + gap, 7)
            data += strided(half, half.shape[1] + (gap // 2 if name == "i420" else gap), 9)
            yield Case(f"{op} with gaps", "bytes", "image", [{**op, "row_stride": width + gap}], data,
                       cv2.cvtColor(frame, code))
        name = ("rgb", "bgr", "rgba", "bgra", "gray")[index % 5]
        width, height, channels = random_side(rng), random_side(rng), {"gray": 1}.get(name, len(name))
        array = rng.integers(0, 256, (height, width, channels), dtype=np.uint8)
        expected = array[:, :, [2, 1, 0, 3][:channels]] if name.startswith("b") else array
        op = {"op": "image.from_raw", "format": name, "width": width, "height": height}
        yield Case(f"{op}", "bytes", "image", [op], array.tobytes(), np.ascontiguousarray(expected))
        rows = strided(array.reshape(height, -1), width * channels + 5, 3)
        yield Case(f"{op} with gaps", "bytes", "image", [{**op, "row_stride": width * channels + 5}],
                   rows[: len(rows) - 5 * (index % 2)], np.ascontiguousarray(expected))
        kind, channels = ("u8", "u16", "f32")[index % 3], int(rng.integers(1, 6))
        array = rng.normal(0, 1000, (height, width, channels)).astype(np.float32)
        array = array if kind == "f32" else array.astype(np.int64).astype({"u8": np.uint8, "u16": np.uint16}[kind])
        scale = float(np.float32(rng.choice([1, 1 / 65535, 0.1])))
        op = {"op": "image.raw_to_tensor", "sample": kind, "width": width, "height": height, "channels": channels,
              "scale": scale}
        expected = array.astype(np.float32).transpose(2, 0, 1) * np.float32(scale)
        yield Case(f"{op}", "bytes", "tensor", [op], array.tobytes(), np.ascontiguousarray(expected))
        yield Case(f"{op}, planes", "bytes", "tensor", [{**op, "layout": "chw"}],
                   np.ascontiguousarray(array.transpose(2, 0, 1)).tobytes(), np.ascontiguousarray(expected))


def warps(rng):
    """torchvision v2 on uint8 tensors; torch may fuse its multiplications, so a byte may differ by 1."""
    for index in range(120):
        array = random_array(rng)
        height, width = array.shape[:2]
        tensor = torch.from_numpy(array.copy()).permute(2, 0, 1)
        fill = None if index % 3 else int(rng.integers(256))
        sampling = {"filter": "bilinear", **({} if fill is None else {"fill": fill})}
        angle, scale = float(rng.uniform(-180, 180)), float(rng.uniform(0.3, 3))
        move, shear = [float(x) for x in rng.integers(-20, 20, 2)], [float(x) for x in rng.uniform(-40, 40, 2)]
        centre = None if index % 2 else [float(x) for x in rng.integers(0, 90, 2)]
        expected = v2.functional.affine(tensor, angle, move, scale, shear, v2.InterpolationMode.BILINEAR, fill, centre)
        op = {"op": "image.affine", "angle": angle, "translate_x": move[0], "translate_y": move[1], "scale": scale,
              "shear_x": shear[0], "shear_y": shear[1], **sampling, **({} if centre is None else {"centre": centre})}
        yield bounded_case(f"{op}", op, array, expected)
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
        start, end = ((corners + rng.normal(0, 0.1, (4, 2)) * [width, height]).round() for _ in range(2))
        try:
            expected = v2.functional.perspective(tensor, start.tolist(), end.tolist(), v2.InterpolationMode.BILINEAR, fill)
        except RuntimeError:
            continue
        op = {"op": "image.perspective", "start": start.ravel().tolist(), "end": end.ravel().tolist(), **sampling}
        yield bounded_case(f"{op}", op, array, expected, may_refuse=True)


def bounded_case(name, op, array, expected, may_refuse=False):
    expected = expected.permute(1, 2, 0).numpy()
    case = Case(f"{name} of {array.shape}", "image", "image", [op], array, expected, may_refuse=may_refuse)
    case.levels = 1
    return case


def is_apart(side, target):
    """For each output, whether it comes from a place well apart from the middle between two pixels."""
    twice = (2 * np.arange(target) + 1) * side
    return (twice % (2 * target) != 0) | (side == target)


def tensors(rng):
    """torch.nn.functional.interpolate() and torchvision's Normalize on f32 tensors."""
    for index in range(240):
        shape = [int(rng.integers(1, 4)), random_side(rng, 120), random_side(rng, 120)]
        shape = shape if index % 2 else [int(rng.integers(1, 3)), *shape]
        array = rng.normal(0, 1, shape).astype(np.float32)
        height, width = random_side(rng, 200), max(2, random_side(rng, 200))
        mode = ("nearest", "nearest_exact", "bilinear", "bicubic")[index % 4]
        op = {"op": "interpolate", "width": width, "height": height, "mode": mode}
        options = {"mode": mode.replace("_", "-")}
        if index % 4 > 1:
            options |= {"antialias": bool(rng.integers(2)), "align_corners": bool(rng.integers(2))}
            op |= {"antialias": options["antialias"], "align_corners": options["align_corners"]}
        batch = torch.from_numpy(array if array.ndim == 4 else array[None])
        expected = torch.nn.functional.interpolate(batch, (height, width), **options).numpy()
        case = Case(f"{op} of {shape}", "tensor", "tensor", [op], array, expected if array.ndim == 4 else expected[0])
        if index % 4 > 1:
            case.rtol, case.atol = 0, 4e-5 * float(np.abs(array).max())
        if mode == "nearest_exact":
            case.counts = np.logical_and.outer(is_apart(array.shape[-2], height), is_apart(array.shape[-1], width))
        yield case
        mean, std = rng.normal(0, 1, shape[-3]).astype(np.float32), rng.uniform(0.1, 2, shape[-3]).astype(np.float32)
        op = {"op": "normalize", "mean": mean.tolist(), "std": std.tolist()}
        expected = transforms.Normalize(mean.tolist(), std.tolist())(torch.from_numpy(array.copy())).numpy()
        yield Case(f"normalize of {shape}", "tensor", "tensor", [op], array, expected)


def letterboxed(image, size, scale_up=True):
    """ultralytics' LetterBox(auto=False), on an array."""
    height, width = image.shape[:2]
    ratio = min(size[0] / height, size[1] / width)
    if not scale_up:
        ratio = min(ratio, 1.0)
    inner = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    rest_x, rest_y = (size[1] - inner[0]) / 2, (size[0] - inner[1]) / 2
    if (width, height) != inner:
        image = with_channels(cv2.resize(image, inner, interpolation=cv2.INTER_LINEAR))
    top, bottom = round(rest_y - 0.1), round(rest_y + 0.1)
    left, right = round(rest_x - 0.1), round(rest_x + 0.1)
    value = (114,) * 4
    return with_channels(cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=value))


def letterbox(rng):
    for index in range(80):
        array = random_array(rng)
        size = [random_side(rng), random_side(rng)]
        scale_up = index % 3 != 0
        op = {"op": "image.letterbox", "width": size[1], "height": size[0], "scale_up": scale_up}
        expected = letterboxed(array, size, scale_up)
        yield array_case(f"letterbox to {size}", [op], array, expected)
        tensor = {"op": "image.to_tensor", "mode": "affine", "std": 255, "reverse_channels": True}
        swapped = expected[:, :, [2, 1, 0, 3][: array.shape[2]]] if array.shape[2] > 1 else expected
        chw = np.ascontiguousarray(swapped.transpose(2, 0, 1)).astype(np.float32) / np.float32(255)
        yield array_case(f"letterbox to a tensor of {size}", [op, tensor], array, chw, "tensor")


def scaled_back(boxes, input_size, own_size, clip=True):
    """ultralytics' scale_boxes() and clip_boxes(); sizes as height, width. Of an image that its LetterBox makes one pixel
    wide, scale_boxes() takes no pixel to be there."""
    gain = min(input_size[0] / own_size[0], input_size[1] / own_size[1])
    pad_x = round((input_size[1] - max(1, round(own_size[1] * gain))) / 2 - 0.1)
    pad_y = round((input_size[0] - max(1, round(own_size[0] * gain))) / 2 - 0.1)
    boxes[..., 0] -= pad_x
    boxes[..., 1] -= pad_y
    boxes[..., 2] -= pad_x
    boxes[..., 3] -= pad_y
    boxes[..., :4] /= gain
    if clip and isinstance(boxes, torch.Tensor):
        boxes[..., [0, 2]] = boxes[..., [0, 2]].clamp(0, own_size[1])
        boxes[..., [1, 3]] = boxes[..., [1, 3]].clamp(0, own_size[0])
    elif clip:
        boxes[..., [0, 2]] = boxes[..., [0, 2]].clip(0, own_size[1])
        boxes[..., [1, 3]] = boxes[..., [1, 3]].clip(0, own_size[0])
    return boxes


def random_boxes(rng, width, height):
    """Also beside the image, empty, and none."""
    boxes = rng.uniform(-0.2, 1.2, (int(rng.integers(1, 9)), 4)) * [width, height, width, height]
    return boxes.astype(np.float32)


def boxes_case(name, op, array, boxes, expected, clip=True):
    """`boxes` on what the ops make of the picture, in its own pixels."""
    found = {"op": "probe.boxes", "boxes": [float(x) for x in boxes.ravel()]}
    back = {"op": "image.unletterbox"} | ({} if clip else {"clip": False})
    ops = [*op, {"op": "image.to_tensor", "mode": "affine", "std": 255}, found, back]
    return array_case(name, ops, array, np.asarray(expected, np.float32), "tensor")


def unletterbox(rng):
    """Boxes back from a letterbox, by torch and by numpy; by torchvision from a resize, a crop and a mirrored image."""
    for index in range(80):
        array = random_array(rng)
        height, width = array.shape[:2]
        size = [random_side(rng), random_side(rng)]
        op = {"op": "image.letterbox", "width": size[1], "height": size[0]}
        boxes, clip = random_boxes(rng, size[1], size[0]), index % 4 != 0
        as_type = (lambda b: torch.from_numpy(b.copy())) if index % 2 else np.copy
        yield boxes_case(f"boxes {clip=} from a letterbox of {size}", [op], array, boxes,
                         scaled_back(as_type(boxes), size, (height, width), clip), clip)
    for index in range(40):
        array = random_array(rng)
        height, width = array.shape[:2]
        size = [random_side(rng), random_side(rng)]
        boxes = random_boxes(rng, size[1], size[0])
        op = {"op": "image.resize", "width": size[1], "height": size[0]}
        gains = np.array([size[1] / width, size[0] / height] * 2).astype(np.float32)
        yield boxes_case(f"boxes from {size}", [op], array, boxes, boxes / gains, clip=False)
        left, top = int(rng.integers(0, width)), int(rng.integers(0, height))
        op = {"op": "image.crop", "left": left, "top": top, "width": size[1], "height": size[0]}
        yield boxes_case(f"boxes from a crop at {left}, {top}", [op], array, boxes,
                         boxes + np.array([left, top] * 2, np.float32), clip=False)
        mirrored = width - boxes[:, [2, 1, 0, 3]]
        mirrored[:, [1, 3]] = boxes[:, [1, 3]]
        yield boxes_case("boxes from a mirrored image", [{"op": "image.flip"}], array, boxes, mirrored, clip=False)


def sizes_and_crops(rng):
    for index in range(60):
        array = random_array(rng)
        size = random_side(rng, 256)
        largest = size + 1 + int(rng.integers(0, 200))
        op = {"op": "image.resize_short", "size": size, "max_size": largest}
        height, width = array.shape[:2]
        if largest * min(height, width) >= max(height, width):  # torchvision would come to a side of 0
            yield image_case(f"{op}", op, array, transforms.Resize(size, max_size=largest))
        op = {"op": "image.resize_long", "size": size}
        height, width = array.shape[:2]
        long, short = max(width, height), min(width, height)
        other = max(1, int(size * short / long))
        target = (size, other) if width > height else (other, size)
        yield image_case(f"{op}", op, array, lambda im: im.resize(target, Image.Resampling.BILINEAR))
        left, top = (int(x) for x in rng.integers(-50, 200, 2))
        width, height = random_side(rng), random_side(rng)
        op = {"op": "image.crop", "left": left, "top": top, "width": width, "height": height}
        yield image_case(f"{op}", op, array, lambda im: im.crop((left, top, left + width, top + height)))
        op = {"op": "image.center_crop", "width": width, "height": height, "centre": "floor"}
        yield array_case(f"{op}", [op], array, floor_crop(array, width, height))
        turns = index % 4
        yield array_case(f"turned {turns}", [{"op": "image.rotate90", "turns": turns}], array, np.rot90(array, turns))
        mode = ("edge", "reflect")[index % 2]
        sides = [int(rng.integers(0, min(40, array.shape[1 - i % 2]))) for i in range(4)]
        op = dict(zip(("op", "left", "top", "right", "bottom", "mode"), ["image.pad", *sides, mode]))
        yield image_case(f"{op}", op, array, transforms.Pad(sides, padding_mode=mode))


def floor_crop(array, width, height):
    """center_crop of transformers' image_transforms."""
    top, left = (array.shape[0] - height) // 2, (array.shape[1] - width) // 2
    canvas = np.zeros((height, width, array.shape[2]), np.uint8)
    part = array[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
    y, x = max(-top, 0), max(-left, 0)
    canvas[y : y + part.shape[0], x : x + part.shape[1]] = part
    return canvas


def formats(rng):
    """dtypes and layouts of image.to_tensor, against torch's conversions."""
    types = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
    for index in range(60):
        array = random_array(rng)
        mean, std = float(rng.normal(100, 60)), float(rng.uniform(0.2, 90))
        numbers = (torch.from_numpy(array.copy()).float() - torch.tensor(mean)) / torch.tensor(std)
        if index % 2:
            numbers = numbers.permute(2, 0, 1)
        op = {"op": "image.to_tensor", "mode": "affine", "mean": mean, "std": std, "layout": ("hwc", "chw")[index % 2]}
        name = ("f32", "f16", "bf16", "u8", "i8")[index % 5]
        if name in types:
            expected = numbers.to(types[name])
            expected = expected.view(torch.uint16) if name == "bf16" else expected
        else:
            low, high = (0, 255) if name == "u8" else (-128, 127)
            expected = numbers.round().clamp(low, high).to(torch.uint8 if name == "u8" else torch.int8)
        yield array_case(f"{name}", [{**op, "dtype": name}], array, expected.contiguous().numpy(), "tensor")


def colours(rng):
    for index in range(60):
        array = random_array(rng)
        rgb = array[:, :, :3] if array.shape[2] > 1 else array
        gray = array if array.shape[2] == 1 else pixels(Image.fromarray(np.ascontiguousarray(rgb)).convert("L"))
        yield array_case("to_gray", [{"op": "image.to_gray"}], array, gray)
        if array.shape[2] > 1:
            gray = with_channels(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY))
        yield array_case("to_gray as OpenCV", [{"op": "image.to_gray", "reference": "opencv"}], array, gray)
        yield image_case("to_rgb", {"op": "image.to_rgb"}, array, lambda im: im.convert("RGB"))
        if array.shape[2] == 4:
            image = Image.fromarray(array)
            yield array_case("premultiply", [{"op": "image.premultiply"}], array, np.frombuffer(
                image.convert("RGBa").tobytes(), np.uint8).reshape(array.shape))
            yield array_case("unpremultiply", [{"op": "image.unpremultiply"}], array,
                             pixels(Image.frombytes("RGBa", image.size, image.tobytes()).convert("RGBA")))


def hf_numpy(rng):
    """rescale() and normalize() of transformers' image_transforms, on numpy arrays."""
    for _ in range(40):
        array = random_array(rng)
        mean, std = ([float(x) for x in rng.uniform(0.1, 1, array.shape[2])] for _ in range(2))
        numbers = (array.astype(np.float64) * (1 / 255)).astype(np.float32)
        numbers = (numbers - np.array(mean, np.float32)) / np.array(std, np.float32)
        op = {"op": "image.to_tensor", "mode": "hf_numpy", "mean": mean, "std": std}
        yield array_case("hf_numpy", [op], array, np.ascontiguousarray(numbers.transpose(2, 0, 1)), "tensor")


def segment(rng):
    """interpolate() and argmax(); logits far apart, so that rounding decides nothing."""
    for _ in range(60):
        classes, height, width = (int(n) for n in rng.integers(1, (22, 60, 60)))
        logits = rng.normal(0, 3, (classes, height, width)).astype(np.float32)
        size = [random_side(rng), random_side(rng)]
        resized = torch.nn.functional.interpolate(torch.from_numpy(logits)[None], size, mode="bilinear")[0]
        best = resized.topk(min(2, classes), dim=0).values
        is_clear = (best[0] - best[-1] > 1e-4).numpy() if classes > 1 else np.ones(size, bool)
        expected = resized.argmax(0).to(torch.int32).numpy()
        op = {"op": "segment", "height": size[0], "width": size[1]}
        case = Case(f"{logits.shape} to {size}", "tensor", "tensor", [op], logits, expected)
        case.counts = is_clear
        yield case


def segment_input(rng):
    """Logits of fewer pixels than the input has, brought to its size."""
    for _ in range(30):
        classes, height, width = (int(n) for n in rng.integers((2, 8, 8), (22, 120, 120)))
        planes = rng.normal(0, 3, (classes, height, width)).astype(np.float32)
        small = {"op": "interpolate", "width": width // 8, "height": height // 8, "mode": "nearest"}
        logits = torch.nn.functional.interpolate(torch.from_numpy(planes)[None], (height // 8, width // 8), mode="nearest")
        resized = torch.nn.functional.interpolate(logits, (height, width), mode="bilinear")[0]
        best = resized.topk(2, dim=0).values
        ops = [{"op": "fork", "branches": [[], [small]]}, {"op": "segment.input"}]
        case = Case(f"{planes.shape}", "tensor", "tensor", ops, planes, resized.argmax(0).to(torch.int32).numpy())
        case.counts = (best[0] - best[1] > 1e-4).numpy()
        yield case


def random_labels(rng):
    """Noise, blobs, stripes of any length, one label alone."""
    height, width = (int(n) for n in rng.integers(1, (200, 200)))
    kind = int(rng.integers(4))
    if kind == 0:
        return rng.integers(0, 3, (height, width), dtype=np.int32)
    if kind == 1:
        small = rng.integers(0, 3, (1 + height // 17, 1 + width // 17)).astype(np.uint8)
        return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.int32)
    if kind == 2:
        runs = rng.integers(1, 40000, 200)
        order = np.repeat(np.arange(200) % 3, runs)[: height * width]
        return np.resize(order, (width, height)).T.astype(np.int32)
    return np.full((height, width), int(rng.integers(3)), np.int32)


def run_lengths(rng):
    """COCO's compressed run lengths, area and box, against pycocotools."""
    for _ in range(200):
        labels = np.ascontiguousarray(random_labels(rng))
        encoded = mask.encode(np.asfortranarray((labels == 1).astype(np.uint8)))
        expected = [float(mask.area(encoded)), *mask.toBbox(encoded).astype(np.float64), *map(float, encoded["counts"])]
        yield Case(f"{labels.shape}", "labels", "runs", {"label": 1}, labels, np.array(expected))


def chains(rng):
    """JPEG and PNG files through chains that run as one step: only a part of the file is decoded."""
    for index in range(120):
        size = (int(rng.integers(1, 700)), int(rng.integers(1, 700)))
        options = {"quality": int(rng.integers(30, 100)), "subsampling": int(rng.integers(0, 3)),
                   "progressive": bool(rng.integers(2)), "restart_marker_blocks": int(rng.integers(0, 5))}
        if index % 6 == 0:
            options = {"quality": 90}
        image = image_files.to_image(image_files.picture(rng, *size, 3 if index % 5 else 1))
        data = image_files.encode(image, "JPEG", **options)
        if index % 4 == 1:
            options = "PNG"
            data = image_files.encode(image.quantize(50) if index % 8 == 1 else image, "PNG")
        array = pixels(Image.open(io.BytesIO(data)).convert("RGB"))
        pipeline = [{"op": "image.decode"}]
        for _ in range(int(rng.integers(1, 5))):
            op, array = random_step(rng, array)
            pipeline.append(op)
        yield Case(f"{size} {options} {pipeline}", "bytes", "image", pipeline, data, array)
        tensor = np.ascontiguousarray(array.transpose(2, 0, 1)).astype(np.float32) / np.float32(255)
        yield Case(f"{pipeline} to a tensor", "bytes", "tensor", [*pipeline, {"op": "image.to_tensor"}], data, tensor)


def random_step(rng, array):
    """An op, and what it makes of the array."""
    height, width = array.shape[:2]
    kind = int(rng.integers(6))
    if kind == 0:
        target = (random_side(rng), random_side(rng))
        name = list(FILTERS)[int(rng.integers(5))]
        op = {"op": "image.resize", "width": target[0], "height": target[1], "filter": name}
        return op, pixels(Image.fromarray(array).resize(target, FILTERS[name]))
    if kind == 1:
        size = (random_side(rng), random_side(rng))
        return {"op": "image.letterbox", "width": size[1], "height": size[0]}, letterboxed(array, size)
    if kind == 2:
        axis = ("horizontal", "vertical")[int(rng.integers(2))]
        return {"op": "image.flip", "axis": axis}, array[:, ::-1] if axis == "horizontal" else array[::-1]
    if kind == 3:
        sides = [int(s) for s in rng.integers(0, 40, 4)]
        value = int(rng.integers(0, 3)) * 100
        op = dict(zip(("op", "left", "top", "right", "bottom", "value"), ["image.pad", *sides, value]))
        left, top, right, bottom = sides
        return op, np.pad(array, ((top, bottom), (left, right), (0, 0)), constant_values=value)
    if kind == 4:
        box = int(rng.integers(0, width)), int(rng.integers(0, height))
        size = int(rng.integers(1, width - box[0] + 1)), int(rng.integers(1, height - box[1] + 1))
        op = {"op": "image.crop", "left": box[0], "top": box[1], "width": size[0], "height": size[1]}
        return op, array[box[1] : box[1] + size[1], box[0] : box[0] + size[0]]
    size = (random_side(rng), random_side(rng))
    cropped = transforms.CenterCrop(size[::-1])(Image.fromarray(np.ascontiguousarray(array)))
    return {"op": "image.center_crop", "width": size[0], "height": size[1]}, pixels(cropped)


GROUPS = [large_sizes, boxes, reducing, thumbnails, drafts, nearest, area, opencv_wide, torch_u8, torch_points, opencv, raw, warps, tensors, letterbox, unletterbox,
          sizes_and_crops, formats, colours, hf_numpy, segment, segment_input, run_lengths, chains]
