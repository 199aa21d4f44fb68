# SPDX-License-Identifier: Apache-2.0
"""PNG files of every kind that was once read otherwise than by Pillow: KINDS, for file_kinds.py."""

import itertools
import random
import struct
import zlib

import png_data_kinds
from png_files import (
    GRAY, KINDS_OF_SAMPLES, PALETTE, RGB, RGBA, assemble, exif, frame, header, itxt, number, picture, profile,
    raw_chunk, split, text, xmp, ztxt)

IEND = (b"IEND", b"")
NONE_OF_PIXELS = [(b"gAMA", 4), (b"cHRM", 32), (b"sRGB", 1), (b"pHYs", 9), (b"bKGD", 2), (b"sBIT", 3), (b"tIME", 7),
                  (b"hIST", 2), (b"prVt", 5)]
BOTH_SIDES = ("before", "behind")


def around(chunks, side, colour=RGB, depth=8):
    """The chunks before or behind the pixels of a small image."""
    before, pixels, end = picture(colour, depth)
    return assemble(before + chunks + pixels + end if side == "before" else before + pixels + chunks + end)


def empty_exif():
    for side in BOTH_SIDES:
        yield around([(b"eXIf", b"")], side)
        yield around([(b"eXIf", b""), (b"eXIf", exif(6))], side)
        yield around([(b"eXIf", exif(6)), (b"eXIf", b"")], side)
        yield around([(b"eXIf", b""), text(*xmp(6))], side)


def many_texts():
    for side in BOTH_SIDES:
        yield around([text(b"Comment", b"%d" % i) for i in range(1500)], side)
        yield around([ztxt(b"Comment %d" % i, b"x") for i in range(1500)], side)
        yield around([itxt(b"Comment %d" % i, b"x", is_packed=i % 2 == 0) for i in range(1500)], side)


def palettes():
    colours = random.Random(1).randbytes(900)
    for (colour, depth), size in itertools.product(KINDS_OF_SAMPLES, (0, 1, 2, 3, 4, 5, 6, 15, 48, 51, 766, 768, 770, 771, 900)):
        before, pixels, end = picture(colour, depth, has_palette=False)
        yield assemble(before + [(b"PLTE", colours[:size])] + pixels + end)
    for order in itertools.permutations([(b"PLTE", colours[:30]), (b"PLTE", colours[30:48]), (b"PLTE", b"")]):
        before, pixels, end = picture(PALETTE, 8, has_palette=False)
        yield assemble(before + [*order] + pixels + end)
        yield assemble(before + [order[0]] + pixels + [*order[1:]] + end)


def transparencies():
    values = [b"", b"\0", b"\1", b"\0\1", b"\0\0\xff", b"\0\x11\0\x11\0\x11", b"\1\0", b"\0\7\0\7\0\7\0\7", b"\xff" * 5,
              b"\xff\xff\0\xff", b"\0\0", bytes(range(255, -1, -1)), bytes(256), bytes(257), b"\xff" * 256 + b"\0",
              b"\xff\0" + b"\xff" * 300, b"\xff" * 300 + b"\0", b"\x80" * 300]
    for (colour, depth), value in itertools.product(KINDS_OF_SAMPLES, values):
        yield around([(b"tRNS", value)], "before", colour, depth)
    for depth, value in itertools.product((1, 2, 4, 8, 16), (0, 1, 5, 85, 119, 255, 256, 257, 0x0505, 0xFFFF)):
        yield around([(b"tRNS", struct.pack(">H", value))], "before", GRAY, depth)


def transparency_and_line_feed():
    for value in (b"\xff\0\xff", b"\0", b"\xff\xff\0", b"\0\xff", b"\0\0", b"\xff", b"\xff\x80", b""):
        for depth, end in itertools.product((1, 2, 4, 8), (b"\n", b"\n\n", b"\r", b"\n\xff")):
            yield around([(b"tRNS", value + end)], "before", PALETTE, depth)


def transparency_anywhere():
    for colour, depth in KINDS_OF_SAMPLES:
        for value in (b"\0\5\0\5\0\5", b"\0\xff\xff\xff\xff\xff", b"\x80\x40"):
            before, pixels, end = picture(colour, depth)
            chunks = before + split(pixels, 3) + end
            for position in range(len(chunks) + 1):
                yield assemble(chunks[:position] + [(b"tRNS", value)] + chunks[position:])
            yield assemble(before + [(b"tRNS", b"\0\1\0\1\0\1")] + pixels + [(b"tRNS", value)] + end)


