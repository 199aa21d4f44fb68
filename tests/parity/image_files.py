# SPDX-License-Identifier: Apache-2.0
"""Image files of every kind that the parity test decodes, those that Pillow cannot write included."""

import io
import struct
import zlib

import numpy as np
from PIL import Image, PngImagePlugin

ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def encode(image, file_format, **options):
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def picture(rng, width, height, channels):
    """Smooth colours with some noise on top: what photographs are for a codec."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    planes = [np.sin(rng.uniform(1, 9) * x + rng.uniform(1, 9) * y + rng.uniform(0, 6)) for _ in range(channels)]
    values = np.stack(planes, axis=2) * 110 + 128 + rng.normal(0, 8, (height, width, channels))
    return np.clip(values, 0, 255).astype(np.uint8)


def to_image(array):
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[array.shape[2]]
    return Image.fromarray(array[:, :, 0] if mode == "L" else array, mode)


# ---- JPEG


def with_sampling(jpeg, factors):
    """Other sampling factors of the first component; the caller chooses sizes with the same number of MCUs."""
    position = next(at for at in range(2, len(jpeg)) if jpeg[at] == 0xFF and jpeg[at + 1] in (0xC0, 0xC2))
    return jpeg[: position + 11] + bytes([factors]) + jpeg[position + 12 :]


def as_ycck(jpeg):
    """The same samples, declared as YCCK in the Adobe marker."""
    position = jpeg.index(b"Adobe") + 11
    return jpeg[:position] + b"\x02" + jpeg[position + 1 :]


def exif_with(orientation, big_endian=False):
    order = ">" if big_endian else "<"
    return (
        b"Exif\0\0"
        + (b"MM\0*" if big_endian else b"II*\0")
        + struct.pack(order + "IH", 8, 1)
        + struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
        + struct.pack(order + "I", 0)
    )


def xmp_with(orientation):
    return f'<x:xmpmeta><rdf:Description tiff:Orientation="{orientation}"/></x:xmpmeta>'.encode()


def jpegs(rng):
    """(description, bytes)"""
    for index, size in enumerate([(1, 1), (7, 5), (8, 8), (16, 16), (17, 31), (97, 61), (64, 200), (333, 250)]):
        rgb = to_image(picture(rng, *size, 3))
        gray = to_image(picture(rng, *size, 1))
        quality = int(rng.integers(5, 101))
        for subsampling in (0, 1, 2):
            for progressive in (False, True):
                options = {"quality": quality, "subsampling": subsampling, "progressive": progressive}
                yield f"JPEG {size} {options}", encode(rgb, "JPEG", **options)
        yield f"JPEG {size} gray", encode(gray, "JPEG", quality=quality, progressive=index % 2 == 0)
        yield f"JPEG {size} stored as RGB", encode(rgb, "JPEG", quality=quality, keep_rgb=True)
        yield f"JPEG {size} restart", encode(rgb, "JPEG", quality=quality, restart_marker_blocks=1 + index)
        yield f"JPEG {size} noise", encode(to_image(noise(rng, *size, 3)), "JPEG", quality=quality)
        cmyk = Image.fromarray(picture(rng, *size, 4), "CMYK")
        for progressive in (False, True):
            data = encode(cmyk, "JPEG", quality=quality, progressive=progressive)
            yield f"JPEG {size} CMYK", data
            yield f"JPEG {size} YCCK", as_ycck(data)
    for side in (32, 96):
        square = to_image(picture(rng, side, side, 3))
        yield f"JPEG {side} 4:4:0", with_sampling(encode(square, "JPEG", subsampling=1), 0x12)
        yield f"JPEG {side} 4:1:1", with_sampling(encode(square, "JPEG", subsampling=2), 0x41)


def oriented(rng):
    image = to_image(picture(rng, 37, 22, 3))
    for orientation in range(1, 9):
        for big_endian in (False, True):
            exif = exif_with(orientation, big_endian)
            yield f"JPEG orientation {orientation}", encode(image, "JPEG", exif=exif)
            yield f"PNG orientation {orientation}", encode(image, "PNG", exif=exif)
            yield f"WebP orientation {orientation}", encode(image, "WEBP", exif=exif)
        xmp = xmp_with(orientation)
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode(), zip=orientation % 2 == 0)
        yield f"JPEG XMP orientation {orientation}", encode(image, "JPEG", xmp=xmp)
        yield f"PNG XMP orientation {orientation}", encode(image, "PNG", pnginfo=info)
        yield f"WebP XMP orientation {orientation}", encode(image, "WEBP", xmp=xmp)
    for value in (0, 9, 300):
        yield f"JPEG orientation {value}", encode(image, "JPEG", exif=exif_with(value))


def noise(rng, width, height, channels):
    """Each byte 0 or 255: the largest over- and undershoots that a filter can make."""
    return (rng.integers(0, 2, (height, width, channels)) * 255).astype(np.uint8)


# ---- PNG


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def packed_rows(samples, depth):
    """Rows of bytes from samples[height, width, channels]."""
    height = samples.shape[0]
    if depth == 16:
        return samples.astype(">u2").view(np.uint8).reshape(height, -1)
    flat = samples.reshape(height, -1).astype(np.uint8)
    if depth == 8:
        return flat
    bits = np.unpackbits(flat[:, :, None], axis=2)[:, :, 8 - depth :]
    return np.packbits(bits.reshape(height, -1), axis=1)


def paeth(left, up, corner):
    left, up, corner = (a.astype(int) for a in (left, up, corner))
    estimate = left + up - corner
    distances = np.stack([abs(estimate - left), abs(estimate - up), abs(estimate - corner)])
    return np.choose(distances.argmin(axis=0), [left, up, corner])


def filtered(rng, rows, bytes_per_pixel):
    """Every row behind a random filter."""
    output = b""
    above = np.zeros(rows.shape[1], np.uint8)
    for row in rows:
        left = np.concatenate([np.zeros(bytes_per_pixel, np.uint8), row])[: len(row)]
        corner = np.concatenate([np.zeros(bytes_per_pixel, np.uint8), above])[: len(row)]
        kind = int(rng.integers(0, 5))
        average = (left.astype(int) + above) // 2
        estimate = [np.zeros_like(row), left, above, average, paeth(left, above, corner)][kind]
        output += bytes([kind]) + ((row.astype(int) - estimate) % 256).astype(np.uint8).tobytes()
        above = row
    return output


def png(rng, samples, colour_type, depth, interlaced, extra=b""):
    height, width, channels = samples.shape
    bytes_per_pixel = max(1, channels * depth // 8)
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, int(interlaced))
    parts = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [samples]
    data = b"".join(filtered(rng, packed_rows(p, depth), bytes_per_pixel) for p in parts if p.shape[0] and p.shape[1])
    compressed = zlib.compress(data)
    middle = len(compressed) // 2
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", compressed[:middle])
        + chunk(b"IDAT", compressed[middle:])
        + chunk(b"IEND", b"")
    )


def transparency(rng, samples, colour_type, entries):
    """A tRNS chunk that hits: the colour of some pixel, or an alpha for some palette entries."""
    if colour_type == 3:
        return chunk(b"tRNS", rng.integers(0, 256, int(rng.integers(1, entries + 1)), dtype=np.uint8).tobytes())
    pixel = samples[0, 0]
    return chunk(b"tRNS", b"".join(struct.pack(">H", int(value)) for value in pixel))


def pngs(rng):
    kinds = [(0, d) for d in (1, 2, 4, 8, 16)] + [(2, 8), (2, 16)] + [(3, d) for d in (1, 2, 4, 8)]
    kinds += [(4, 8), (4, 16), (6, 8), (6, 16)]
    for colour_type, depth in kinds:
        for size in [(1, 1), (5, 3), (13, 17), (64, 9), (101, 33)]:
            for interlaced in (False, True):
                shape = (size[1], size[0], PNG_CHANNELS[colour_type])
                samples = rng.integers(0, 1 << depth, shape)
                if depth == 16 and rng.integers(2):
                    samples >>= int(rng.integers(0, 10))  # dark images, whose 16-bit gray fits a byte
                entries = 1 << depth
                palette = chunk(b"PLTE", rng.integers(0, 256, entries * 3, dtype=np.uint8).tobytes())
                extra = palette if colour_type == 3 else b""
                name = f"PNG type {colour_type} depth {depth} {size} interlaced {interlaced}"
                yield name, png(rng, samples, colour_type, depth, interlaced, extra)
                if colour_type in (0, 2, 3):
                    extra += transparency(rng, samples, colour_type, entries)
                    yield name + " tRNS", png(rng, samples, colour_type, depth, interlaced, extra)
    samples = rng.integers(0, 256, (9, 9, 1))
    short = chunk(b"PLTE", rng.integers(0, 256, 30, dtype=np.uint8).tobytes())
    yield "PNG index outside the palette", png(rng, samples, 3, 8, False, short)
    single = chunk(b"PLTE", bytes(range(12))) + chunk(b"tRNS", b"\xff\x00\xff")
    yield "PNG one transparent entry", png(rng, samples % 4, 3, 8, False, single)
    yield "PNG by Pillow", encode(to_image(picture(rng, 123, 77, 3)), "PNG")
    frames = [to_image(picture(rng, 20, 10, 3)) for _ in range(3)]
    for default_image in (False, True):
        options = {"save_all": True, "append_images": frames[1:], "default_image": default_image}
        yield "PNG, animated", encode(frames[0], "PNG", **options)
    whole = encode(frames[0], "PNG")
    at = whole.index(b"IDAT")
    length = int.from_bytes(whole[at - 4 : at], "big")
    yield "PNG with a wrong checksum of the pixels' chunk", whole[: at + 4 + length] + b"\0\0\0\0" + whole[at + 8 + length :]
    wrong = whole[at + 3 + length] ^ 1
    yield "PNG with a wrong checksum of the pixels", whole[: at + 3 + length] + bytes([wrong]) + whole[at + 4 + length :]
    yield "PNG with a wrong checksum of the header", whole[:32] + bytes([whole[32] ^ 1]) + whole[33:]
    yield "PNG without an end", whole[: at + 4 + length]
    yield "PNG by Pillow, RGBA", encode(to_image(picture(rng, 123, 77, 4)), "PNG", optimize=True)


# ---- WebP


def webps(rng):
    for size in [(1, 1), (7, 5), (16, 16), (33, 64), (251, 127)]:
        for channels in (3, 4):
            image = to_image(picture(rng, *size, channels))
            for options in (
                {"quality": int(rng.integers(1, 101)), "method": int(rng.integers(0, 7))},
                {"quality": 90, "alpha_quality": 40},
                {"lossless": True},
                {"lossless": True, "exact": True, "quality": 10},
            ):
                yield f"WebP {size} {image.mode} {options}", encode(image, "WEBP", **options)
    for channels in (3, 4):
        frames = [to_image(picture(rng, 41, 23, channels)) for _ in range(3)]
        frames.append(frames[-1].copy())
        frames[-1].paste(frames[0].crop((0, 0, 7, 9)), (11, 6))  # a small frame
        for options in ({"lossless": True}, {"quality": 60}, {"quality": 60, "minimize_size": True}):
            data = encode(frames[0], "WEBP", save_all=True, append_images=frames[1:], **options)
            yield f"animated WebP, {channels} channels, {options}", data
            yield f"animated WebP, {channels} channels, {options}, the last frame first", last_frame_first(data)


def last_frame_first(webp):
    """Frames behind the first one may be smaller than the canvas."""
    first = webp.index(b"ANMF")
    end = first + 8 + int.from_bytes(webp[first + 4 : first + 8], "little")
    frames = webp[end:]
    last = frames.rindex(b"ANMF")
    return webp[:first] + frames[last:] + frames[:last] + webp[first:end]
