# SPDX-License-Identifier: Apache-2.0
"""PNG files whose pixel data is at fault or stands in unusual chunks: KINDS, for png_kinds.py."""

import itertools
import random
import zlib

from png_files import (
    GRAY, KINDS_OF_SAMPLES, PALETTE, RGB, assemble, compressed, frame, header, idat, number, picture, rows, split,
    text, with_check)

IEND = (b"IEND", b"")


def ends_early():
    """Pixel data that is complete as such, of fewer rows, or of a part of a row, in one chunk or several."""
    for (colour, depth), interlaced in itertools.product(((RGB, 8), (PALETTE, 4), (GRAY, 16)), (False, True)):
        before, _, end = picture(colour, depth, interlaced=interlaced)
        whole = rows(colour, depth, interlaced)
        data = b"".join(whole)
        for size in {0, 1, 2, len(data) - 1} | {len(b"".join(whole[:n])) for n in range(len(whole))}:
            packed = zlib.compress(data[:size])
            yield assemble(before + [(b"IDAT", packed)] + end)
            for behind in (1, 4, 5, 7):
                yield assemble(before + [(b"IDAT", packed[:-behind]), (b"IDAT", packed[-behind:])] + end)
                yield assemble(before + [(b"IDAT", packed[:-behind])] + end)


def rows_missing():
    for height in (23, 40):
        before, _, end = picture(RGB, 8, height=height)
        data = rows(RGB, 8, height=height)
        for missing in (1, 5, height - 1):
            yield assemble(before + [(b"IDAT", zlib.compress(b"".join(data[:-missing])))] + end)


def goes_on():
    for colour, interlaced in itertools.product((RGB, PALETTE), (False, True)):
        before, _, end = picture(colour, 8, interlaced=interlaced)
        data = b"".join(rows(colour, 8, interlaced))
        for more in (b"\0", b"\0" * 300, random.Random(3).randbytes(70000)):
            yield assemble(before + [(b"IDAT", zlib.compress(data + more))] + end)
            yield assemble(before + [(b"IDAT", zlib.compress(data) + more)] + end)
            yield assemble(before + [(b"IDAT", zlib.compress(data)), (b"IDAT", more)] + end)


def data_checksums():
    for level, colour in itertools.product((0, 1, 9), (RGB, GRAY)):
        before, _, end = picture(colour, 8)
        good = zlib.compress(b"".join(rows(colour, 8)), level)
        wrong = good[:-1] + bytes([good[-1] ^ 1])
        for data in (wrong, good[:-1], good[:-4], good[:-5], good[:-6], good[:-4] + b"\0\0\0\0"):
            yield assemble(before + [(b"IDAT", data)] + end)
            for size in (1, 3, 4, 5, 6):
                yield assemble(before + [(b"IDAT", data[:-size]), (b"IDAT", data[-size:])] + end)


def data_headers():
    before, pixels, end = picture(RGB, 8)
    data = pixels[0][1]
    for first in (*range(0x08, 0x100, 0x10), 0x00, 0x77, 0x79, 0x0F):
        for second in (0x00, 0x20, 0x40, 0xA0):
            yield assemble(before + [(b"IDAT", with_check(first, second) + data[2:])] + end)
    for second in (0x00, 0x9D, 0xFF):
        yield assemble(before + [(b"IDAT", b"\x78" + bytes([second]) + data[2:])] + end)
        yield assemble(before + [(b"IDAT", b"\x78"), (b"IDAT", bytes([second]) + data[2:])] + end)


def small_windows():
    """Matches that reach farther back than the header of the data says."""
    noise = random.Random(4).randbytes(900)
    data = b"".join(b"\0" + noise for _ in range(60))
    for bits in range(8, 16):
        first = with_check((bits - 8) << 4 | 8, 0)
        packed = zlib.compress(data, 9)
        yield assemble([header(300, 60, 8, RGB), (b"IDAT", first + packed[2:]), IEND])
        yield assemble([header(300, 60, 8, RGB), (b"IDAT", compressed(data, max(bits, 9))), IEND])


