# SPDX-License-Identifier: Apache-2.0
"""A file for hostile_cost.py."""

import typing


class Hostile(typing.NamedTuple):
    data: bytes
    pixels: int = 0  # that the decoder goes through, in all scans together
