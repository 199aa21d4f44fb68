# SPDX-License-Identifier: Apache-2.0
"""Exif, whole and broken, and the files that carry it."""

import struct

import numpy as np
from PIL import Image

from image_files import encode, picture, to_image

ORIENTATION = 0x0112
BYTE, ASCII, SHORT, LONG, RATIONAL, SBYTE, UNDEFINED, SSHORT, SLONG, SRATIONAL, FLOAT, DOUBLE, IFD = range(1, 14)
LONG8 = 16
FORMATS = {BYTE: "B", ASCII: "B", SHORT: "H", LONG: "L", RATIONAL: "LL", SBYTE: "b", UNDEFINED: "B", SSHORT: "h",
           SLONG: "l", SRATIONAL: "ll", FLOAT: "f", DOUBLE: "d", IFD: "L", LONG8: "Q"}
MAGICS = {">": (b"MM\0*", b"MM*\0", b"MM\0+"), "<": (b"II*\0", b"II\0*")}


class Entry:
    """An entry of a directory. `value`: packed, of any length; what is longer than four bytes lies behind the directory,
    or at `offset`."""

    def __init__(self, tag, kind, value, count=None, offset=None):
        self.tag, self.kind, self.value, self.offset = tag, kind, value, offset
        size = struct.calcsize("<" + FORMATS[kind]) if kind in FORMATS else 1
        self.count = len(value) // size if count is None else count


def packed(order, kind, *numbers):
    return b"".join(struct.pack(order + FORMATS[kind], *np.atleast_1d(n).tolist()) for n in numbers)


def entry(order, value, kind=SHORT, tag=ORIENTATION, **options):
    return Entry(tag, kind, packed(order, kind, *np.atleast_1d(value)) if np.ndim(value) < 2
                 else packed(order, kind, *value), **options)


def tiff(order, entries, magic=None, directory=8, count=None, end=b"\0\0\0\0"):
    """A TIFF structure with one directory."""
    head = (magic or MAGICS[order][0]) + struct.pack(order + "L", directory)
    head += bytes(max(0, directory - len(head)))
    data = struct.pack(order + "H", len(entries) if count is None else count)
    behind, position = b"", directory + 2 + 12 * len(entries) + len(end)
    for item in entries:
        value = item.value
        if len(value) > 4 or item.offset is not None:
            at = position + len(behind) if item.offset is None else item.offset
            behind += value if item.offset is None else b""
            value = struct.pack(order + "L", at)
        data += struct.pack(order + "HHL", item.tag, item.kind, item.count) + value.ljust(4, b"\0")
    return head + data + end + behind


# ---- files


def small_picture():
    """Of a size and colours that tell the eight orientations apart."""
    return to_image(picture(np.random.default_rng(5), 11, 6, 3))


def jpeg(exif=b"", xmp=None, dpi=None):
    """A JPEG with this Exif, its prefix included. Without `dpi` Pillow reads the Exif already when it opens the file, and
    overlooks what is wrong with it."""
    data = encode(small_picture(), "JPEG", quality=90, **({"dpi": dpi} if dpi else {}))
    contents = [exif] if exif else []
    contents += [b"http://ns.adobe.com/xap/1.0/\0" + xmp] if xmp is not None else []
    return data[:2] + b"".join(b"\xff\xe1" + struct.pack(">H", len(c) + 2) + c for c in contents) + data[2:]


def jpeg_of(structure, xmp=None, dpi=None):
    return jpeg(b"Exif\0\0" + structure, xmp, dpi)


# ---- random structures


def random_value(rng, order, kind):
    numbers = rng.integers(0, 10, int(rng.choice([1, 1, 1, 2, 3])))
    if kind in (RATIONAL, SRATIONAL):
        signs = rng.choice([1, -1] if kind == SRATIONAL else [1], (len(numbers), 2))
        by = rng.integers(0, 4, len(numbers))
        return packed(order, kind, *(np.stack([numbers * np.maximum(by, 1), by], axis=1) * signs))
    if kind in (FLOAT, DOUBLE):
        return packed(order, kind, *(numbers + rng.choice([0, 0, 0.5, np.nan])))
    if kind in (SBYTE, SSHORT, SLONG):
        return packed(order, kind, *(numbers * rng.choice([1, 1, -1])))
    return packed(order, kind, *numbers) if kind in FORMATS else bytes(4)


def random_entry(rng, order):
    tag = int(rng.choice([ORIENTATION, ORIENTATION, 0x010F, 0x0110, 0x011A, 0x0128, 0x8769, int(rng.integers(1 << 16))]))
    kind = int(rng.choice([SHORT, SHORT, *FORMATS, 0, 14, 300]))
    options = {}
    if rng.integers(8) == 0:
        options["count"] = int(rng.choice([0, 1, 2, 5, 100, 1 << 31, (1 << 32) - 1]))
    if rng.integers(8) == 0:
        options["offset"] = int(rng.choice([0, 4, 8, 20, 60, 90, 5000, (1 << 32) - 1]))
    return Entry(tag, kind, random_value(rng, order, kind), **options)


def random_tiff(rng):
    order = str(rng.choice(["<", ">"]))
    entries = [random_entry(rng, order) for _ in range(int(rng.integers(0, 6)))]
    magic = None
    if rng.integers(5) == 0:
        magic = [*MAGICS["<"], *MAGICS[">"], b"II+\0", b"II\0+", b"MM\0\0", b"JJ*\0"][int(rng.integers(9))]
    data = tiff(order, entries, magic, directory=int(rng.choice([8, 8, 8, 10, 0, 3, 500])),
                count=int(rng.choice([len(entries)] * 4 + [len(entries) + 1, 65535])),
                end=bytes(int(rng.choice([4, 4, 2, 0]))))
    if rng.integers(5) == 0:
        data = data[: int(rng.integers(0, len(data) + 1))]
    if rng.integers(5) == 0 and data:
        data = bytearray(data)
        for _ in range(int(rng.integers(1, 4))):
            data[int(rng.integers(len(data)))] = int(rng.integers(256))
    return b"Exif\0\0" * int(rng.choice([0, 0, 0, 1])) + bytes(data)


def random_xmp(rng):
    texts = [f'tiff:Orientation="{rng.integers(10)}"', f"<tiff:Orientation>{rng.integers(10)}</tiff:Orientation>",
             "tiff:Orientation='6'", "tiff:Orientation=", 'tiff:Orientation="x"', "tiff:orientation>6", "tiff:Orientation"]
    text = "".join(str(t) for t in rng.choice(texts, int(rng.integers(1, 4))))
    return text.encode(str(rng.choice(["utf-8", "utf-8", "utf-8", "utf-16-le"])))


def orientation_by_pillow(image):
    """As ImageOps.exif_transpose finds it; 1 where it fails, which is a row of the table of differences."""
    try:
        return image.getexif().get(ORIENTATION, 1)
    except Exception:  # whatever the reader of TIFF raises
        return 1


def transposed_by_pillow(image):
    """exif_transpose without writing the Exif again, which fails for many a value."""
    methods = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
               5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
               8: Image.Transpose.ROTATE_90}
    method = methods.get(orientation_by_pillow(image))
    return image if method is None else image.transpose(method)
