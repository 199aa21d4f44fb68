# SPDX-License-Identifier: Apache-2.0
"""Photos of any size for the image benchmark: a mosaic of scikit-image's sample photos at their own resolution, so that
the detail, and so the size of a JPEG, is that of a photo."""

import importlib.util
from pathlib import Path

import numpy as np
from PIL import Image

PHOTOS = ("chelsea.png", "coffee.png", "astronaut.png", "rocket.jpg")


def mosaic(width, height, seed=1):
    folder = Path(importlib.util.find_spec("skimage").submodule_search_locations[0], "data")
    photos = [Image.open(folder / name).convert("RGB") for name in PHOTOS]
    rng = np.random.default_rng(seed)
    canvas = Image.new("RGB", (width, height))
    for top in range(0, height, 300):
        for left in range(0, width, 400):
            photo = photos[rng.integers(len(photos))]
            if rng.integers(2):
                photo = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            x, y = (int(rng.integers(0, max(1, side - room + 1))) for side, room in zip(photo.size, (400, 300)))
            canvas.paste(photo.crop((x, y, x + 400, y + 300)), (left, top))
    return canvas


def make(folder, width, height, kind):
    """The path of a photo of this size, which is made if it does not exist."""
    path = Path(folder) / f"{width}x{height}.{kind}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        options = {"quality": 90, "subsampling": "4:2:0"} if kind == "jpg" else {}
        mosaic(width, height).save(path, **options)
    return path
