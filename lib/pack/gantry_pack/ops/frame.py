# SPDX-License-Identifier: Apache-2.0
"""Frame: the picture that a value comes from, and where its pixels are now. As include/gantry/frame.hpp."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Axis:
    """now = own * gain + offset, from the edge of the picture; a mirrored axis has a negative gain."""

    gain: float = 1.0
    offset: float = 0.0

    def scaled(self, by: float) -> Axis:
        return Axis(self.gain * by, self.offset * by)

    def shifted(self, by: float) -> Axis:
        return Axis(self.gain, self.offset + by)

    def mirrored(self, extent: float) -> Axis:
        return Axis(-self.gain, extent - self.offset)


@dataclass(frozen=True)
class Frame:
    """The picture's own size; turned by a quarter, x runs along its height."""

    width: int
    height: int
    x: Axis = Axis()
    y: Axis = Axis()
    is_turned: bool = False

    def shifted(self, left: float, top: float) -> Frame:
        return replace(self, x=self.x.shifted(left), y=self.y.shifted(top))

    def scaled(self, across: float, down: float) -> Frame:
        return replace(self, x=self.x.scaled(across), y=self.y.scaled(down))
