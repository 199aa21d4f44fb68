# SPDX-License-Identifier: Apache-2.0
"""What is raised: PackError where something cannot be done, CheckFailed where a check says no."""

from __future__ import annotations


class PackError(Exception):
    """The package could not be made or read: wrong arguments, missing tools, an op that does not exist."""


class CheckFailed(PackError):
    """A check said no: answers differ, or a package's content is not what its manifest says."""
