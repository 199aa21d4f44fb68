# SPDX-License-Identifier: Apache-2.0
"""Compares gantry's image and classification ops with the installed Pillow, torchvision, torch and OpenCV.

  image_parity.py --probe BUILD/bin/image_probe [--seed N] [--only GROUP]

Integer results and normalised floats must be equal bit for bit; softmax and sigmoid within 1e-6 relative. All cases run
in one process of the probe. Exits 1 and names the first differences of each group if there is any.
"""

import importlib.util
import io
import pathlib
import sys
import warnings

import cv2
import numpy as np
import torch
import torchvision
from PIL import Image, ImageFile, ImageOps, features
from torchvision import transforms

import engine_groups
import exif_files
import image_files
import preprocessing_groups
import webp_kinds
from parity_case import FILTERS, Case, image_case, pixels, random_array, random_side
from parity_run import results_of, run_groups

INTERPOLATIONS = {name: getattr(transforms.InterpolationMode, name.upper()) for name in FILTERS}
FLIPS = {"horizontal": Image.Transpose.FLIP_LEFT_RIGHT, "vertical": Image.Transpose.FLIP_TOP_BOTTOM}


# ---- the groups: each yields cases


def resize(rng):
    shapes = [(None, None)] * 200 + [(1, 500), (3, 331), (2, 250), (500, 1), (331, 3), (1, 101), (7, 700), (7, 701), (1, 9000), (9000, 2)]
    for index, (width, height) in enumerate(shapes * 2):
        array = random_array(rng, width, height)
        name = list(FILTERS)[index % 5]
        target = [random_side(rng), random_side(rng)]
        if index % 7 == 0:
            target[index % 2] = array.shape[1 - index % 2]  # one pass only
        op = {"op": "image.resize", "width": target[0], "height": target[1], "filter": name}
        yield image_case(f"{name} to {target}", op, array, lambda im: im.resize(target, FILTERS[name]))


def pass_order(rng):
    """Around the limit from which on the vertical pass comes first: a height that loses twice what the width loses."""
    for index in range(60):
        width, height = int(rng.integers(60, 200)), int(rng.integers(120, 400))
        loss = int(rng.integers(1, min(width, height // 2) - 1))
        target = [width - loss, height - 2 * loss - index % 3 + 1]
        name = list(FILTERS)[index % 5]
        op = {"op": "image.resize", "width": target[0], "height": target[1], "filter": name}
        array = rng.integers(0, 256, (height, width, 1), dtype=np.uint8)
        yield image_case(f"{name} to {target}", op, array, lambda im: im.resize(target, FILTERS[name]))


def resize_short(rng):
    for index in range(100):
        array = random_array(rng)
        name = list(FILTERS)[index % 5]
        size = random_side(rng, 256)
        op = {"op": "image.resize_short", "size": size, "filter": name}
        transform = transforms.Resize(size, interpolation=INTERPOLATIONS[name])
        if size * max(array.shape[:2]) // min(array.shape[:2]) <= 4000:
            yield image_case(f"{name} to {size}", op, array, transform)


def crops(rng):
    for index in range(120):
        array = random_array(rng)
        width, height = random_side(rng), random_side(rng)
        op = {"op": "image.center_crop", "width": width, "height": height}
        if index % 3 == 0:
            height, op = width, {"op": "image.center_crop", "size": width}
        yield image_case(f"{op}", op, array, transforms.CenterCrop((height, width)))
        height, width = (int(rng.integers(1, side + 1)) for side in array.shape[:2])
        op = {"op": "image.five_crop", "width": width, "height": height}
        yield image_case(f"{op}", op, array, transforms.FiveCrop((height, width)), "images")


def pad_and_flip(rng):
    for index in range(60):
        array = random_array(rng)
        sides = [int(s) for s in rng.integers(0, 40, 4)]
        value = int(rng.integers(0, 256))
        op = dict(zip(("op", "left", "top", "right", "bottom", "value"), ["image.pad", *sides, value]))
        fill = value if array.shape[2] == 1 else (value,) * array.shape[2]
        yield image_case(f"{op}", op, array, transforms.Pad(sides, fill=fill))
        axis = list(FLIPS)[index % 2]
        op = {"op": "image.flip", "axis": axis}
        yield image_case(f"{op}", op, array, lambda im: im.transpose(FLIPS[axis]))


def to_tensor(rng):
    imagenet = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    clip = ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])
    every_byte = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    for index in range(90):
        array = every_byte if index < 6 else random_array(rng)
        channels = array.shape[2]
        if index % 3 == 0 and channels == 3:
            mean, std = (imagenet, clip)[index // 3 % 2]
        else:
            mean = [float(x) for x in rng.normal(0, 1, channels)]
            std = [float(x) for x in rng.uniform(0.01, 2, channels)]
        op = {"op": "image.to_tensor", "mode": "torchvision", "mean": mean, "std": std}
        transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean, std)])
        yield image_case("torchvision", op, array, transform, "tensor")
        yield image_case("ToTensor", {"op": "image.to_tensor"}, array, transforms.ToTensor(), "tensor")
        mean, std = [m * 255 for m in mean], [s * 255 for s in std]
        if index % 2 == 0:
            mean, std = mean[:1], std[:1]
        op = {"op": "image.to_tensor", "mode": "affine", "mean": mean[0] if index % 4 == 0 else mean, "std": std}

        def affine(image, mean=mean, std=std):
            x = torch.from_numpy(pixels(image).copy()).permute(2, 0, 1).float()
            return (x - torch.tensor(mean).view(-1, 1, 1)) / torch.tensor(std).view(-1, 1, 1)

        yield image_case("affine", op, array, affine, "tensor")


