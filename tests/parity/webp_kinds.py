# SPDX-License-Identifier: Apache-2.0
"""WebP files of every kind that was once read otherwise than by Pillow: KINDS, for file_kinds.py."""

import struct

import numpy as np

from image_files import encode, exif_with, last_frame_first, picture, to_image, xmp_with

ICC, ALPHA, EXIF, XMP, ANIMATION = 0x20, 0x10, 0x08, 0x04, 0x02
SIZE = (21, 13)


def image(channels=3, seed=7, size=SIZE):
    return to_image(picture(np.random.default_rng(seed), *size, channels))


def chunk(name, content, size=None):
    return name + struct.pack("<I", len(content) if size is None else size) + content + b"\0" * (len(content) % 2)


def riff(*chunks, size=None):
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def chunks_of(webp):
    """[(name, content)] of a whole file."""
    found, at = [], 12
    while at < len(webp):
        size = int.from_bytes(webp[at + 4 : at + 8], "little")
        found.append((webp[at : at + 4], webp[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return found


def stills():
    """The chunks of pixels of images of every coding: [alpha and] colours."""
    for channels, options in ((3, {"quality": 80}), (3, {"lossless": True}), (4, {"quality": 80}), (4, {"lossless": True})):
        parts = chunks_of(encode(image(channels), "WEBP", **options))
        yield channels == 4, [chunk(name, content) for name, content in parts if name in (b"ALPH", b"VP8 ", b"VP8L")]


def vp8x(flags, size=SIZE, reserved=0):
    return chunk(b"VP8X", struct.pack("<I", flags | reserved << 8) + (size[0] - 1).to_bytes(3, "little")
                 + (size[1] - 1).to_bytes(3, "little"))


def orientation(value):
    return exif_with(value)[6:]


def unannounced_metadata():
    for has_alpha, still in stills():
        alpha = ALPHA if has_alpha else 0
        for flags in (0, EXIF, XMP, EXIF | XMP):
            yield riff(vp8x(flags | alpha), *still, chunk(b"EXIF", orientation(6)))
            yield riff(vp8x(flags | alpha), *still, chunk(b"XMP ", xmp_with(8)))
            yield riff(vp8x(flags | alpha), *still, chunk(b"EXIF", orientation(6)), chunk(b"XMP ", xmp_with(8)))
    for _, still in list(stills())[:2]:  # nothing can be announced without VP8X
        yield riff(*still, chunk(b"EXIF", orientation(6)))


def metadata_twice():
    _, still = next(stills())
    for first, second in ((6, 3), (1, 6), (9, 6)):
        yield riff(vp8x(EXIF), *still, chunk(b"EXIF", orientation(first)), chunk(b"EXIF", orientation(second)))
        yield riff(vp8x(EXIF), chunk(b"EXIF", orientation(first)), *still, chunk(b"EXIF", orientation(second)))
        yield riff(vp8x(XMP), *still, chunk(b"XMP ", xmp_with(first)), chunk(b"XMP ", xmp_with(second)))
    yield riff(vp8x(EXIF | XMP), *still, chunk(b"EXIF", b""), chunk(b"EXIF", orientation(6)), chunk(b"XMP ", xmp_with(8)))
    yield riff(vp8x(EXIF), *still, chunk(b"Exif", orientation(3)), chunk(b"exif", orientation(3)), chunk(b"EXIF", orientation(6)))


def alpha_flag():
    """Alpha that the header does not announce, and an announcement of alpha that is not there."""
    for has_alpha, still in stills():
        yield riff(vp8x(0), *still)
        yield riff(vp8x(ALPHA), *still)
        if len(still) == 2:
            yield riff(vp8x(0), still[1])
            yield riff(vp8x(ALPHA), still[1], still[0])  # behind the colours
            yield riff(vp8x(ALPHA), still[0], still[0], still[1])
            yield riff(*still)
            yield riff(vp8x(ALPHA), still[0], chunk(b"ABCD", b"xyz"), still[1])


def flags():
    for has_alpha, still in stills():
        for bits in (0x01, 0x40, 0x80, ICC, 0xC1, ANIMATION):
            yield riff(vp8x(bits | (ALPHA if has_alpha else 0)), *still)
        yield riff(vp8x(0, reserved=0xFFFF), *still)


def chunks_with_more(webp):
    """The chunks of a file, and one that is not known."""
    return [chunk(name, content) for name, content in chunks_of(webp)] + [chunk(b"ABCD", b"abcdefghijkl")]


def sizes():
    """Sizes of the whole and of chunks that do not fit."""
    for _, still in stills():
        whole = riff(*still)
        extended = riff(vp8x(EXIF | ALPHA), *still, chunk(b"EXIF", orientation(6)))
        for data in (whole, extended):
            size = len(data) - 8
            for other in (size - 1, size - 2, size + 1, size + 2, size - 30, 0, 4, 8, 12, 20, 1 << 31, (1 << 32) - 1, (1 << 32) - 10):
                yield data[:4] + struct.pack("<I", other) + data[8:]
            yield data[:4] + struct.pack("<I", size + 20) + data[8:] + bytes(20)
            yield data[:-1]
            yield data[:-3]
            yield riff(*chunks_with_more(data))[:-5]
            yield riff(*chunks_with_more(data), size=len(data) + 30)
        for other in (0, 5, 26, 28, 1000, (1 << 32) - 1):
            yield riff(vp8x(EXIF), *still, chunk(b"EXIF", orientation(6), size=other))
            yield riff(vp8x(EXIF), still[0][:4] + struct.pack("<I", other) + still[0][8:], *still[1:])
            yield riff(still[0][:4] + struct.pack("<I", other) + still[0][8:], *still[1:])


def trailing_bytes():
    for _, still in stills():
        for tail in (b"\0", b"\0" * 7, b"x" * 8, b"x" * 100, chunk(b"EXIF", orientation(6)), riff(*still)):
            yield riff(*still) + tail
            yield riff(vp8x(EXIF), *still) + tail
            yield riff(*still, tail)
            yield riff(vp8x(EXIF), *still, tail)


def padding():
    """Chunks of odd sizes, with and without the byte behind them."""
    odd = orientation(6) + b"\0"
    for _, still in stills():
        for tail in (odd, odd + b"x", odd + b"\0\0"):
            content = b"EXIF" + struct.pack("<I", len(odd)) + tail
            yield riff(vp8x(EXIF), *still, content)
            yield riff(vp8x(EXIF), content, *still)
        yield riff(vp8x(0), chunk(b"ABCD", b"x"), *still)
        yield riff(vp8x(0), chunk(b"ABCD", b"x")[:-1], *still)


def order():
    """Chunks in unusual places, twice, or missing."""
    for has_alpha, still in stills():
        header = vp8x(ALPHA if has_alpha else 0)
        other = [chunk(b"VP8 ", content) for name, content in chunks_of(encode(image(3, 8), "WEBP")) if name == b"VP8 "]
        for chunks in ((header,), (header, header, *still), (*still, header), (header, *still, *still), (header, *still, *other),
                       (*still, *other), (chunk(b"ABCD", b"abcd"), *still), (header, chunk(b"ABCD", b""), *still), (header, *other),
                       (vp8x(0, (SIZE[0] + 1, SIZE[1])), *still), (vp8x(0, (16384, 16384)), *still), ()):
            yield riff(*chunks)
        yield riff(chunk(b"VP8X", vp8x(0)[8:] + b"\0\0"), *still)
        yield riff(chunk(b"VP8X", vp8x(0)[8:-2]), *still)
        yield b"RIFX" + riff(*still)[4:]
        yield riff(*still)[12:]


# ---- animations

ANIM = chunk(b"ANIM", b"\xff\x80\x40\x20\0\0")


def frame(data, left=0, top=0, size=SIZE, bits=0, content_size=None):
    numbers = b"".join(int(n).to_bytes(3, "little") for n in (left // 2, top // 2, size[0] - 1, size[1] - 1, 100))
    return chunk(b"ANMF", numbers + bytes([bits]) + data, content_size)


def frames(count=2):
    """Chunks of pixels, of pictures that are not the same."""
    options = ({"quality": 80}, {"lossless": True})
    for index in range(count):
        parts = chunks_of(encode(image(3, index + 1), "WEBP", **options[index % 2]))
        yield b"".join(chunk(name, content) for name, content in parts if name.startswith(b"VP8"))


def animation(*anmf, flags=ANIMATION, size=SIZE, more=b""):
    return riff(vp8x(flags, size), ANIM, *anmf, more)


def later_frames():
    """A second frame that is broken, cut short, elsewhere or not there: Pillow loads only the first."""
    first, second = frames()
    lossy = first
    for broken in (second[:8] + bytes(len(second) - 8), second[:20] + bytes(len(second) - 20), second[: len(second) // 2 * 2 - 20],
                   b"", second[:8], b"ABCD" + second[4:], lossy[:8] + b"\xff" * (len(lossy) - 8), lossy[:60] + bytes(len(lossy) - 60)):
        yield animation(frame(first), frame(broken))
        yield animation(frame(first), frame(broken), frame(second))
        yield animation(frame(broken), frame(second))
    for left, top in ((2, 0), (0, 2), (1000, 1000), (1 << 24, 0)):
        yield animation(frame(first), frame(second, left, top))
        yield animation(frame(second, left, top), frame(first))
    whole = animation(frame(first), frame(second))
    for cut in (1, 2, 10, len(second), len(second) + 24, len(second) + 30):
        yield whole[:-cut]
        yield riff(whole[12:-cut])


def frame_sizes():
    """Frames smaller than the canvas, and of another size than their headers say."""
    first, second = frames()
    for size in ((1, 1), (SIZE[0] - 1, SIZE[1]), (SIZE[0] + 1, SIZE[1]), (16000, 16000), (1 << 24, 1 << 24)):
        yield animation(frame(first, size=size), frame(second))
        yield animation(frame(first), frame(second, size=size))
    canvas = (40, 30)
    for left, top in ((0, 0), (2, 4), (18, 16), (20, 16), (18, 18)):
        for flags in (ANIMATION, ANIMATION | ALPHA):
            yield animation(frame(first, left, top), frame(second), size=canvas, flags=flags)
            yield animation(frame(second), frame(first, left, top), size=canvas, flags=flags)


def animation_chunks():
    """What belongs to an animation, twice, missing, or in a still."""
    first, second = frames()
    both = frame(first) + frame(second)
    yield from (riff(vp8x(ANIMATION), both), riff(vp8x(ANIMATION), ANIM), riff(vp8x(ANIMATION), ANIM, ANIM, both),
                riff(vp8x(ANIMATION), both, ANIM), riff(vp8x(0), ANIM, both), riff(vp8x(0), first, ANIM, both),
                riff(vp8x(ANIMATION), first), riff(vp8x(ANIMATION), ANIM, first, both), riff(vp8x(ANIMATION), ANIM, both, first),
                riff(vp8x(0), first, ANIM), riff(vp8x(0), ANIM, first), riff(vp8x(ANIMATION), ANIM[:8], both),
                riff(vp8x(ANIMATION), chunk(b"ANIM", b"1234"), both), riff(vp8x(ANIMATION), chunk(b"ANIM", b"1234567890"), both),
                riff(vp8x(0), ANIM, first, second))
    for junk in (chunk(b"ABCD", b"x"), chunk(b"ABCD", b""), chunk(b"EXIF", orientation(6))):
        yield animation(frame(first + junk), frame(second), flags=ANIMATION | EXIF)
        yield animation(frame(junk + first), frame(second), flags=ANIMATION | EXIF)
        yield animation(junk, frame(first), junk, frame(second), flags=ANIMATION | EXIF)
        yield animation(frame(first), frame(second), flags=ANIMATION | EXIF, more=junk)
        yield animation(frame(first), frame(second), flags=ANIMATION, more=junk)
    for wrong in (0, 10, 15, 16, 24, 1 << 20):
        yield animation(frame(first, content_size=wrong), frame(second))
        yield animation(frame(first), frame(second, content_size=wrong))
    yield last_frame_first(animation(frame(first), frame(second)))


def large_canvas():
    first, second = frames()
    for size in ((65536, 20), (21, 65536), (1 << 20, 13)):
        yield animation(frame(first), frame(second), size=size)


def several_slices():
    """Larger than what is decoded at once, whole and cut short."""
    rng = np.random.default_rng(11)
    for channels, options in ((3, {"quality": 60}), (3, {"lossless": True, "quality": 0}), (4, {"quality": 50}),
                              (4, {"lossless": True, "quality": 0})):
        small = rng.integers(0, 256, (190, 230, channels), dtype=np.uint8)
        data = encode(to_image(small).resize((2300, 1900)), "WEBP", method=0, **options)
        yield data
        parts = chunks_of(data)
        name, content = parts[-1]
        for size in (1000, len(content) // 2, len(content) - 1):
            shorter = [chunk(n, c) for n, c in parts[:-1]] + [chunk(name, content[:size])]
            yield riff(*shorter)


def many_chunks():
    for name in (b"ABCD", b"EXIF"):
        _, still = next(stills())
        yield riff(vp8x(0), *still, chunk(name, b"") * 70000)
    yield riff(vp8x(0), *still, chunk(b"ABCD", b"xy") * 70000)


def some_chunks():
    _, still = next(stills())
    yield riff(vp8x(EXIF), *still, chunk(b"ABCD", b"") * 60000, chunk(b"EXIF", orientation(6)))
    yield riff(vp8x(0), *still) + bytes(8 * 70000)


KINDS = {
    "WebP: metadata that is not announced": unannounced_metadata,
    "WebP: metadata twice": metadata_twice,
    "WebP: alpha and what the header says": alpha_flag,
    "WebP: flags": flags,
    "WebP: sizes that do not fit": sizes,
    "WebP: trailing bytes": trailing_bytes,
    "WebP: padding": padding,
    "WebP: chunks in unusual places": order,
    "WebP: later frames": later_frames,
    "WebP: frames of another size": frame_sizes,
    "WebP: chunks of animations": animation_chunks,
    "WebP: a canvas with a side of more than 65,535": large_canvas,
    "WebP: several slices": several_slices,
    "WebP: up to 65,536 chunks": some_chunks,
    "WebP: more than 65,536 chunks": many_chunks,
}


def changed(rng, count):
    """Small files of these kinds with bytes changed, put in and taken out, mostly at the front."""
    makers = (unannounced_metadata, metadata_twice, alpha_flag, flags, sizes, padding, order, later_frames, frame_sizes,
              animation_chunks)
    files = [data for make in makers for data in make()]
    for _ in range(count):
        data = bytearray(files[int(rng.integers(len(files)))])
        for _ in range(int(rng.integers(1, 4))):
            kind, at = int(rng.integers(4)), int(rng.integers(min(len(data), 90) if rng.integers(2) else len(data)))
            if kind < 2:
                data[at] = data[at] ^ 1 << int(rng.integers(8)) if kind else int(rng.integers(256))
            elif kind == 2:
                data[at:at] = bytes(int(rng.integers(1, 9)))
            else:
                del data[at : at + min(int(rng.integers(1, 9)), len(data) - 9)]
        if rng.integers(2):
            data[4:8] = (len(data) - 8).to_bytes(4, "little")
        yield bytes(data)
