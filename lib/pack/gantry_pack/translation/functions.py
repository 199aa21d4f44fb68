# SPDX-License-Identifier: Apache-2.0
"""Functions in transforms, known by what they do."""

from __future__ import annotations

import dis
import inspect
from typing import Any


def instructions(function: Any) -> list[tuple[str, Any]] | None:
    """What a function of one argument does, whatever it and its argument are called; None if that is not all there is
    to it."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_argcount != 1 or code.co_freevars or code.co_kwonlyargcount:
        return None
    if code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS | inspect.CO_GENERATOR):
        return None
    return [(step.opname, step.arg if step.opcode in dis.haslocal else step.argval)
            for step in dis.get_instructions(code)]


# Functions that are known to leave an RGB image alone are those with the same instructions as one of these.
TO_RGB = [instructions(function) for function in (
    lambda image: image.convert("RGB"), lambda image: image if image.mode == "RGB" else image.convert("RGB"),
    lambda image: image.convert("RGB") if image.mode != "RGB" else image)]
IDENTITY = instructions(lambda image: image)
