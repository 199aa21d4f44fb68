# SPDX-License-Identifier: Apache-2.0
"""JPEG files that make a decoder work: KINDS, and the bounds of what they may cost, for hostile_cost.py.

libjpeg decodes whole MCUs, of up to 32x32 pixels: a shorter side counts as 32.
"""

import random
import struct

from hostile_file import Hostile

FIXED = 1_000_000
PER_BYTE = 150
PER_PIXEL = 60
LEAST_SIDE = 32

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
QUANTIZATION = b"\xff\xdb\x00\x43\x00" + bytes([16] * 64)
ONE_CODE = bytes([1] + [0] * 15)  # of one bit


def segment(marker, content=b""):
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def huffman(table, values):
    """Codes of eight bits for all the values."""
    return segment(0xC4, bytes([table] + [0] * 7 + [len(values)] + [0] * 8) + bytes(values))


def frame(marker, width, height, components=1, factors=0x11):
    parts = b"".join(bytes([i + 1, factors if i == 0 else 0x11, 0]) for i in range(components))
    return segment(marker, struct.pack(">BHHB", 8, height, width, components) + parts)


def scan(components=(1,), first=0, last=63, bits=0):
    return segment(0xDA, bytes([len(components)]) + b"".join(bytes([c, 0]) for c in components)
                   + bytes([first, last, bits]))


TABLES = QUANTIZATION + segment(0xC4, b"\x00" + ONE_CODE + b"\x00") + segment(0xC4, b"\x10" + ONE_CODE + b"\x00")
SMALL = TABLES + frame(0xC0, 8, 8) + scan() + b"\x3f"  # one gray block: two codes of one bit


def repeated(piece, behind_the_scan=False, begin=b""):
    """As many pieces as the size has bytes for, in front of the picture or behind it."""
    def make(size):
        pieces = begin + piece * (size // len(piece))
        return Hostile(SOI + SMALL + pieces + EOI if behind_the_scan else SOI + pieces + SMALL + EOI)
    return make


def large(marker, scans=1, components=1, restart=False, data=b"", end=EOI, factors=0x11):
    """An image of `size` times 16 pixels, with next to no data for them."""
    def make(size):
        width, height = 512, size // 32
        one = scan(range(1, components + 1)) if marker in (0xC0, 0xC9) else scan(range(1, components + 1), 0, 0)
        head = SOI + TABLES + (segment(0xDD, b"\0\1") if restart else b"") + frame(marker, width, height, components, factors)
        return Hostile(head + (one + data) * scans + end, width * height * components * scans)
    return make


def one_pixel(marker, components, factors, is_wide=False):
    """An image of one row or column."""
    def make(size):
        sides = (size // 4, 1) if is_wide else (1, size // 4)
        head = SOI + TABLES + frame(marker, *sides, components, factors)
        return Hostile(head + scan(range(1, components + 1)) + EOI, size // 4 * LEAST_SIDE * components)
    return make


def arithmetic(size):
    """Noise, which makes codes that are as long as the data lasts."""
    noise = random.Random(1).randbytes(size // 4).replace(b"\xff", b"\xfe")
    return large(0xC9, data=noise)(size)


KINDS = {
    "JPEG: empty APP1 segments": repeated(segment(0xE1)),
    "JPEG: APP1 segments of Exif": repeated(segment(0xE1, b"Exif\0\0")),
    "JPEG: APP1 segments of XMP": repeated(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0")),
    "JPEG: empty APP0 segments": repeated(segment(0xE0)),
    "JPEG: APP0 segments of JFIF": repeated(segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")),
    "JPEG: APP13 segments with resources": repeated(segment(0xED, b"Photoshop 3.0\0" + (b"8BIM" + bytes(8)) * 600)),
    "JPEG: APP2 segments of profiles": repeated(segment(0xE2, b"ICC_PROFILE\0" + b"\xff" * 8000)),
    "JPEG: empty comments": repeated(segment(0xFE)),
    "JPEG: empty Huffman tables": repeated(segment(0xC4, bytes(17))),
    "JPEG: Huffman tables in one segment": repeated(segment(0xC4, bytes(17 * 400))),
    "JPEG: quantization tables": repeated(QUANTIZATION),
    "JPEG: restart intervals": repeated(segment(0xDD, b"\0\0")),
    "JPEG: restart markers in front of the scan": repeated(b"\xff\xd0"),
    "JPEG: files of tables": lambda size: Hostile((SOI + EOI) * (size // 4) + SOI + SMALL + EOI),
    "JPEG: fill bytes": repeated(b"\xff"),
    "JPEG: junk between segments": repeated(b"\0", begin=segment(0xFE)),
    "JPEG: stuffed bytes between segments": repeated(b"\xff\0"),
    "JPEG: a header without a scan": lambda size: Hostile(SOI + segment(0xE1) * (size // 4)),
    "JPEG: empty APP1 segments behind the scan": repeated(segment(0xE1), behind_the_scan=True),
    "JPEG: empty Huffman tables behind the scan": repeated(segment(0xC4, bytes(17)), behind_the_scan=True),
    "JPEG: restart markers behind the scan": repeated(b"\xff\xd0", behind_the_scan=True),
    "JPEG: stuffed bytes behind the scan": repeated(b"\xff\x00", behind_the_scan=True),
    "JPEG: junk behind the scan": repeated(b"\x00", behind_the_scan=True),
    "JPEG: no end behind the scan": lambda size: Hostile(SOI + SMALL + bytes(size)),
    "JPEG: next to no data": large(0xC0),
    "JPEG: next to no data, in colour": large(0xC0, components=3, factors=0x22),
    "JPEG: next to no data, then another image": large(0xC0, end=SOI + SMALL + EOI),
    "JPEG: a restart for every block, next to no data": large(0xC0, restart=True),
    "JPEG: a restart for every block, and all the same": large(0xC0, restart=True, data=b"\xff\xd3" * 5000),
    "JPEG: one pixel wide": one_pixel(0xC0, 1, 0x11),
    "JPEG: one pixel wide, in colour": one_pixel(0xC0, 3, 0x42),
    "JPEG: one pixel high, in colour": one_pixel(0xC0, 3, 0x24, is_wide=True),
    "JPEG: arithmetic, noise": arithmetic,
    "JPEG: arithmetic, next to no data": large(0xC9),
    "JPEG: progressive, next to no data": large(0xC2),
    "JPEG: 60 scans, next to no data": large(0xC2, scans=60),
}
