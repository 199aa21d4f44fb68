# SPDX-License-Identifier: Apache-2.0
"""detect.draw and detect.draw_quads, which are for people to look at and have no reference."""

from __future__ import annotations

from typing import Any, NoReturn

from ..errors import PackError


def draw(value: Any, **options: Any) -> NoReturn:
    raise PackError("detect.draw: there is no reference in Python for what it draws, so no answer can be recorded of it; "
                    "let the package give the detections, and draw in the host (gantry::detect::draw) or with "
                    "`gantry run --draw`")


def draw_quads(value: Any, **options: Any) -> NoReturn:
    raise PackError("detect.draw_quads: there is no reference in Python for what it draws, so no answer can be recorded of it; "
                    "let the package give the quads, and draw in the host (gantry::detect::draw_quads) or with "
                    "`gantry run --draw`")
