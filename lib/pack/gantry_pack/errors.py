# SPDX-License-Identifier: Apache-2.0
"""What is raised: PackError where something cannot be done, CheckFailed where a check says no."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class PackError(Exception):
    """The package could not be made or read: wrong arguments, missing tools, an op that does not exist."""


class CheckFailed(PackError):
    """A check said no: answers differ, or a package's content is not what its manifest says."""


@contextlib.contextmanager
def exit_refused(what: str) -> Iterator[None]:
    """Around code of somebody else: its exit() is an error of `what`, and does not end the packer as if all went well."""
    try:
        yield
    except SystemExit as error:
        raise PackError(f"{what} calls exit({error.code}); nothing was made") from error
