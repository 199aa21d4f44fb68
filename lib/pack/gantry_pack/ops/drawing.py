# SPDX-License-Identifier: Apache-2.0
"""detect.draw, which is for people to look at and has no reference."""

from __future__ import annotations

from typing import Any, NoReturn

from ..errors import PackError


def draw(value: Any, **options: Any) -> NoReturn:
    raise PackError("detect.draw: there is no reference in Python for what it draws, so no answer can be recorded of it; "
                    "let the package give the detections, and draw in the host (gantry::detect::draw) or with "
                    "`gantry run --draw`")
