#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the image files of the bad-input table: DIR/<name>.

    python tests/bad_input/make_images.py DIR
"""

import io
import struct
import sys
import zlib
from pathlib import Path

import numpy
from PIL import Image


def encoded(image, form, **options):
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bomb(width, height):
    """A valid header, and a few bytes that would inflate to a part of the first rows."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1 << 20), 9)) +
            chunk(b"IEND", b""))


def jpeg_bomb(width, height):
    small = bytearray(encoded(Image.new("RGB", (16, 16)), "JPEG"))
    frame = small.index(b"\xff\xc0")
    small[frame + 5:frame + 9] = struct.pack(">HH", height, width)
    return bytes(small)


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    noise = numpy.random.default_rng(7).integers(0, 256, (48, 64, 3), dtype=numpy.uint8)
    rgb = Image.fromarray(noise)
    jpeg, png, webp = encoded(rgb, "JPEG"), encoded(rgb, "PNG"), encoded(rgb, "WEBP")
    flipped = bytearray(png)
    flipped[len(png) // 2] ^= 0xFF
    files = {
        "valid.png": png,
        "empty": b"",
        "garbage": bytes(numpy.random.default_rng(8).integers(0, 256, 4096, dtype=numpy.uint8)),
        "text": b"<html>not found</html>",
        "gif": encoded(rgb, "GIF"),
        "one_byte": b"\xff",
        "jpeg_magic_only": b"\xff\xd8\xff",
        "png_magic_only": png[:8],
        "truncated.jpeg": jpeg[:len(jpeg) // 2],
        "truncated_header.jpeg": jpeg[:100],
        "truncated.png": png[:len(png) // 2],
        "truncated.webp": webp[:len(webp) // 2],
        "corrupt.png": bytes(flipped),
        "bomb.png": png_bomb(60000, 60000),
        "bomb.jpeg": jpeg_bomb(60000, 60000),
        "zero_width.png": png_bomb(0, 10),
        "cmyk.jpeg": encoded(rgb.convert("CMYK"), "JPEG"),
        "gray16.png": encoded(Image.fromarray((noise[:, :, 0].astype(numpy.uint16) << 8)), "PNG"),
        "one_bit.png": encoded(rgb.convert("1"), "PNG"),
        "palette.png": encoded(rgb.quantize(16), "PNG"),
        "progressive.jpeg": encoded(rgb, "JPEG", progressive=True),
        "gray.jpeg": encoded(rgb.convert("L"), "JPEG"),
        "alpha.png": encoded(rgb.convert("RGBA"), "PNG"),
    }
    for name, content in files.items():
        (out / name).write_bytes(content)


if __name__ == "__main__":
    main()
