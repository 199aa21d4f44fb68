# SPDX-License-Identifier: Apache-2.0
"""The version of gantry that this packer belongs to."""

from __future__ import annotations

VERSION = "0.1.0"  # of gantry
OLDEST_TORCH = "2.6"
