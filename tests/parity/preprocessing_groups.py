# SPDX-License-Identifier: Apache-2.0
"""Cases of what torchvision v2, timm and transformers do besides: their sizes, crops, borders and numbers."""

import importlib.util
import math
import pathlib

import numpy as np
import torch
from PIL import Image
from torchvision import transforms
from torchvision.transforms import v2

import image_files
from parity_case import Case, array_case, image_case, pixels, random_array, random_side


def timm_transforms():
    """timm/data/transforms.py alone: importing timm imports all of its models."""
    folder = pathlib.Path(importlib.util.find_spec("timm").submodule_search_locations[0])
    spec = importlib.util.spec_from_file_location("timm_data_transforms", folder / "data" / "transforms.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def scaled(rng):
    """v2's ToDtype(scale=True) and Normalize, and transformers' rescale() with factors of its own, on u8 tensors."""
    every_byte = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    for index in range(60):
        array = every_byte if index < 6 else random_array(rng)
        mean, std = ([float(x) for x in rng.uniform(0.1, 1, array.shape[2])] for _ in range(2))
        op = {"op": "image.to_tensor", "mode": "scaled", "mean": mean, "std": std}
        steps = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)]
        yield image_case("scaled", op, array, v2.Compose(steps), "tensor")
        yield image_case("scaled", {"op": "image.to_tensor", "mode": "scaled"}, array, v2.Compose(steps[:2]), "tensor")
        scale = float(rng.choice([0.0078, 1 / 127.5, 2.0, -0.5, rng.uniform(0.001, 1)]))
        numbers = v2.functional.to_image(image_files.to_image(array)) * scale
        op = {**op, "scale": scale}
        yield array_case(f"scale {scale}", [op], array, v2.functional.normalize(numbers, mean, std).numpy(), "tensor")
        numbers = (array.astype(np.float64) * scale).astype(np.float32)
        numbers = (numbers - np.array(mean, np.float32)) / np.array(std, np.float32)
        op = {**op, "mode": "hf_numpy"}
        yield array_case(f"{op}", [op], array, np.ascontiguousarray(numbers.transpose(2, 0, 1)), "tensor")


def torch_lanczos(rng):
    for index in range(60):
        array = random_array(rng)
        size = (random_side(rng), random_side(rng))
        tensor = torch.from_numpy(array.copy()).permute(2, 0, 1)
        tensor = tensor if index % 2 else tensor.contiguous()
        expected = v2.functional.resize(tensor, size[::-1], interpolation=transforms.InterpolationMode.LANCZOS)
        op = {"op": "image.resize", "width": size[0], "height": size[1], "filter": "lanczos", "reference": "torch_u8"}
        yield array_case(f"torch_u8 lanczos to {size}", [op], array, expected.permute(1, 2, 0).numpy())


def resized_case(op, array, size):
    """`size`: width, height, by Pillow's bilinear filter; sides of 0 are refused."""
    if min(size) < 1:
        return array_case(f"{op}", [op], array, None)
    return image_case(f"{op}", op, array, lambda im: im.resize(size, Image.Resampling.BILINEAR))


def detr_size(width, height, size, max_size):
    """get_size_with_aspect_ratio() of transformers/image_transforms.py, as width, height."""
    raw_size = None
    low, high = float(min(height, width)), float(max(height, width))
    if high / low * size > max_size:
        raw_size = max_size * low / high
        size = int(round(raw_size))
    if (height <= width and height == size) or (width <= height and width == size):
        return width, height
    exact = size if raw_size is None else raw_size
    return (size, int(exact * height / width)) if width < height else (int(exact * width / height), size)


def dpt_size(width, height, to_width, to_height, multiple):
    """get_resize_output_image_size() of transformers' DPT with keep_aspect_ratio."""
    scale_height, scale_width = to_height / height, to_width / width
    if abs(1 - scale_width) < abs(1 - scale_height):
        scale_height = scale_width
    else:
        scale_width = scale_height
    return tuple(round(scale * side / multiple) * multiple for scale, side in ((scale_width, width), (scale_height, height)))