def unchanged(image):
    """What ColourMode::kUnchanged promises, in PIL's words."""
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L", "I;16") else "RGB")


def open_with_pillow(data, convert):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data))
            image.load()
            return pixels(convert(image))
    except Exception:  # whatever a plugin raises: Pillow refuses it
        return None


def decode_case(name, data, colour="rgb", exif_orientation=False, truncated="refuse"):
    def convert(image):
        if exif_orientation:
            image = ImageOps.exif_transpose(image)
        return image.convert("RGB") if colour == "rgb" else unchanged(image)

    op = {"op": "image.decode", "colour": colour, "exif_orientation": exif_orientation, "truncated": truncated}
    ImageFile.LOAD_TRUNCATED_IMAGES = truncated == "accept"
    expected = open_with_pillow(data, convert)
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    return Case(f"{colour}: {name}", "bytes", "image", [op], data, expected)


def decode(rng):
    for source in (image_files.jpegs, image_files.pngs, image_files.webps):
        for name, data in source(rng):
            for colour in ("rgb", "unchanged"):
                yield decode_case(name, data, colour)
    for name, data in image_files.oriented(rng):
        yield decode_case(name, data, exif_orientation=True)
        yield decode_case(name, data, exif_orientation=False)


def webp_containers(rng):
    op = {"op": "image.decode", "colour": "unchanged", "exif_orientation": True}
    for index, data in enumerate(webp_kinds.changed(rng, 500)):
        expected = open_with_pillow(data, lambda image: unchanged(exif_files.transposed_by_pillow(image)))
        if expected is None or max(expected.shape) <= 65535:  # a row of the table of differences
            yield Case(f"file {index}", "bytes", "image", [op], data, expected)


