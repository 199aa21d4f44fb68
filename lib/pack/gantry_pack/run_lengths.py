# SPDX-License-Identifier: Apache-2.0
"""Masks in COCO's run lengths: column by column, runs outside and inside in turn. As lib/ops/segment/run_lengths.cpp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import PackError
from .imports import need
from .values import RunLengths

if TYPE_CHECKING:
    import torch


def of_pixels(pixels: torch.Tensor) -> RunLengths:
    """Of a tensor [height, width], where all but 0 is inside."""
    numpy = need("numpy", "a mask")
    flat = numpy.asarray(pixels).astype(bool).T.reshape(-1)
    edges = numpy.flatnonzero(numpy.diff(numpy.concatenate([[False], flat])))  # the first run is outside, perhaps of no pixel
    counts = numpy.diff(numpy.concatenate([[0], edges, [len(flat)]])).tolist()
    height, width = pixels.shape
    return RunLengths((int(height), int(width)), _text_of(counts))


def to_pixels(mask: RunLengths) -> Any:
    """A NumPy array of bool [height, width]."""
    numpy = need("numpy", "a mask")
    counts = counts_of(mask.counts)
    if sum(counts) != mask.size[0] * mask.size[1]:
        raise PackError(f"run lengths: the counts add up to {sum(counts)} pixels, expected those of {list(mask.size)}")
    inside = numpy.arange(len(counts)) % 2 == 1
    return numpy.repeat(inside, counts).reshape(mask.size[1], mask.size[0]).T


def counts_of(text: str) -> list[int]:
    """5 bits a character, the sixth: more follow; from the fourth run on the difference to the run before the last."""
    counts: list[int] = []
    number = shift = 0
    for letter in text.encode("latin-1"):
        bits = letter - 48
        if not 0 <= bits < 64:
            raise PackError(f"run lengths: {text!r} is not what COCO has as counts")
        number |= (bits & 0x1f) << shift
        shift += 5
        if bits & 0x20:
            continue
        number -= (bits & 0x10) << (shift - 4)
        counts.append(number + (counts[-2] if len(counts) > 2 else 0))
        number = shift = 0
    return counts


def _text_of(counts: list[int]) -> str:
    text = bytearray()
    for i, count in enumerate(counts):
        rest = count - (counts[i - 2] if i > 2 else 0)
        more = True
        while more:
            bits, rest = rest & 0x1f, rest >> 5
            more = rest != -1 if bits & 0x10 else rest != 0
            text.append((bits | 0x20 if more else bits) + 48)
    return text.decode("latin-1")
