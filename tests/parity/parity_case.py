# SPDX-License-Identifier: Apache-2.0
"""What a case of the image parity tests is, and random images for them."""

import numpy as np
from PIL import Image

import image_files

FILTERS = {
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
SIDES = [1, 2, 3, 5, 7, 13, 31, 64, 97, 127, 224, 256, 331]


class Case:
    """An input, a pipeline, and what the Python stack makes of it; None if Python refuses."""

    def __init__(self, name, takes, gives, pipeline, value, expected, rtol=None, may_refuse=False):
        self.name, self.takes, self.gives, self.pipeline = name, takes, gives, pipeline
        self.value, self.expected, self.rtol, self.may_refuse = value, expected, rtol, may_refuse
        self.counts = None   # where values are compared; None: everywhere
        self.atol = 1e-30    # beside rtol
        self.reading = None  # what is made of the result before it is compared; None: nothing
        self.levels = 0      # how far bytes may be apart, few of them: one in 500, or four


def pixels(image):
    array = np.asarray(image)
    return array[:, :, None] if array.ndim == 2 else array


def random_side(rng, largest=331):
    return int(rng.choice([s for s in SIDES if s <= largest]) if rng.integers(2) else rng.integers(1, largest + 1))


def random_array(rng, width=None, height=None):
    width, height = width or random_side(rng), height or random_side(rng)
    channels = int(rng.choice([1, 3, 4]))
    kind = rng.integers(3)
    if kind == 0:
        return image_files.noise(rng, width, height, channels)
    if kind == 1:
        return rng.integers(0, 256, (height, width, channels), dtype=np.uint8)
    return image_files.picture(rng, width, height, channels)


def array_case(name, pipeline, array, expected, gives="image"):
    return Case(f"{name} of {array.shape}", "image", gives, pipeline, array, expected)


def image_case(name, op, array, function, gives="image"):
    """`function` takes the PIL image."""
    result = function(image_files.to_image(array))
    if gives == "images":
        result = np.stack([pixels(part) for part in result])
    elif gives == "image":
        result = pixels(result)
    else:
        result = result.numpy()
    return Case(f"{name} of {array.shape}", "image", gives, [op], array, result)
