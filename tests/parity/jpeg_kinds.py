# SPDX-License-Identifier: Apache-2.0
"""JPEG files of every kind that was once read otherwise than by Pillow: KINDS, for file_kinds.py."""

import functools
import struct

import numpy as np

from image_files import encode, exif_with, picture, to_image, xmp_with

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
BLOCK = 65536  # in which Pillow reads a file
XMP = b"http://ns.adobe.com/xap/1.0/\0"


def segment(marker, content=b"", length=None):
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2 if length is None else length) + content


@functools.lru_cache(None)
def photo(width=61, height=43, channels=3, **options):
    return encode(to_image(picture(np.random.default_rng(7), width, height, channels)), "JPEG", **options)


def cmyk(width=24, height=16, **options):
    from PIL import Image
    return encode(Image.fromarray(picture(np.random.default_rng(8), width, height, 4), "CMYK"), "JPEG", **options)


def segments(jpeg):
    """(marker, first byte, byte behind) of every segment in front of the first scan's data."""
    at = 2
    while True:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        yield jpeg[at + 1], at, end
        if jpeg[at + 1] == 0xDA:
            return
        at = end


def without(jpeg, *markers):
    return SOI + b"".join(jpeg[at:end] for marker, at, end in segments(jpeg) if marker not in markers) + data_of(jpeg)


def data_of(jpeg):
    """What is behind the header of the first scan."""
    return jpeg[list(segments(jpeg))[-1][2] :]


def with_front(jpeg, extra, keep=()):
    """`extra` in front of everything, in place of the segments that describe the file but those of `keep`."""
    described = [marker for marker in range(0xE0, 0xF0) if marker not in keep]
    return SOI + extra + without(jpeg, *described)[2:]


def behind(jpeg, extra):
    return jpeg[:-2] + extra + EOI


def with_scans(jpeg, count):
    """The file as it would be had only its first scans been written."""
    at = 2
    for _ in range(count + 1):
        at = jpeg.find(b"\xff\xda", at + 1)
    return jpeg[:at] + EOI if at >= 0 else jpeg


# ---- behind the scan


def markers_behind():
    for marker in range(1, 255):
        for content in (b"", b"\0\2", b"\0\7Adobe"):
            yield behind(photo(17, 9), bytes([0xFF, marker]) + content)


def images_behind():
    for jpeg in (photo(), photo(progressive=True), photo(restart_marker_rows=1), photo(channels=1)):
        other = photo(8, 8)
        for share in (0.4, 0.7, 0.95):
            cut = jpeg[: int(len(jpeg) * share)]
            yield cut + other
            yield cut + other[2:]
            yield cut + EOI + other
            yield cut + b"\xff\xda\0\2" + EOI
        yield jpeg[:-2] + other
        yield jpeg + other
        yield behind(jpeg, b"\0" * 40)
        yield behind(jpeg, b"\xff" * 40)
        yield behind(jpeg, segment(0xC4, b"\x00" * 9))
        yield behind(jpeg, segment(0xDB, b"\x00" * 9))


def blocks_behind():
    """Pillow looks for errors only in the block of the file that the last row is in."""
    wrong = photo(8, 8)
    for front in (0, 60000, 65000):
        comment = segment(0xFE, b"x" * front)
        jpeg = with_front(photo(), comment)
        end = len(jpeg) - 2
        for position in (BLOCK - 300, BLOCK - 1, BLOCK, BLOCK + 1, BLOCK + 300, 2 * BLOCK, 2 * BLOCK + 1):
            if position > end:
                yield behind(jpeg, b"\0" * (position - end) + wrong)
                yield behind(jpeg, segment(0xFE, b"x" * min(position - end, 65000)) + wrong)
    for last in range(BLOCK - 8, BLOCK + 8):  # where the scan ends
        for extra in (wrong, b"\0\0" + wrong, b""):
            jpeg = with_front(photo(), b"")
            yield behind(with_front(photo(), segment(0xFE, b"x" * (last - len(jpeg) - 2))), extra)