def strips(rng):
    """Extreme ratios through the usual chain: Pillow and torch make a strip that is longer than any image here may be,
    of which the crop leaves a part."""
    flips = {"horizontal": Image.Transpose.FLIP_LEFT_RIGHT, "vertical": Image.Transpose.FLIP_TOP_BOTTOM}
    for index in range(90):
        short, long = int(rng.integers(1, 4)), int(rng.integers(500, 3000))
        array = rng.integers(0, 256, (short, long, 3) if index % 2 else (long, short, 3), dtype=np.uint8)
        name = list(FILTERS)[index % 5]
        size = min(int(rng.integers(20, 257)), 120_000 * short // long)
        crop = int(rng.integers(1, size + 20))
        axis = list(flips)[index % 2]
        ops = [{"op": "image.resize_short", "size": size, "filter": name}, {"op": "image.center_crop", "size": crop}]
        chain = [transforms.Resize(size, interpolation=INTERPOLATIONS[name]), transforms.CenterCrop(crop)]
        if index % 3 == 0:
            chain.append(lambda image, axis=axis: image.transpose(flips[axis]))
            ops.append({"op": "image.flip", "axis": axis})
        case = image_case(f"{short}x{long}, {name} to {size}, {crop} of it", ops[0], array, transforms.Compose(chain))
        case.pipeline = ops
        yield case


def exif(rng):
    """Random TIFF structures, most of them broken: the orientation that Pillow finds."""
    for index in range(1500):
        xmp = exif_files.random_xmp(rng) if index % 3 == 0 else None
        data = exif_files.jpeg_of(exif_files.random_tiff(rng), xmp, dpi=(72, 72) if index % 2 else None)
        expected = open_with_pillow(data, lambda image: exif_files.transposed_by_pillow(image).convert("RGB"))
        if expected is None:  # Pillow does not open it, for its resolution: kinds of jpeg_kinds.py
            continue
        op = {"op": "image.decode", "exif_orientation": True}
        yield Case(f"structure {index}", "bytes", "image", [op], data, expected)


def truncated(rng):
    """Whatever Pillow refuses is refused, whatever it accepts is equal, by default and where it is told to accept."""
    image = image_files.to_image(image_files.picture(rng, 61, 43, 3))
    for name, options in (
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"restart_marker_blocks": 3}),
        ("PNG", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
    ):
        data = image_files.encode(image, name, **options)
        for size in [*range(4, 40), *rng.integers(40, len(data), 60), *range(len(data) - 20, len(data))]:
            text = f"{name} {options} cut at {size} of {len(data)}"
            yield decode_case(text, data[: int(size)])
            if name != "WEBP":
                yield decode_case(text + ", then zeros", data[: int(size)] + bytes(100))
            if not options.get("progressive"):  # libjpeg-turbo 2.1 guesses missing scans in another way than 3.2
                yield decode_case(text, data[: int(size)], truncated="accept")


def real_files(rng):
    """The photos that scikit-image brings along."""
    folder = pathlib.Path(importlib.util.find_spec("skimage").origin).parent / "data"
    for path in sorted([*folder.glob("*.jpg"), *folder.glob("*.png")]):
        for colour in ("rgb", "unchanged"):
            yield decode_case(path.name, path.read_bytes(), colour)


def end_to_end(rng):
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    reference = transforms.Compose(
        [
            transforms.Resize(256, interpolation=transforms.InterpolationMode.BICUBIC),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize(mean, std),
        ]
    )
    pipeline = [
        {"op": "image.decode"},
        {"op": "image.resize_short", "size": 256, "filter": "bicubic"},
        {"op": "image.center_crop", "size": 224},
        {"op": "image.to_tensor", "mean": mean, "std": std},
    ]
    for index in range(10):
        image = image_files.to_image(image_files.picture(rng, int(rng.integers(50, 900)), int(rng.integers(50, 900)), 3))
        data = image_files.encode(image, ("JPEG", "PNG", "WEBP")[index % 3])
        expected = reference(Image.open(io.BytesIO(data)).convert("RGB")).numpy()
        yield Case(f"{image.size}", "bytes", "tensor", pipeline, data, expected)


def classify(rng):
    for index in range(60):
        shape = [int(n) for n in rng.integers(1, 40, int(rng.integers(0, 3)))] + [int(rng.integers(1, 1200))]
        logits = rng.normal(0, rng.choice([0.1, 3, 30]), shape).astype(np.float32)
        if index % 10 == 0:
            logits.flat[0] = np.nan
        if index % 10 == 1:
            logits.flat[0] = -np.inf
        x = torch.from_numpy(logits)
        op = [{"op": "softmax"}]
        yield Case(f"softmax {shape}", "tensor", "tensor", op, logits, torch.softmax(x, -1).numpy(), 1e-6)
        yield Case(f"sigmoid {shape}", "tensor", "tensor", [{"op": "sigmoid"}], logits, torch.sigmoid(x).numpy(), 1e-6)
        count, k = int(rng.integers(1, 1200)), int(rng.choice([1, 5, 10, 2000]))
        scores = rng.normal(0, 1, count).astype(np.float32)
        if index % 2:
            scores = np.round(scores * 2) / 2  # ties
        best = torch.sort(torch.from_numpy(scores), descending=True, stable=True)
        expected = np.stack([best.indices.double().numpy(), best.values.double().numpy()], axis=1)[:k]
        yield Case(f"top_k {k} of {count}", "tensor", "classes", [{"op": "top_k", "k": k}], scores, expected)


