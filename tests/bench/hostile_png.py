# SPDX-License-Identifier: Apache-2.0
"""PNG files that make a decoder work: KINDS, and the bounds of what they may cost, for hostile_cost.py.

Texts that have to be unpacked count as pixels, a byte as one. A row of less than 16 pixels counts as 16.
"""

import pathlib
import struct
import sys
import zlib

from hostile_file import Hostile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "parity"))

import image_files  # noqa: E402
from png_files import GRAY, PALETTE, RGB, RGBA, assemble, frame, header, idat, picture  # noqa: E402

FIXED = 3_000_000
PER_BYTE = 700
PER_PIXEL = 200
LEAST_ROW = 16

MIB = 1 << 20
MOST_UNPACKED = 64 * MIB
BEHIND_STREAM = bytes(4)  # instead of a checksum


def repeated(chunk, behind=False, colour=RGB, unpacked=0):
    """As many chunks as the size has bytes for, before or behind the pixels; fewer where they have to be unpacked."""
    def make(size):
        count = size >> 13 if unpacked else size // (len(chunk[1]) + 12)
        before, pixels, end = picture(colour, 8)
        chunks = [chunk] * count
        data = assemble(before + (pixels + chunks if behind else chunks + pixels) + end)
        return Hostile(data, min(count * unpacked, MOST_UNPACKED + MIB))
    return make


def many_chunks(content_bytes):
    """The pixel data of a large image in chunks of so many bytes, between empty ones."""
    def make(size):
        width, height = 64, size // 64
        data = zlib.compress(b"".join(b"\1" + bytes(range(64)) for _ in range(height)), 0)
        parts = [(b"IDAT", data[at : at + content_bytes]) for at in range(0, len(data), content_bytes)]
        chunks = [chunk for part in parts for chunk in (part, (b"IDAT", b""))]
        return Hostile(assemble([header(width, height, 8, GRAY)] + chunks + [(b"IEND", b"")]), width * height)
    return make