def large_files():
    """Scans over several blocks."""
    rng = np.random.default_rng(5)
    for options in ({"quality": 95},
                    {"quality": 50, "progressive": True, "subsampling": 1}, {"quality": 95, "restart_marker_rows": 2}):
        jpeg = encode(to_image(rng.integers(0, 256, (210, 310, 3), dtype=np.uint8)), "JPEG", **options)
        yield jpeg
        yield jpeg[:-2]
        yield jpeg[: BLOCK]
        yield jpeg[: len(jpeg) // 2] + jpeg
        yield jpeg[: len(jpeg) // 2] + EOI
        yield behind(jpeg, bytes(BLOCK) + jpeg)
        yield behind(jpeg, b"\xff\x02")


def cut_files():
    for jpeg in (photo(9, 9), photo(9, 9, progressive=True), photo(9, 9, channels=1, restart_marker_rows=1)):
        for size in range(len(jpeg)):
            yield jpeg[:size]


def damaged_files():
    rng = np.random.default_rng(11)
    kinds = [photo(), photo(progressive=True, subsampling=0), photo(restart_marker_blocks=3), photo(channels=1), cmyk(),
             photo(subsampling=1)]
    for i in range(400):
        jpeg = bytearray(kinds[i % len(kinds)])
        for _ in range(int(rng.integers(1, 5))):
            jpeg[int(rng.integers(2, len(jpeg)))] = int(rng.integers(0, 256))
        yield bytes(jpeg)


# ---- scans left out


def scans_left_out(sizes, channels=(3, 1), **options):
    def make():
        for width, height in sizes:
            for count in channels:
                jpeg = photo(width, height, count, progressive=True, **options)
                for scans in range(1, 4):
                    yield with_scans(jpeg, scans)
    return make


def last_scans_left_out():
    """What is missing are low bits that libjpeg does not guess."""
    for subsampling in (0, 1, 2):
        jpeg = photo(progressive=True, subsampling=subsampling)
        yield with_scans(jpeg, jpeg.count(b"\xff\xda") - 1)


# ---- in front of the scan


def markers_in_front():
    jpeg = photo(17, 9)
    for marker in range(1, 255):
        for content in (b"", b"\0\2"):
            yield with_front(jpeg, bytes([0xFF, marker]) + content)
    for junk in (b"\0", b"\xff", b"\xff\0", b"junk", b"\xff\xff\xff\0\0\xff"):
        yield with_front(jpeg, segment(0xFE) + junk)


def short_segments():
    for jpeg in (photo(17, 9), cmyk()):
        for marker, content in ((0xE0, b"JFIF\0\1\1\1\0\x48\0\x48\0\0"), (0xEE, b"Adobe\0\x64\0\0\0\0\1"),
                                (0xE1, XMP + xmp_with(6)), (0xE2, b"ICC_PROFILE\0\1\1profile"),
                                (0xED, b"Photoshop 3.0\x008BIM\x03\xed\0\0" + struct.pack(">I", 16) + bytes(16)),
                                (0xE2, b"MPF\0II*\0\x08\0\0\0\0\0")):
            for size in range(len(content)):
                yield with_front(jpeg, segment(marker, content[:size]))
            yield with_front(jpeg, segment(marker, content))
            yield with_front(jpeg, segment(marker, content) * 2)


def wrong_lengths():
    jpeg = photo(17, 9)
    for marker in (0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE, 0xC4, 0xDB, 0xDD):
        for length in (0, 1, 2, 3, 4, 65535):
            yield with_front(jpeg, segment(marker, b"\0\0", length))


def colour_markers():
    """What says which colours the components are."""
    rgb = photo(17, 9, keep_rgb=True)
    for jpeg in (photo(17, 9), rgb, cmyk(), photo(17, 9, channels=1)):
        jfif = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
        for size in (6, 7, 11, 12, 13, 40):
            for transform in (0, 1, 2, 3, 255):
                adobe = segment(0xEE, (b"Adobe\0\x64\0\0\0\0" + bytes([transform]) + bytes(40))[:size])
                for extra in (adobe, jfif + adobe, adobe + jfif):
                    yield with_front(jpeg, extra)
        for first in (0, 1, 2):
            for second in (0, 1, 2):
                yield with_front(jpeg, b"".join(segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([t])) for t in (first, second)))
        yield with_front(jpeg, b"")
        yield with_front(jpeg, segment(0xE0, b"JFIF\1\1\1\0\0\1\0\1\0\0"))
        yield with_front(jpeg, segment(0xEE, b"adobe\0\x64\0\0\0\0\0"))
        yield with_front(jpeg, segment(0xED, b"Adobe\0\x64\0\0\0\0\0"))


def profiles():
    jpeg = photo(17, 9)
    parts = [b"\1\2" + b"a" * 40, b"\2\2" + b"b" * 40, b"", b"\0", b"\1", b"\2", b"\3", b"\1\1"]
    for first in parts:
        for second in parts:
            yield with_front(jpeg, segment(0xE2, b"ICC_PROFILE\0" + first) + segment(0xE2, b"ICC_PROFILE\0" + second))
    late = list(segments(jpeg))[-1][1]
    yield jpeg[:late] + segment(0xE2, b"ICC_PROFILE\0") + jpeg[late:]


def resources():
    jpeg = photo(17, 9)
    name = b"8BIM\x04\x04"
    for content in (b"", b"8BI", b"8BIM", b"8BIM\4", name, name + b"\0", name + b"\0\0", name + b"\5ab", name + b"\xff",
                    name + b"\0\0\0\0\0\2", name + b"\0\0\0\0\0\2ab", name + b"\0\0\0\0\0\2ab8BIM\4\4",
                    name + b"\0\0\0\0\0\1a", name + b"\0\0\0\0\0\1a\x008BIM\4\4", name + b"\0\0\0\0\0\1a8BIM\4\4",
                    name + b"\0\0\xff\xff\xff\xff8BIM\4\4", b"8BIM\3\xed\0\0\0\0\0\2ab8BIM\4\4",
                    b"8BIM\3\xed\0\0\0\0\0\x0eabcdefghijklmn8BIM\4\4", name + b"\1a\0\0\0\0" + name):
        yield with_front(jpeg, segment(0xED, b"Photoshop 3.0\0" + content))


def exif_segments():
    jpeg = photo(17, 9)
    exif = exif_with(6)
    for size in range(20):
        yield with_front(jpeg, segment(0xE1, exif[:size]))
    for cut in range(6, len(exif), 3):
        yield with_front(jpeg, segment(0xE1, exif[:cut]) + segment(0xE1, b"Exif\0\0" + exif[cut:]))
    for pieces in ((exif, exif_with(3)), (exif_with(3, True), exif), (b"Exif\0\0", exif), (b"Exif\0\0" + exif,),
                   (XMP + xmp_with(6),), (XMP + xmp_with(6), XMP + xmp_with(3)), (XMP + xmp_with(6), XMP),
                   (b"Exif\0\0", XMP + xmp_with(6)), (XMP + xmp_with(6), exif_with(3)), (b"exif\0\0" + exif[6:],),
                   (b"Exif\0\1" + exif[6:],), (XMP[:-1] + b"\1" + xmp_with(6),), (exif_with(300), XMP + xmp_with(6))):
        for front in (b"", segment(0xE0, b"JFIF\0\1\1\1\0\x48\0\x48\0\0"), segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")):
            yield with_front(jpeg, front + b"".join(segment(0xE1, piece) for piece in pieces))
    late = list(segments(jpeg))[-1][1]
    yield jpeg[:late] + segment(0xE1, exif) + jpeg[late:]
    yield behind(jpeg, segment(0xE1, exif))
    yield with_front(jpeg, segment(0xE2, exif))


def tables():
    """Quantization tables: twice, of 16 bits, with numbers there are no tables for, too short."""
    jpeg = photo(17, 9)
    wide = segment(0xDB, b"\x10" + struct.pack(">64H", *range(300, 364)))
    narrow = segment(0xDB, b"\x00" + bytes(range(1, 65)))
    late = list(segments(jpeg))[-1][1]
    for extra in (wide, narrow, wide + narrow, narrow * 2, segment(0xDB, b"\x04" + bytes(64)), segment(0xDB),
                  segment(0xDB, b"\x00" + bytes(63)), segment(0xDB, b"\x00" + bytes(64)), segment(0xDB, b"\x00" + bytes(65)),
                  segment(0xDB, b"\xf0" + bytes(128)), segment(0xDB, b"\x01" + bytes(range(1, 65)) + b"\x00" + bytes([9] * 64))):
        yield with_front(jpeg, extra)
        yield jpeg[:late] + extra + jpeg[late:]


def frames():
    """The frame's header: other kinds of coding, precisions, numbers of components, sizes, twice."""
    jpeg = photo(17, 9)
    at = next(at for marker, at, _ in segments(jpeg) if marker == 0xC0)
    end = next(end for marker, _, end in segments(jpeg) if marker == 0xC0)
    for marker in (0xC1, 0xC2, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCD, 0xCE, 0xCF, 0xDE):
        yield jpeg[: at + 1] + bytes([marker]) + jpeg[at + 2 :]
    for offset, values in ((4, (0, 1, 7, 9, 12, 16)), (6, (0, 8)), (8, (0, 16)), (9, (0, 1, 2, 4, 5)), (3, (8, 16, 18, 20))):
        for value in values:
            yield jpeg[: at + offset] + bytes([value]) + jpeg[at + offset + 1 :]
    yield jpeg[:at] + jpeg[at:end] * 2 + jpeg[end:]


def tables_in_front():
    """A file of tables only, then the image."""
    jpeg = photo(17, 9)
    quantization = b"".join(jpeg[at:end] for marker, at, end in segments(jpeg) if marker == 0xDB)
    for between in (b"", b"\0", b"\xff"):
        yield SOI + quantization + EOI + between + without(jpeg, 0xDB)
        yield SOI + EOI + between + jpeg


# ---- other codings

ARITHMETIC = bytes.fromhex(
    "ffd8ffdb004300100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933383740485c4e4044574537"
    "38506d51575f626768673e4d71797064785c656763ffc9000b08000c001001011100ffcc000600101005ffda000801010000"
    "3f00fd2aa1fbdb42a91039da23369822a3098aa5268f30c8cc21880adf374d4b45e431e513378b6def68d70989dee3c023c7"
    "3d76a347a4cdc0ea4b92c71282b5b14b50abf18ffc120054317b6e1275751b9e3584f840cd3bf66f9d60818d2ee1aa622fd4"
    "fa62bd4d9655c87798b607ffd9")  # 16x12, gray, by libjpeg-turbo


def arithmetic():
    yield ARITHMETIC
    for size in (65236, 65500):
        yield with_front(ARITHMETIC, segment(0xFE, bytes(size)))


def arithmetic_over_blocks():
    for size in (65350, 65380, 65400):
        yield with_front(ARITHMETIC, segment(0xFE, bytes(size)))


def lossless_files():
    """Differences to the sample on the left, or above in the first column."""
    for width, height in ((8, 5), (17, 9)):
        samples = picture(np.random.default_rng(9), width, height, 1)[:, :, 0].astype(int)
        bits = ""
        for y in range(height):
            for x in range(width):
                guess = samples[y, x - 1] if x else samples[y - 1, 0] if y else 128
                difference = int(samples[y, x] - guess)
                size = abs(difference).bit_length()
                bits += f"{size:04b}"  # every code has four bits
                if size:
                    bits += f"{difference if difference > 0 else difference + (1 << size) - 1:0{size}b}"
        bits += "1" * (-len(bits) % 8)
        data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
        yield (SOI + segment(0xC4, bytes([0, 0, 0, 0, 9] + [0] * 12) + bytes(range(9)))
               + segment(0xC3, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")
               + segment(0xDA, b"\1\1\0\1\0\0") + data + EOI)


# ---- Exif that is read for the resolution


def resolutions(values):
    def make():
        for kind, count, value in values:
            entries = ((0x011A, kind, count, value), (0x0128, 3, 1, b"\2\0"))
            exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2)
            exif += b"".join(struct.pack("<HHI4s", *entry) for entry in entries) + bytes(4)
            yield with_front(photo(17, 9), segment(0xE1, exif))
    return make


# Kinds that are read as by Pillow where gantry is built with libjpeg-turbo 3.0.1 or later.
EQUAL_WITH_NEW_LIBRARIES = {"JPEG: progressive, scans left out, blocks in several rows",
                            "JPEG: progressive, scans left out, two blocks wide"}

KINDS = {
    "JPEG: any marker behind the scan": markers_behind,
    "JPEG: a broken or whole scan, then another image or wrong segments": images_behind,
    "JPEG: something wrong behind the scan, in the block that Pillow reads or the next": blocks_behind,
    "JPEG: scans over several blocks": large_files,
    "JPEG: cut anywhere": cut_files,
    "JPEG: damaged anywhere": damaged_files,
    "JPEG: progressive, scans left out, blocks in one row": scans_left_out([(61, 43), (203, 131), (24, 8), (33, 9)],
                                                                          subsampling=0),
    "JPEG: progressive, scans left out, blocks in several rows": scans_left_out([(61, 43), (203, 131), (24, 40)], (3,),
                                                                                subsampling=2),
    "JPEG: progressive, scans left out, two blocks wide": scans_left_out([(9, 9), (16, 43)], subsampling=0),
    "JPEG: any marker in front of the scan": markers_in_front,
    "JPEG: short segments": short_segments,
    "JPEG: wrong lengths of segments": wrong_lengths,
    "JPEG: several markers that say which colours": colour_markers,
    "JPEG: damaged colour profiles": profiles,
    "JPEG: damaged Photoshop resources": resources,
    "JPEG: several segments of Exif and XMP": exif_segments,
    "JPEG: quantization tables": tables,
    "JPEG: frame headers": frames,
    "JPEG: tables in front of the image": tables_in_front,
    "JPEG: arithmetic coding": arithmetic,
    "JPEG: arithmetic coding over a multiple of 65,536 bytes": arithmetic_over_blocks,
    "JPEG: lossless": lossless_files,
    "JPEG: Exif with a resolution of one byte": resolutions([(1, 1, b"H"), (7, 1, b"H"), (2, 2, b"7\0")]),
    "JPEG: Exif with a resolution of another type": resolutions([(2, 3, b"72\0"), (1, 2, b"H\1"), (3, 1, b"H\0"),
                                                                (4, 1, b"H\0"), (2, 3, b"a\0"), (3, 2, b"\1\0\0\0")]),
}