def other_chunks():
    for (name, size), side in itertools.product(NONE_OF_PIXELS, BOTH_SIDES):
        for length in {0, size - 1, size, size + 1}:
            yield around([(name, b"\1" * length)], side)
    for name in (b"ABCD", b"abcd", b"AbCd", b"aBcD", b"A_0z", b"0000", b"CgBI", b"IDAX"):
        for side in BOTH_SIDES:
            yield around([(name, b"content")], side)
            yield around([(name, b"")], side)


def names():
    for name in (b"tE t", b"\0\0\0\0", b"IEN\xc4", b"tE-t", b"\xff\xff\xff\xff"):
        before, pixels, end = picture(RGB, 8)
        chunks = before + split(pixels, 2) + end
        for position in range(len(chunks) + 1):
            yield assemble(chunks[:position] + [(name, b"x")] + chunks[position:])


def checksums():
    for colour in (RGB, PALETTE):
        before, pixels, end = picture(colour, 8)
        chunks = before + [text(b"Comment", b"x"), (b"tRNS", b"\0\1\0\1\0\1"), (b"ABCD", b""), (b"eXIf", exif(6))]
        chunks += split(pixels, 3) + [text(b"Comment", b"x"), (b"eXIf", exif(8))] + end
        for position in range(len(chunks)):
            yield assemble(chunks, broken_checksum=position)


def cut_off():
    """At every byte of small files."""
    texts = [text(b"Comment", b"abc")]
    for colour, interlaced in ((RGB, False), (PALETTE, True)):
        before, pixels, end = picture(colour, 8, interlaced=interlaced)
        file = assemble(before + texts + split(pixels, 3) + texts + [(b"eXIf", exif(6)), (b"ABCD", b"x")] + end)
        yield from (file[:size] for size in range(len(file)))
    before, pixels, end = picture(GRAY, 8)
    padded = before + [(b"IDAT", pixels[0][1] + b"padding")] + [(b"IDAT", b"more")] + end
    yield from (assemble(padded)[:-size] for size in range(40))


def wrong_lengths():
    before, pixels, end = picture(RGB, 8)
    chunks = before + [text(b"Comment", b"x")] + split(pixels, 2) + [text(b"Comment", b"x")] + end
    for position, length in itertools.product(range(len(chunks)), (0, 1, 5, 12, 13, 14, 100, 1000, 1 << 31, (1 << 32) - 1)):
        parts = [raw_chunk(*c) for c in chunks]
        parts[position] = struct.pack(">I", length) + parts[position][4:]
        yield assemble([]) + b"".join(parts)


def unknown_compression():
    for side, method in itertools.product(BOTH_SIDES, (0, 1, 255)):
        packed = bytes([method]) + zlib.compress(b"text")
        for content in (b"key\0" + packed, b"\0" + packed, b"key\0", b"key", b"\0", b"", packed):
            yield around([(b"zTXt", content)], side)
            yield around([(b"iCCP", content)], side)
        yield around([(b"iTXt", b"key\0\1" + bytes([method]) + b"en\0\0" + zlib.compress(b"text"))], side)


def headers():
    good = header(7, 5, 8, RGB)
    _, pixels, end = picture(RGB, 8)
    for size in (0, 12, 13, 14, 30):
        yield assemble([(b"IHDR", (good[1] + bytes(20))[:size])] + pixels + end)
    for at, value in itertools.product((10, 11, 12), (1, 2, 255)):
        content = bytearray(good[1])
        content[at] = value
        yield assemble([(b"IHDR", bytes(content))] + pixels + end)
    for colour, depth in itertools.product(range(8), (0, 1, 2, 3, 4, 8, 16, 32)):
        yield assemble([header(7, 5, depth, colour), (b"PLTE", bytes(30))] + pixels + end)
    yield assemble(pixels + end)
    yield assemble([text(b"Comment", b"x"), (b"PLTE", bytes(6)), good] + pixels + end)
    yield assemble(pixels + [good] + pixels + end)


