# SPDX-License-Identifier: Apache-2.0
"""Files with Exif of every kind that was once read otherwise than by Pillow: KINDS, for file_kinds.py."""

import struct

import exif_files
import image_files
from exif_files import (ASCII, BYTE, DOUBLE, FLOAT, IFD, LONG, LONG8, ORIENTATION, RATIONAL, SBYTE, SHORT, SLONG, SRATIONAL,
                        SSHORT, UNDEFINED, Entry, entry, jpeg, jpeg_of, packed, tiff)

ORDERS = ("<", ">")
BEYOND = 60000
MAKE, MODEL = 0x010F, 0x0110
XMP = image_files.xmp_with(3)


def webp_of(structure, xmp=b""):
    return image_files.encode(exif_files.small_picture(), "WEBP", lossless=True, exif=structure, xmp=xmp)


def carried(structures, xmp=None):
    """Each in a JPEG with and without a resolution, and in a WebP."""
    for structure in structures:
        yield from (jpeg_of(structure, xmp), jpeg_of(structure, xmp, dpi=(72, 72)), webp_of(structure, xmp or b""))


def orientation_twice():
    for order in ORDERS:
        yield from carried([
            tiff(order, [entry(order, 6), entry(order, 3)]),
            tiff(order, [entry(order, 1), entry(order, 6)]),
            tiff(order, [entry(order, 300), entry(order, 6)]),
            tiff(order, [entry(order, 6, count=0), entry(order, 3)]),  # without a value: the second is the first
            tiff(order, [Entry(ORIENTATION, 99, b"\0\6\0\6"), entry(order, 3)]),  # of an unknown type
            tiff(order, [entry(order, ord("6"), ASCII), entry(order, 3)]),
        ])


def value_outside():
    """An entry whose value is cut off ends the directory, unless its tag was read before."""
    for order in ORDERS:
        text = packed(order, ASCII, *b"somebody")
        outside = Entry(MAKE, ASCII, text, offset=BEYOND)
        yield from carried([
            tiff(order, [outside, entry(order, 6)]),
            tiff(order, [entry(order, 6), outside]),
            tiff(order, [Entry(MAKE, ASCII, text), outside, entry(order, 6)]),
            tiff(order, [Entry(MAKE, 99, text, count=8, offset=BEYOND), entry(order, 6)]),
            tiff(order, [Entry(MAKE, ASCII, text, count=4, offset=BEYOND), entry(order, 6)]),
        ], XMP)


def values_beyond_size():
    """Values that are together larger than the Exif are skipped, inside or not."""
    for order in ORDERS:
        text = packed(order, ASCII, *b"x" * 40)
        large = [Entry(0xC000 + i, ASCII, text, offset=8) for i in range(8)]
        long = entry(order, [6] * 4, LONG)
        yield from carried([
            tiff(order, [Entry(MAKE, ASCII, text, count=1 << 30, offset=BEYOND), entry(order, 6)]),
            tiff(order, [Entry(MAKE, ASCII, text, count=1 << 30, offset=BEYOND), long]),
            tiff(order, [*large, long]),
            tiff(order, [*large, entry(order, 6)]),
            tiff(order, [long, *large]),
        ])


def every_type():
    for order in ORDERS:
        yield from carried([
            *(tiff(order, [entry(order, 6, kind)]) for kind in exif_files.FORMATS if kind not in (RATIONAL, SRATIONAL)),
            *(tiff(order, [entry(order, [6, 1], kind)]) for kind in (SHORT, LONG, SBYTE, SSHORT, SLONG, IFD, LONG8, BYTE)),
            *(tiff(order, [entry(order, [1, 6, 6, 6, 6], kind)]) for kind in (SHORT, BYTE, ASCII, UNDEFINED, FLOAT)),
            *(tiff(order, [Entry(ORIENTATION, RATIONAL, packed(order, RATIONAL, pair))])
              for pair in ((6, 1), (12, 2), (12, 0), (0, 0), (13, 2), (6, 4))),
            *(tiff(order, [Entry(ORIENTATION, SRATIONAL, packed(order, SRATIONAL, pair))])
              for pair in ((6, 1), (-6, -1), (-6, 1), (12, -2), (-12, -2))),
            *(tiff(order, [entry(order, value, kind)]) for kind in (FLOAT, DOUBLE)
              for value in (6.5, -6.0, float("nan"), float("inf"), 8.0, 9.0, 0.0)),
            *(tiff(order, [entry(order, -6, kind)]) for kind in (SBYTE, SSHORT, SLONG)),
        ])