def encode(rng):
    """Of a JPEG the bytes; of a PNG, which every zlib compresses in its own way, the pixels that Pillow reads."""
    for index in range(120):
        array = random_array(rng)
        case = Case(f"png of {array.shape}", "image", "bytes", [{"op": "image.encode"}], array, array)
        case.reading = lambda data: pixels(Image.open(io.BytesIO(data.tobytes())))
        yield case
        if array.shape[2] == 4:
            continue
        quality, out = int(rng.integers(1, 96)) if index % 3 else 75, io.BytesIO()
        image_files.to_image(array).save(out, "JPEG", **({"quality": quality} if index % 3 else {}))
        op = {"op": "image.encode", "format": "jpeg", "quality": quality}
        yield Case(f"{op} of {array.shape}", "image", "bytes", [op], array, np.frombuffer(out.getvalue(), np.uint8))


GROUPS = [resize, pass_order, resize_short, crops, pad_and_flip, to_tensor, decode, truncated, real_files, end_to_end, classify,
          *engine_groups.GROUPS, *preprocessing_groups.GROUPS, exif, strips, engine_groups.other_strips,
          webp_containers, encode]


def run_probe(probe, cases, folder):
    """The results, in order: an array, or the text of an error."""
    listing = []
    for index, case in enumerate(cases):
        source, out = folder / f"{index}.in", folder / f"{index}.npy"
        if case.takes == "bytes":
            source.write_bytes(case.value)
        else:
            with open(source, "wb") as file:
                np.save(file, np.ascontiguousarray(case.value))
        listing.append(
            {"takes": case.takes, "gives": case.gives, "pipeline": case.pipeline, "in": str(source), "out": str(out)}
        )
    return results_of(probe, listing, folder)


def difference(case, result):
    """What is wrong, or None."""
    if isinstance(result, str):
        return None if case.expected is None or case.may_refuse else result
    if case.expected is None:
        return "accepted, but the Python stack refuses it"
    if case.reading is not None:
        result = case.reading(result)
    if result.shape != case.expected.shape or result.dtype != case.expected.dtype:
        return f"{result.dtype}{result.shape}, expected {case.expected.dtype}{case.expected.shape}"
    if case.counts is not None:
        result = np.where(case.counts, result, case.expected)
    if case.levels:
        apart = np.abs(result.astype(int) - case.expected)
        if apart.max() <= case.levels and np.count_nonzero(apart) <= max(4, apart.size // 500):
            return None
    if case.rtol is not None:
        if np.allclose(result, case.expected, rtol=case.rtol, atol=case.atol, equal_nan=True):
            return None
        gap = np.abs(result - case.expected) / np.abs(case.expected)
        return f"off by {np.nanmax(gap)} relative, {np.nanmax(np.abs(result - case.expected))}"
    if result.tobytes() == np.ascontiguousarray(case.expected).tobytes():
        return None
    where = np.argwhere(result != case.expected)
    first = tuple(int(i) for i in where[0]) if len(where) else None
    return f"{len(where)} of {result.size} values differ, first at {first}: " + (
        f"{result[first]} instead of {case.expected[first]}" if first else "signs of zero"
    )


def main():
    cv2.setNumThreads(1)
    versions = (f"Pillow {Image.__version__} (libjpeg-turbo {features.version('libjpeg_turbo')}), "
                f"torchvision {torchvision.__version__}, torch {torch.__version__}, OpenCV {cv2.__version__}")
    return run_groups(__doc__, versions, GROUPS, run_probe, difference, 20260901)


if __name__ == "__main__":
    sys.exit(main())