def damaged():
    chance = random.Random(5)
    for colour, depth in KINDS_OF_SAMPLES:
        for level in (0, 6):
            before, _, end = picture(colour, depth)
            data = bytearray(zlib.compress(b"".join(rows(colour, depth)), level))
            for _ in range(6):
                broken = bytearray(data)
                broken[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
                if has_incomplete_distances(broken):
                    continue  # a kind of its own
                yield assemble(before + split([(b"IDAT", bytes(broken))], chance.choice((1, 2, 4))) + end)


def large():
    """Rows and chunks of more than the 64 KiB that Pillow reads at once: a checksum counts where it is in the block of the
    last pixel."""
    chance = random.Random(7)
    width, height = 30000, 3
    before, end = [header(width, height, 8, RGB)], [IEND]
    noise = b"".join(b"\1" + chance.randbytes(3 * width) for _ in range(height))
    smooth = b"".join(b"\1" + bytes([y]) * (3 * width) for y in range(height))
    for data, level in ((noise, 0), (smooth, 6)):
        good = zlib.compress(data, level)
        for packed in (good, good[:-1] + bytes([good[-1] ^ 1]), good[:-4], good[:-5], good[: len(good) // 2],
                       zlib.compress(data[: -3 * width - 1], level), zlib.compress(data + data, level)):
            for size in (len(packed), 1 << 16, (1 << 16) - 1, len(good) - 4, len(good) - 2):
                parts = [packed[at : at + size] for at in range(0, len(packed), size)]
                yield assemble(before + [(b"IDAT", part) for part in parts] + end)


def has_incomplete_distances(data):
    try:
        zlib.decompress(data)
    except zlib.error as error:
        return "invalid distances set" in str(error)
    return False


def incomplete_distances():
    """Black images, whose data has a code for distances that it does not use and that is not complete."""
    for height in (1, 3, 20, 200):
        size = 2 * height
        bits = "1" + "01" + "00000" + "00000" + "0111"  # the last block, with its own codes; 257 literals, 1 distance
        # Lengths of the codes for lengths: of 18 two bits, of 2 two, of 1 one.
        bits += "".join({18: "010", 2: "010", 1: "100"}.get(n, "000") for n in (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1))
        bits += "0" + "11" + "1111111" + "11" + "0101011" + "0" + "10"  # one bit for 0 and for the end; two for a distance
        bits += "0" * size + "1"
        bits += "0" * (-len(bits) % 8)
        packed = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
        data = with_check(0x78, 0) + packed + number(zlib.adler32(bytes(size)))
        assert has_incomplete_distances(data)
        yield assemble([header(1, height, 8, GRAY), (b"IDAT", data), IEND])


def unknown_filters():
    before, _, end = picture(RGB, 8)
    for row, kind in itertools.product((0, 2, 4), (5, 6, 128, 255)):
        data = rows(RGB, 8)
        data[row] = bytes([kind]) + data[row][1:]
        yield assemble(before + idat(b"".join(data)) + end)


def other_pixel_chunks():
    before, pixels, end = picture(RGB, 8)
    data = pixels[0][1]
    half = len(data) // 2
    for name in (b"DDAT", b"fdAT", b"IDAT", b"JDAT", b"tEXt"):
        first, second = data[:half], data[half:]
        for number_before in (b"", number(0), number(1)):
            yield assemble(before + [(b"IDAT", first), (name, number_before + second)] + end)
            yield assemble(before + [(name, number_before + data)] + end)
            yield assemble(before + [(b"IDAT", data), (name, number_before + data)] + end)
        yield assemble(before + [(b"IDAT", first), (name, b""), (b"IDAT", second)] + end)
        yield assemble(before + [(b"IDAT", data), text(b"Comment", b"x"), (name, b"more")] + end)
        yield assemble(before + [(b"IDAT", first), text(b"Comment", b"x"), (name, second)] + end)


def animations():
    whole, part = (7, 5, 0, 0), (3, 2, 2, 1)
    for frames in (None, 0, 1, 2, 3, 0x80000000, 0x80000001):
        control = [] if frames is None else [(b"acTL", number(frames) + number(0))]
        for interlaced in (False, True):
            before, pixels, end = picture(RGB, 8, interlaced=interlaced)
            more = [(b"fdAT", number(n) + pixels[0][1]) for n in range(4)]
            for region in (whole, (7, 6, 0, 0), (1, 1, 7, 0), (0, 5, 0, 0), (7, 5, 1, 0)):
                first = frame(0, *region)
                yield assemble(before + control + [first] + pixels + end)
                yield assemble(before + control + [first] + pixels + [frame(1, *whole), more[2]] + end)
            yield assemble(before + control + control + [frame(0, *whole)] + pixels + end)
            yield assemble(before + control + pixels + [frame(0, *whole), more[1]] + end)
            yield assemble(before + control + pixels + [frame(1, *whole), more[2]] + end)
            yield assemble(before + control + pixels + [frame(0, *whole), more[1], (b"tRNS", b"\0" * 6)] + end)
            yield assemble(before + control + [frame(0, *whole), more[1]] + end)
            yield assemble(before + control + [frame(0, *whole), more[2]] + end)
            yield assemble(before + control + pixels + [more[1]] + end)
            part_of_it = idat(b"".join(rows(RGB, 8, interlaced, width=part[0], height=part[1])))
            yield assemble(before + control + [frame(0, *part)] + part_of_it + end)
            yield assemble(before + control + [frame(0, *part), (b"fdAT", number(1) + part_of_it[0][1])] + end)
            yield assemble(before + control + [(b"fcTL", frame(0, *whole)[1][:-1])] + pixels + end)
    for colour, depth in KINDS_OF_SAMPLES:
        before, _, end = picture(colour, depth)
        part_of_it = idat(b"".join(rows(colour, depth, width=part[0], height=part[1])))
        yield assemble(before + [frame(0, *part)] + part_of_it + end)


KINDS = {
    "PNG: pixel data that ends early": ends_early,
    "PNG: rows missing": rows_missing,
    "PNG: pixel data that goes on": goes_on,
    "PNG: wrong or missing checksum of the pixel data": data_checksums,
    "PNG: headers of the pixel data": data_headers,
    "PNG: matches that reach beyond the window": small_windows,
    "PNG: damaged pixel data": damaged,
    "PNG: rows and chunks of more than 64 KiB": large,
    "PNG: unknown filters": unknown_filters,
    "PNG: pixel data in other chunks": other_pixel_chunks,
    "PNG: animations": animations,
    "PNG: pixel data with a code for distances that is not complete": incomplete_distances,
}