def byte_orders():
    for order in ORDERS:
        for magic in exif_files.MAGICS[order]:
            yield from carried([tiff(order, [entry(order, 6)], magic)], XMP)


def prefixes():
    structure = tiff(">", [entry(">", 6)])
    for count in range(3):
        yield webp_of(b"Exif\0\0" * count + structure)
        if count < 2:  # a JPEG's has one already
            yield from (jpeg_of(b"Exif\0\0" * count + structure), jpeg_of(b"Exif\0\0" * count + structure, dpi=(72, 72)))


def xmp_behind_exif():
    """XMP where the Exif is empty, or its directory has no orientation as far as it can be read."""
    for order in ORDERS:
        other = Entry(MODEL, ASCII, b"abcdefgh")
        whole = tiff(order, [other])
        yield from carried([whole, tiff(order, []), whole[:9], whole[:12], tiff(order, [], directory=500),
                            tiff(order, [entry(order, 9)]), tiff(order, [entry(order, 0)])], XMP)
    yield from (jpeg(b"Exif\0\0", XMP), jpeg(b"Exif\0\0" * 2, XMP), jpeg(b"", XMP), jpeg(b"", b""))
    for text in (b'tiff:Orientation="x" tiff:Orientation>6', b"tiff:Orientation='6'", b"tiff:Orientation=\"",
                 'tiff:Orientation="6"'.encode("utf-16-le"), b'\xff\xfe tiff:Orientation="6"', b'tiff:Orientation="9"',
                 b'tiff:Orientation="0"tiff:Orientation="6"', b'tiff:Orientation=" 6"', b'tiff:Orientation="66"',
                 'tiff:Orientation="\N{ARABIC-INDIC DIGIT SIX}"'.encode()):
        yield jpeg(b"", text)


def directories():
    """Directories elsewhere, with more entries than there are, cut off anywhere."""
    for order in ORDERS:
        whole = tiff(order, [Entry(MODEL, ASCII, b"abcdefgh"), entry(order, 6)])
        yield from carried([tiff(order, [entry(order, 6)], directory=40), tiff(order, [entry(order, 6)], count=65535),
                            tiff(order, [entry(order, 6)], count=0), tiff(order, [entry(order, 6)], directory=1),
                            struct.pack(order + "2sHL", b"MM" if order == ">" else b"II", 42, 0)])
        yield from (jpeg_of(whole[:size], XMP) for size in range(8, len(whole)))


NO_TIFF = [b"\0", b"MM\0*", b"MM\0*\0\0\0", b"II+\0\x08\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\0", b"JJ*\0\0\0\0\x08", b"Exif\0\0" * 2 + b"MM"]


def no_tiff():
    """Pillow's getexif raises."""
    for structure in NO_TIFF:
        yield from (jpeg_of(structure, XMP, dpi=(72, 72)), webp_of(b"Exif\0\0" + structure))


def no_tiff_read_early():
    """Pillow looks for the resolution when it opens the file, overlooks the error, and the XMP with it."""
    for structure in NO_TIFF:
        yield from (jpeg_of(structure, XMP), jpeg_of(structure))


def not_writable():
    """Pillow's exif_transpose turns the image, writes the rest of the Exif, and fails at this."""
    for order in ORDERS:
        wide = Entry(0x0100, ASCII, b"wide\0")  # ImageWidth, which is a number
        yield from (jpeg_of(tiff(order, [wide, entry(order, value)])) for value in (2, 6, 8))


KINDS = {
    "Exif: orientation twice": orientation_twice,
    "Exif: a value outside": value_outside,
    "Exif: values larger than the whole": values_beyond_size,
    "Exif: orientations of every type": every_type,
    "Exif: byte orders": byte_orders,
    "Exif: prefixes": prefixes,
    "Exif: XMP behind it": xmp_behind_exif,
    "Exif: directories cut off and elsewhere": directories,
    "Exif: no TIFF structure": no_tiff,
    "Exif: no TIFF structure, in a JPEG without a resolution": no_tiff_read_early,
    "Exif: a value that Pillow cannot write": not_writable,
}
