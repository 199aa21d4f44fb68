# SPDX-License-Identifier: Apache-2.0
"""Makes PNG files chunk by chunk, right ones and others, for png_kinds.py."""

import random
import struct
import zlib

import image_files

GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
KINDS_OF_SAMPLES = [(GRAY, 1), (GRAY, 2), (GRAY, 4), (GRAY, 8), (GRAY, 16), (RGB, 8), (RGB, 16), (PALETTE, 1), (PALETTE, 2),
                    (PALETTE, 4), (PALETTE, 8), (GRAY_ALPHA, 8), (GRAY_ALPHA, 16), (RGBA, 8), (RGBA, 16)]
SIGNATURE = b"\x89PNG\r\n\x1a\n"
WIDTH, HEIGHT = 7, 5


def number(value):
    return struct.pack(">I", value)


def raw_chunk(name, content):
    return image_files.chunk(name, content)


def assemble(chunks, broken_checksum=None):
    """A file of (name, content)."""
    parts = [raw_chunk(*chunk) for chunk in chunks]
    if broken_checksum is not None:
        part = parts[broken_checksum]
        parts[broken_checksum] = part[:-1] + bytes([part[-1] ^ 1])
    return SIGNATURE + b"".join(parts)


def header(width, height, depth, colour, interlaced=0):
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)


def rows(colour, depth, interlaced=False, width=WIDTH, height=HEIGHT):
    """Rows behind random filters, of few different bytes, so that transparent colours are met."""
    chance = random.Random(f"{colour} {depth} {width} {height}")
    bits = image_files.PNG_CHANNELS[colour] * depth
    passes = image_files.ADAM7 if interlaced else ((0, 0, 1, 1),)
    found = []
    for left, top, across, down in passes:
        columns, count = -(-(width - left) // across), -(-(height - top) // down)
        for _ in range(count if columns > 0 else 0):
            row = bytes(chance.choice((0, 1, 5, 0x50, 255)) for _ in range((columns * bits + 7) // 8))
            found.append(bytes([chance.choice((0, 0, 0, 1, 2, 3, 4))]) + row)
    return found


def idat(data):
    return [(b"IDAT", zlib.compress(data))]


def picture(colour, depth, interlaced=False, has_palette=True, height=HEIGHT):
    """The chunks before the pixels, those of the pixels, and the last one."""
    before = [header(WIDTH, height, depth, colour, int(interlaced))]
    if colour == PALETTE and has_palette:
        before.append((b"PLTE", random.Random(depth).randbytes(3 << depth)))
    return before, idat(b"".join(rows(colour, depth, interlaced, height=height))), [(b"IEND", b"")]


def split(pixels, count):
    """The same data in so many chunks."""
    data = b"".join(content for _, content in pixels)
    ends = [len(data) * i // count for i in range(count + 1)]
    return [(b"IDAT", data[begin:end]) for begin, end in zip(ends, ends[1:])]


def compressed(data, window_bits):
    packer = zlib.compressobj(9, zlib.DEFLATED, window_bits)
    return packer.compress(data) + packer.flush()


def with_check(first, second):
    """The two bytes in front of compressed data, the second with the check bits that it needs."""
    return bytes([first, second + -(first * 256 + second) % 31])


def frame(sequence, width, height, left, top):
    """The description of a frame of an animation."""
    return b"fcTL", struct.pack(">IIIIIHHBB", sequence, width, height, left, top, 1, 10, 0, 0)


def exif(orientation):
    return image_files.exif_with(orientation)[len(b"Exif\0\0") :]


def profile(orientation):
    """Exif as ImageMagick writes it into a text."""
    digits = image_files.exif_with(orientation).hex()
    lines = [digits[begin : begin + 36] for begin in range(0, len(digits), 36)]
    return b"Raw profile type exif", "\n".join(["", "exif", f"{len(digits) // 2:8}", *lines, ""]).encode()


def xmp(orientation):
    return b"XML:com.adobe.xmp", image_files.xmp_with(orientation)


def text(key, value):
    return b"tEXt", key + b"\0" + value


def ztxt(key, value):
    return b"zTXt", key + b"\0\0" + zlib.compress(value)


def itxt(key, value, is_packed=True, language=b"en", translation=b""):
    value = zlib.compress(value) if is_packed else value
    return b"iTXt", key + b"\0" + (b"\1" if is_packed else b"\0") + b"\0" + language + b"\0" + translation + b"\0" + value
