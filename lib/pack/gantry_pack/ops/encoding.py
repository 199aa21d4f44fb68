# SPDX-License-Identifier: Apache-2.0
"""Images to files: image.encode."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ..errors import PackError
from ..tolerance import Tolerance

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage


def encode(image: PilImage, format: str, quality: int) -> bytes:
    if format == "png":
        raise PackError("image.encode: the bytes of a PNG depend on the version of zlib, so no answer can be recorded of "
                        "them; leave the op to the host, or write a JPEG")
    if image.mode == "RGBA":
        raise PackError("image.encode: a JPEG holds no alpha: put image.to_rgb in front of it")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def exact_only(incoming: Tolerance) -> Tolerance:
    """Bytes are equal or they are not."""
    if not incoming.is_exact():
        raise PackError("image.encode: an op before it may differ by rounding in C++, and of its bytes nothing could be "
                        "recorded then; leave the op to the host")
    return incoming
