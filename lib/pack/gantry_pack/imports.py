# SPDX-License-Identifier: Apache-2.0
"""Packages that are imported only where they are needed."""

from __future__ import annotations

import sys
from typing import Any

from .errors import PackError


def need(module: str, what: str) -> Any:
    """Imports `module`, or says which package is missing and for what."""
    try:
        __import__(module)
        return sys.modules[module]
    except ImportError as error:
        package = {"PIL": "pillow", "torch": "torch", "numpy": "numpy"}.get(module.split(".")[0], module.split(".")[0])
        raise PackError(f"{what} needs the Python package '{package}', which cannot be imported ({error}); "
                        f"pip install {package}") from error
