# SPDX-License-Identifier: Apache-2.0
"""What a user sees on stderr: the packer's own lines, and not what others warn of."""

from __future__ import annotations

import contextlib
import logging
import sys
import warnings
from collections.abc import Iterator

from .errors import PackError

_subjects: list[str] = []


def say(text: str) -> None:
    print(f"gantry-pack: {''.join(f'{one}: ' for one in _subjects)}{text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def about(subject: str | None) -> Iterator[None]:
    """Around work on one of several things: what is said and what fails there begins with the `subject`. None: nothing
    does, where there is one thing only."""
    if subject is None:
        yield
        return
    _subjects.append(subject)
    try:
        yield
    except PackError as error:
        raise type(error)(f"{subject}: {error}") from error
    finally:
        _subjects.pop()


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
