# SPDX-License-Identifier: Apache-2.0
"""Class names."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .directory import read_given_file
from .errors import PackError

if TYPE_CHECKING:
    from .aliases import FilePath


def read_labels(labels: FilePath | Iterable[Any]) -> list[str]:
    """Label names from a list, or from a file with one a line, as the C++ side reads it."""
    if isinstance(labels, (str, os.PathLike)):
        try:
            text = read_given_file(labels, "labels").decode("utf-8")
        except UnicodeDecodeError as error:
            raise PackError(f"labels: {labels} is not UTF-8: {error}") from error
        labels = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    labels = [str(label) for label in labels]
    if not labels or any(not label or "\n" in label or "\r" in label for label in labels):
        raise PackError("labels: expected a non-empty list of names without line breaks, or a file of them")
    return labels


LABELS_FILE = "labels.txt"