def two_headers():
    _, pixels, end = picture(RGB, 8)
    good = header(7, 5, 8, RGB)
    others = [good, header(5, 7, 8, RGB), header(7, 4, 8, RGB), header(7, 6, 8, RGB), header(7, 5, 3, RGB), header(7, 5, 8, RGBA),
              header(7, 5, 8, RGB, interlaced=1), header(7, 5, 8, GRAY), header(7, 5, 1, GRAY), (b"IHDR", b"short")]
    transparent = (b"tRNS", b"\0\1\0\1\0\1")
    for other in others:
        yield assemble([good, other] + pixels + end)
        yield assemble([other, good] + pixels + end)
        yield assemble([good] + pixels + [other] + end)
        if other[1][8:10] != bytes([8, GRAY]) and other[1][8:10] != bytes([1, GRAY]):  # a kind of its own
            yield assemble([good] + pixels + [other, transparent] + end)


def orientations():
    """Which of several counts."""
    sources = [(b"eXIf", exif(6)), (b"eXIf", exif(3)), text(b"exif", exif(8)), text(b"exif", b"Exif\0\0" + exif(5)),
               text(*profile(2)), ztxt(*profile(4)), itxt(*profile(7)), text(*xmp(5)), ztxt(*xmp(7)), itxt(*xmp(3))]
    for first, second in itertools.product(sources, sources):
        before, pixels, end = picture(RGB, 8)
        yield assemble(before + [first, second] + pixels + end)
        yield assemble(before + [first] + pixels + [second] + end)
        yield assemble(before + pixels + [first, second] + end)
    for prefixes, source in itertools.product(range(2), ((b"eXIf", exif(6)), text(b"exif", exif(6)))):
        yield around([(source[0], source[1].replace(exif(6), b"Exif\0\0" * prefixes + exif(6)))], "before")


def profiles():
    key, value = profile(6)
    digits = b"".join(value.split(b"\n")[3:])
    values = [value, value.replace(digits, digits.upper()), b"\n\n\n" + digits, b"a\nb\nc\n" + digits, b"\n\n" + digits, b"",
              b"\n\n\n", b"\n\n\n" + b"\n".join(digits[i:i + 3] for i in range(0, len(digits), 3)),
              b"\n\n\n" + b" \t\r".join(digits[i:i + 2] for i in range(0, len(digits), 2))]
    for each in values:
        yield from (around([make(key, each), text(*xmp(3))], side) for make in (text, ztxt, itxt) for side in BOTH_SIDES)
    for packed in (zlib.compress(value)[:-4], zlib.compress(value) + b"more", b"no zlib", b"", b"\x78"):
        yield around([text(*profile(5)), (b"zTXt", key + b"\0\0" + packed)], "before")
        yield around([text(*profile(5)), (b"iTXt", key + b"\0\1\0\0\0" + packed)], "before")
    yield around([text(*profile(5)), (b"tEXt", key)], "before")
    yield around([text(*profile(5)), (b"zTXt", key)], "before")
    yield around([text(*profile(5)), (b"tEXt", key + b" \0" + value)], "before")


def xmps():
    key, value = xmp(6)
    forms = [value, b"<tiff:Orientation>6</tiff:Orientation>", b"tiff:Orientation='6'", b"", b"nothing", b"\xff\xfe" + value,
             b"\xed\xa0\x80" + value, b"\xc3\xa9" + value]
    for form in forms:
        for other in (text(*xmp(3)), itxt(*xmp(3)), text(key, b"")):
            for make in (text, ztxt, itxt):
                yield around([other, make(key, form)], "before")
                yield around([make(key, form), other], "before")
        for language, translation in ((b"\xff", b""), (b"en", b"\xc3"), (b"en", b"\xc3\xa9")):
            yield around([text(*xmp(3)), itxt(key, form, language=language, translation=translation)], "before")
            yield around([itxt(key, form, language=language, translation=translation)], "before")
    for content in (key, key + b"\0", key + b"\0\0", key + b"\0\0\0", key + b"\0\0\0en", key + b"\0\0\0en\0", key + b"\0\1\1\0\0x"):
        yield around([itxt(*xmp(3)), (b"iTXt", content)], "before")


def at_random():
    """Chunks in any order and number."""
    chance = random.Random(6)
    for _ in range(600):
        colour, depth = chance.choice(KINDS_OF_SAMPLES)
        before, pixels, end = picture(colour, depth, interlaced=chance.random() < 0.3)
        more = [(b"tRNS", chance.randbytes(chance.choice((1, 2, 6, 30)))), (b"eXIf", exif(chance.randrange(1, 9))),
                text(*xmp(chance.randrange(1, 9))), ztxt(*profile(chance.randrange(1, 9))), (b"ABCD", b"x"), (b"gAMA", b"four"),
                frame(chance.randrange(2), 7, 5, 0, 0), (b"acTL", number(chance.randrange(3)) + number(0)), (b"IDAT", b""), IEND]
        chunks = before + split(pixels, chance.randrange(1, 5)) + end
        for _ in range(chance.randrange(1, 4)):
            chunks.insert(chance.randrange(len(before), len(chunks) + 1), chance.choice(more))
        yield assemble(chunks)