def blocks(block):
    """Blocks of compressed data that hold nothing, in front of the one that holds the pixels."""
    def make(size):
        before, _, end = picture(GRAY, 8, height=1)
        pixels = zlib.compress(bytes(8), 0)
        return Hostile(assemble(before + [(b"IDAT", pixels[:2] + block * (size // len(block)) + pixels[2:])] + end))
    return make


def from_bits(*fields):
    """(value, bits), lowest bit first, up to a whole byte; a string is a code, highest bit first."""
    bits = "".join(f if isinstance(f, str) else format(f[0], f"0{f[1]}b")[::-1] for f in fields)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))


EMPTY_STORED = from_bits((0, 1), (0, 2)) + b"\0\0\xff\xff"
# A block with its own codes: for the end and for a distance, of a bit each; the lengths of all others are 0. Behind it an
# empty stored block, so that it ends with a byte.
EMPTY_DYNAMIC = from_bits((0, 1), (2, 2), (0, 5), (0, 5), (14, 4), *[(1 if n in (1, 18) else 0, 3) for n in
                          (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1)],
                          "1", (127, 7), "1", (107, 7), "0", "0", "0", (0, 1), (0, 2)) + b"\0\0\xff\xff"


def flat_rows(width, height, bits, interlaced, filter_type):
    """Rows of one colour, which compress as well as can be."""
    for left, top, across, down in image_files.ADAM7 if interlaced else ((0, 0, 1, 1),):
        columns, count = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0:
            yield (bytes([filter_type]) + bytes([1]) * -(-columns * bits // 8)) * max(count, 0)


def large(interlaced=False, width=256, keep=1.0, spoil=False, colour=GRAY, depth=8, filter_type=0):
    """A large image of one colour; of its data a part, or with a wrong checksum."""
    def make(size):
        height = size // 4 if width < LEAST_ROW else size * 8 // width
        before = [header(width, height, depth, colour, int(interlaced))]
        bits = image_files.PNG_CHANNELS[colour] * depth
        data = zlib.compress(b"".join(flat_rows(width, height, bits, interlaced, filter_type)), 9)
        data = data[: int(len(data) * keep)]
        data = data[:-4] + BEHIND_STREAM if spoil else data
        return Hostile(assemble(before + [(b"IDAT", data), (b"IEND", b"")]), max(width, LEAST_ROW) * height)
    return make


BOMB = zlib.compress(bytes(MIB - 1), 9)
XMP, PROFILE = b"XML:com.adobe.xmp\0", b"Raw profile type exif\0"

KINDS = {
    "PNG: empty chunks": repeated((b"prVt", b"")),
    "PNG: empty chunks behind the pixels": repeated((b"prVt", b""), behind=True),
    "PNG: empty Exif": repeated((b"eXIf", b"")),
    "PNG: empty Exif behind the pixels": repeated((b"eXIf", b""), behind=True),
    "PNG: texts": repeated((b"tEXt", b"a\0b")),
    "PNG: profiles in texts": repeated((b"tEXt", PROFILE + b"\n\n\n00")),
    "PNG: one long profile": lambda size: repeated((b"tEXt", PROFILE + b"\n\n\n" + b"00\n" * (size // 3)))(2 * size),
    "PNG: packed texts": repeated((b"zTXt", b"a\0\0" + BOMB)),
    "PNG: packed XMP, one of which counts": repeated((b"zTXt", XMP + b"\0" + BOMB)),
    "PNG: packed international XMP": repeated((b"iTXt", XMP + b"\1\0\0\0" + BOMB), unpacked=MIB),
    "PNG: packed international XMP that is at fault": repeated((b"iTXt", XMP + b"\1\0\0\0" + BOMB[:-4] + bytes(4)),
                                                              unpacked=MIB),
    "PNG: packed XMP of empty blocks": lambda size: repeated(
        (b"zTXt", XMP + b"\0\x78\x9c" + EMPTY_DYNAMIC * (size // len(EMPTY_DYNAMIC))))(2 * size),
    "PNG: profiles of colours": repeated((b"iCCP", b"a\0\0" + BOMB)),
    "PNG: palettes": repeated((b"PLTE", bytes(768)), colour=PALETTE),
    "PNG: transparency": repeated((b"tRNS", bytes(256)), colour=PALETTE),
    "PNG: headers": repeated(header(7, 5, 8, RGB)),
    "PNG: animation controls": repeated((b"acTL", struct.pack(">II", 1, 0))),
    "PNG: one frame": lambda size: Hostile(assemble(picture(RGB, 8)[0] + [frame(i, 7, 5, 0, 0) for i in range(size // 38)]
                                                    + picture(RGB, 8)[1] + picture(RGB, 8)[2])),
    "PNG: empty chunks of pixels": lambda size: Hostile(assemble(
        picture(RGB, 8)[0] + [(b"IDAT", b"")] * (size // 12) + picture(RGB, 8)[1] + picture(RGB, 8)[2])),
    "PNG: chunks of a byte of pixels": many_chunks(1),
    "PNG: empty stored blocks": blocks(EMPTY_STORED),
    "PNG: empty blocks with their own codes": blocks(EMPTY_DYNAMIC),
    "PNG: pixel data behind the last pixel": lambda size: Hostile(assemble(
        picture(RGB, 8)[0] + idat(zlib.decompress(picture(RGB, 8)[1][0][1]) + bytes(size)) + picture(RGB, 8)[2])),
    "PNG: one colour": large(),
    "PNG: one colour, few pixels wide": large(width=32),
    "PNG: one colour, interlaced": large(interlaced=True),
    "PNG: one colour, wrong checksum": large(spoil=True),
    "PNG: one colour, cut off": large(keep=0.5),
    "PNG: RGBA of 16 bits": large(colour=RGBA, depth=16, filter_type=4),
    "PNG: RGBA of 16 bits, wrong checksum": large(colour=RGBA, depth=16, filter_type=4, spoil=True),
    "PNG: RGBA of 16 bits, interlaced, wrong checksum": large(True, colour=RGBA, depth=16, filter_type=3, spoil=True),
    "PNG: a bit a pixel, interlaced": large(True, depth=1),
    "PNG: one pixel wide, wrong checksum": large(width=1, depth=1, spoil=True),
    "PNG: three pixels wide, interlaced, wrong checksum": large(True, width=3, depth=1, spoil=True),
    "PNG: eight pixels wide, interlaced, wrong checksum": large(True, width=8, depth=1, spoil=True),
    "PNG: no chunks but a header": lambda size: Hostile(assemble([header(7, 5, 8, RGB)]) + bytes(size)),
}