def fitted_sizes(rng):
    keep_ratio = timm_transforms().ResizeKeepRatio
    for index in range(100):
        array = random_array(rng)
        height, width = array.shape[:2]
        size = random_side(rng, 200)
        largest = size + int(rng.integers(0, 100))
        op = {"op": "image.resize_short", "size": size, "max_size": largest, "rounding": "round"}
        yield resized_case(op, array, detr_size(width, height, size, largest))
        op = {"op": "image.resize_long", "size": size, "rounding": "half_up"}  # _get_preprocess_shape() of transformers' SAM
        scale = size * 1.0 / max(height, width)
        yield resized_case(op, array, (int(width * scale + 0.5), int(height * scale + 0.5)))
        target = (random_side(rng, 200), random_side(rng, 200))
        op = {"op": "image.resize_fit", "width": target[0], "height": target[1]}
        for fit, longest in (("inside", 1), ("cover", 0)):
            new_height, new_width = keep_ratio.get_params(Image.fromarray(np.zeros((height, width), np.uint8)), target[::-1], longest)
            if max(new_height, new_width) <= 4000:
                yield resized_case({**op, "fit": fit}, array, (new_width, new_height))
        scale = min(target[1] / height, target[0] / width)  # get_image_size_for_max_height_width() of transformers
        yield resized_case({**op, "rounding": "truncate"}, array, (int(width * scale), int(height * scale)))
        multiple = int(rng.choice([1, 8, 14, 32]))
        wanted = dpt_size(width, height, *target, multiple)
        if max(wanted) <= 4000:
            yield resized_case({**op, "fit": "nearest", "multiple": multiple}, array, wanted)


def random_fill(rng, channels):
    """A colour per channel, and as Pillow takes it."""
    fill = [int(value) for value in rng.integers(0, 256, channels)]
    return fill, fill[0] if channels == 1 else tuple(fill)