def unpack_to_too_much():
    large = bytes((1 << 20) + 1)
    for side in BOTH_SIDES:
        yield around([ztxt(b"Comment", large)], side)
        yield around([itxt(b"Comment", large)], side)
        yield around([ztxt(profile(6)[0], profile(6)[1] + large)], side)
        yield around([(b"iCCP", b"name\0\0" + zlib.compress(large))], side)
        yield around([ztxt(b"Comment", large[:-1])] * 65, side)


def unreadable_exif():
    key, value = profile(6)
    for side in BOTH_SIDES:
        yield around([(b"eXIf", b"Exif\0\0" * 2 + exif(6))], side)
        yield around([(b"eXIf", b"nonsense")], side)
        yield around([text(b"exif", b"nonsense"), text(*xmp(6))], side)
        yield around([ztxt(b"exif", exif(6))], side)
        yield around([itxt(b"exif", b"text")], side)
        yield around([(b"zTXt", key + b"\0\0" + zlib.compress(value)[:-30])], side)
        for each in (value[:-2], value.replace(b"45786966", b"4578696g"), value + b"x", b"\n\n\nzz", b"\n\n\n" + "é".encode("latin-1")):
            yield around([text(key, each), text(*xmp(6))], side)
            yield around([ztxt(key, each)], side)


def reserved_keywords():
    yield around([text(b"bbox", b"x")], "before")
    for side in BOTH_SIDES:
        yield around([text(b"transparency", b"x")], side)
        yield around([ztxt(b"transparency", b"")], side, PALETTE)
        yield around([text(b"xmp", b"x")], side)
    yield around([text(b"interlace", b"x")], "before")


def no_palette():
    for depth in (1, 2, 4, 8):
        before, pixels, end = picture(PALETTE, depth, has_palette=False)
        yield assemble(before + pixels + end)
        yield assemble(before + pixels + [(b"PLTE", bytes(range(6)))] + end)
        yield assemble(before + [(b"tRNS", b"\xff\0")] + pixels + end)


def other_header_behind():
    for depth in (2, 4, 8):
        before, pixels, end = picture(GRAY, depth)
        for palette_depth in (1, 8):
            yield assemble([header(7, 5, palette_depth, PALETTE), (b"PLTE", bytes(range(48)))] + before + pixels + end)
    before, pixels, end = picture(RGB, 8)
    for depth in (1, 8):
        yield assemble(before + pixels + [header(7, 5, depth, GRAY), (b"tRNS", b"\0\1")] + end)


KINDS = {
    "PNG: empty Exif": empty_exif,
    "PNG: thousands of texts": many_texts,
    "PNG: palettes of any length": palettes,
    "PNG: transparency of any length": transparencies,
    "PNG: transparency of a palette with a line feed at the end": transparency_and_line_feed,
    "PNG: transparency before, between and behind other chunks": transparency_anywhere,
    "PNG: chunks that the pixels do not need": other_chunks,
    "PNG: chunks without a valid name": names,
    "PNG: chunks with a wrong checksum": checksums,
    "PNG: files cut off": cut_off,
    "PNG: chunks with a wrong length": wrong_lengths,
    "PNG: text or profile compressed in an unknown way": unknown_compression,
    "PNG: headers": headers,
    "PNG: two headers": two_headers,
    "PNG: orientation in several places": orientations,
    "PNG: Exif in a text": profiles,
    "PNG: XMP": xmps,
    "PNG: chunks at random": at_random,
    "PNG: text or profile that unpacks to more than Pillow allows": unpack_to_too_much,
    "PNG: Exif that is no TIFF, or not given in hexadecimal digits": unreadable_exif,
    "PNG: text named as what Pillow keeps under that name": reserved_keywords,
    "PNG: palette image without a palette": no_palette,
    "PNG: palette or transparent colour, and a header of another kind": other_header_behind,
    **png_data_kinds.KINDS,
}
