# SPDX-License-Identifier: Apache-2.0
"""WebP files that make a decoder work, and Exif, which they carry: KINDS, and the bounds of what they may cost, for
hostile_cost.py."""

import io
import struct

import numpy as np
from PIL import Image

from hostile_file import Hostile

FIXED = 1_000_000
PER_BYTE = 13_000  # tables for a lossless image's codes, 65,536 times five at most; all else 200
PER_PIXEL = 100

EXIF, XMP, ANIMATION = 0x08, 0x04, 0x02


def chunk(name, content=b""):
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def riff(*chunks):
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def vp8x(flags, width=1, height=1):
    return chunk(b"VP8X", struct.pack("<I", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"))


# ---- lossless


class Bits:
    """The lowest bit of a byte first."""

    def __init__(self):
        self.value, self.count = [], 0

    def put(self, value, count):
        self.value.append(format(value, f"0{count}b")[::-1])

    def bytes(self):
        return int("".join(self.value)[::-1], 2).to_bytes(-(-sum(map(len, self.value)) // 8), "little")


def codes_of_one(bits, *symbols):
    """For green, red, blue, alpha, distance: a code of one symbol, which takes no bits."""
    for symbol in symbols:
        bits.put(0b101, 3)  # simple, of one symbol, of 8 bits
        bits.put(symbol, 8)


def code_of_256(bits):
    """Each symbol is eight bits, the highest first."""
    bits.put(0, 1)
    bits.put(8, 4)
    for length in [0] * 11 + [1]:  # the only length is 8
        bits.put(length, 3)
    bits.put(0b0111, 4)
    bits.put(254, 8)


def lossless(width, height, transforms=(), groups=0, tile=4):
    """Pixels of one colour, behind transforms: (kind, its colour) for tiles of 4x4 pixels. With `groups`, every tile of
    `tile` x `tile` has codes of its own."""
    bits = Bits()
    for value, count in ((0x2F, 8), (width - 1, 14), (height - 1, 14), (0, 4)):
        bits.put(value, count)
    for kind, colour in transforms:
        bits.put(1, 1)
        bits.put(kind, 2)
        if colour is not None:
            bits.put(0, 4)
            codes_of_one(bits, *colour)
    bits.put(0, 2)
    bits.put(1 if groups else 0, 1)
    if groups:
        bits.put(tile.bit_length() - 3, 3)
        bits.put(0, 1)
        code_of_256(bits)
        code_of_256(bits)
        codes_of_one(bits, 0, 255, 0)
        for index in range(groups):
            bits.put(int(format(index & 255, "08b")[::-1], 2), 8)
            bits.put(int(format(index >> 8, "08b")[::-1], 2), 8)
    for _ in range(max(groups, 1)):
        for _ in range(5):
            bits.put(0b0001, 4)  # simple, of the symbol 0
    return chunk(b"VP8L", bits.bytes() + bytes(8))


ONE_PIXEL = lossless(1, 1)


def of_one_colour(*transforms):
    """For each of `size` eight pixels, of which hardly any byte is in the file."""
    def make(size):
        width = size // 128
        return Hostile(riff(lossless(width, 1024, transforms)), width * 1024)
    return make


def groups_of_codes(tile):
    """As many tiles as there can be, each with codes of its own: 65,536 tables at most."""
    def make(size):
        columns = 128
        rows = size // 5 // columns
        width, height = columns * tile, rows * tile
        return Hostile(riff(lossless(width, height, groups=columns * rows, tile=tile)), width * height)
    return make


def encoded(make_image, **options):
    def make(size):
        buffer = io.BytesIO()
        image = make_image(size)
        image.save(buffer, "WEBP", **options)
        return Hostile(buffer.getvalue(), image.width * image.height)
    return make


def flat(size):
    return Image.new("RGB", (size // 128, 1024), (90, 120, 40))


def noise(channels):
    def make(size):
        return Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, size // 256, channels), dtype=np.uint8))
    return make


# ---- chunks


def many_chunks(name):
    return lambda size: Hostile(riff(vp8x(EXIF), ONE_PIXEL, chunk(name) * (size // 8)))


def many_frames(size):
    frame = chunk(b"ANMF", bytes(16) + ONE_PIXEL)
    return Hostile(riff(vp8x(ANIMATION), chunk(b"ANIM", bytes(6)), frame * (size // len(frame))))


def canvas(size):
    """An animation whose only frame is one pixel of a large canvas."""
    return Hostile(riff(vp8x(ANIMATION, size // 128, 1024), chunk(b"ANIM", bytes(6)), chunk(b"ANMF", bytes(16) + ONE_PIXEL)),
                   size * 8)


# ---- metadata


def entries(one):
    """An Exif directory of as many entries as fit: `one` gives the last eight bytes of an entry."""
    def make(size):
        count = size // 12
        directory = b"".join(struct.pack("<HH", 0x8000 + i, 7) + one(i, size) for i in range(count))
        return Hostile(riff(vp8x(EXIF), ONE_PIXEL, chunk(b"EXIF", struct.pack("<2sHIH", b"II", 42, 8, count) + directory)))
    return make


def xmp(text):
    return lambda size: Hostile(riff(vp8x(XMP), ONE_PIXEL, chunk(b"XMP ", text * (size // len(text)))))


KINDS = {
    "WebP: pixels of one colour": of_one_colour(),
    "WebP: pixels of one colour behind the slowest prediction": of_one_colour((0, (13, 0, 0, 255, 0))),
    "WebP: pixels of one colour behind three transforms": of_one_colour((0, (11, 0, 0, 255, 0)), (1, (5, 7, 9, 255, 0)), (2, None)),
    "WebP: codes for every tile": groups_of_codes(4),
    "WebP: codes for every tile, read with every slice": groups_of_codes(16),
    "WebP: flat, lossy": encoded(flat, quality=1, method=0),
    "WebP: noise, lossy": encoded(noise(3), quality=100, method=0),
    "WebP: noise, lossy with alpha": encoded(noise(4), quality=100, method=0),
    "WebP: noise, lossless": encoded(noise(4), lossless=True, exact=True, quality=0, method=0),
    "WebP: empty chunks": many_chunks(b"ABCD"),
    "WebP: empty Exif": many_chunks(b"EXIF"),
    "WebP: frames": many_frames,
    "WebP: a pixel on a canvas": canvas,
    "Exif: entries whose value is the whole": entries(lambda i, size: struct.pack("<II", size // 2, 8)),
    "Exif: entries without a value": entries(lambda i, size: struct.pack("<II", 0, 8)),
    "Exif: entries whose value is in them": entries(lambda i, size: struct.pack("<II", 4, 8)),
    "XMP: names without a value": xmp(b"tiff:Orientation"),
    "XMP: beginnings of the name": xmp(b"tiff:Orientatio"),
}