def truncated_crop(array, width, height):
    """center_crop() of transformers' torchvision backend."""
    image = torch.from_numpy(array.copy()).permute(2, 0, 1)
    missing_x, missing_y = max(0, width - image.shape[2]), max(0, height - image.shape[1])
    image = v2.functional.pad(image, [missing_x // 2, missing_y // 2, (missing_x + 1) // 2, (missing_y + 1) // 2], fill=0)
    top, left = int((image.shape[1] - height) / 2.0), int((image.shape[2] - width) / 2.0)
    return v2.functional.crop(image, top, left, height, width).permute(1, 2, 0).numpy()


def padded(array, size, left, top, fill):
    """On a canvas of a colour, by Pillow."""
    canvas = Image.new(image_files.to_image(array).mode, size, fill)
    canvas.paste(image_files.to_image(array), (left, top))
    return pixels(canvas)


def coloured_borders(rng):
    crop_or_pad = timm_transforms().CenterCropOrPad
    for index in range(80):
        array = random_array(rng)
        height, width, channels = array.shape
        size = (random_side(rng), random_side(rng))
        fill, of_pillow = random_fill(rng, channels)
        value = fill if index % 2 or channels > 1 else fill[0]
        op = {"op": "image.center_crop", "width": size[0], "height": size[1]}
        yield image_case(f"{op} {fill}", {**op, "value": value}, array, crop_or_pad(size[::-1], fill=of_pillow))
        yield array_case("truncate", [{**op, "centre": "truncate"}], array, truncated_crop(array, *size))
        sides = [int(side) for side in rng.integers(0, 30, 4)]
        op = dict(zip(("op", "left", "top", "right", "bottom"), ["image.pad", *sides]))
        yield image_case(f"{op}", {**op, "value": value}, array, transforms.Pad(sides, fill=of_pillow))
        yield array_case("another number of channels", [{**op, "value": [1, 2, 3, 4][:7 - max(channels, 3)]}], array, None)
        larger = (width + int(rng.integers(0, 40)), height + int(rng.integers(0, 40)))
        multiple, longer = int(rng.integers(1, 70)), max(width, height)
        targets = [({"width": larger[0], "height": larger[1]}, larger), ({"square": True}, (longer, longer)),
                   ({"multiple": multiple}, tuple(math.ceil(side / multiple) * multiple for side in (width, height)))]
        options, target = targets[index % 3]
        op = {"op": "image.pad_to", **options, "value": value}
        left, top = (target[0] - width) // 2, (target[1] - height) // 2
        yield array_case(f"{op}", [op], array, padded(array, target, left, top, of_pillow))
        yield array_case(f"{op}", [{**op, "anchor": "top_left"}], array, padded(array, target, 0, 0, of_pillow))
        yield array_case("too large", [{"op": "image.pad_to", "width": width + 1, "height": height - 1 or 1}], array,
                         None if height > 1 else padded(array, (width + 1, 1), 0, 0, 0 if channels == 1 else (0,) * channels))
        fraction = float(rng.uniform(0.01, 1))
        side = int(fraction * min(width, height))
        op = {"op": "image.crop_short", "fraction": fraction, "centre": "truncate"}
        yield array_case(f"{op}", [op], array, truncated_crop(array, side, side) if side else None)


def fused_borders(rng):
    """Borders of several colours in one chain, into images and tensors, mirrored."""
    for index in range(40):
        array = random_array(rng)
        channels = array.shape[2]
        image = image_files.to_image(array)
        (first, first_pil), (second, second_pil) = random_fill(rng, channels), random_fill(rng, channels)
        second, second_pil = (second, second_pil) if index % 2 else (first, first_pil)
        size = random_side(rng, 120)
        pipeline = [{"op": "image.resize_fit", "width": size, "height": size},
                    {"op": "image.center_crop", "size": size, "value": first}, {"op": "image.flip"},
                    {"op": "image.pad", "left": 3, "top": 1, "bottom": 5, "value": second},
                    {"op": "image.to_tensor", "mode": "affine"}]
        ratio = max(image.width, image.height) / size
        inner = tuple(round(side / ratio) for side in image.size)
        if min(inner) < 1:
            continue
        image = image.resize(inner, Image.Resampling.BILINEAR)
        steps = [timm_transforms().CenterCropOrPad(size, fill=first_pil), transforms.RandomHorizontalFlip(1),
                 transforms.Pad((3, 1, 0, 5), fill=second_pil)]
        expected = pixels(transforms.Compose(steps)(image)).astype(np.float32)
        yield array_case(f"{pipeline}", pipeline, array, np.ascontiguousarray(expected.transpose(2, 0, 1)), "tensor")


def padded_planes(rng):
    """transformers' pad() behind its normalize()."""
    for index in range(40):
        shape = [int(rng.integers(1, 5)), random_side(rng, 60), random_side(rng, 60)]
        array = rng.normal(0, 1, shape if index % 2 else [2, *shape]).astype(np.float32)
        height, width = (side + int(rng.integers(-1, 30)) for side in shape[1:])
        if min(height, width) < 1:
            continue
        value = float(np.float32(rng.normal())) if index % 3 else 0.0
        op = {"op": "pad_to", "width": width, "height": height, "value": value}
        missing = (width - shape[2], height - shape[1])
        expected = None
        if min(missing) >= 0:
            expected = torch.nn.functional.pad(torch.from_numpy(array), (0, missing[0], 0, missing[1]), value=value).numpy()
        yield Case(f"{op} of {shape}", "tensor", "tensor", [op], array, expected)


def rcnn_transforms(rng):
    """torchvision's GeneralizedRCNNTransform for one picture: normalised, resized within two sides, padded."""
    from torchvision.models.detection.transform import GeneralizedRCNNTransform
    for index in range(40):
        height, width = random_side(rng, 250), random_side(rng, 250)
        array = rng.uniform(0, 1, (3, height, width)).astype(np.float32)
        short, multiple = int(rng.integers(20, 120)), int(rng.choice([1, 16, 32]))
        long = short + int(rng.integers(0, 120))
        mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
        ops = [{"op": "normalize", "mean": mean, "std": std}, {"op": "interpolate", "min_size": short, "max_size": long},
               {"op": "pad_to", "multiple": multiple}]
        try:
            images, _ = GeneralizedRCNNTransform(short, long, mean, std, multiple).eval()([torch.from_numpy(array)])
            expected = images.tensors[0].numpy()
        except RuntimeError:  # a side of 0 pixels
            expected = None
        case = Case(f"{ops[1:]} of {height}x{width}", "tensor", "tensor", ops, array, expected, rtol=0)
        case.atol = 4e-5 * 3
        yield case


GROUPS = [scaled, torch_lanczos, fitted_sizes, coloured_borders, fused_borders, padded_planes, rcnn_transforms]
