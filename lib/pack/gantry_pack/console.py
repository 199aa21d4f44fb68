# SPDX-License-Identifier: Apache-2.0
"""What a user sees on stderr: the packer's own lines, and not what others warn of."""

from __future__ import annotations

import contextlib
import logging
import sys
import warnings
from collections.abc import Iterator


def say(text: str) -> None:
    print(f"gantry-pack: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without warnings, on stderr or in the log, that tell a user nothing: deprecations, CUDA that is not there."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
