# SPDX-License-Identifier: Apache-2.0
"""What each argument of pack() is at all, looked at before anything is computed from it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .errors import PackError
from .ops.op import Op

Check = Callable[[Any], bool]
Kinds = dict[str, tuple[Check, str]]


def is_path(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike)) and str(value) != "" and "\0" not in str(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_anything(value: Any) -> bool:
    return True


def is_list_of(fits: Check) -> Check:
    def check(value: Any) -> bool:
        listed = hasattr(value, "__iter__") and getattr(value, "ndim", 1) > 0  # not a tensor of no dimension
        return listed and not isinstance(value, (str, bytes, dict)) and all(map(fits, value))
    return check


def _is_dict_of(fits_key: Check, fits_value: Check) -> Check:
    def check(value: Any) -> bool:
        return isinstance(value, dict) and all(fits_key(key) and fits_value(one) for key, one in value.items())
    return check


def _is_op(value: Any) -> bool:
    return isinstance(value, Op) or callable(value) and not isinstance(value, type)


# None is "not given" for all but `out`. What an argument says is looked at later.
OF_PACKAGES: Kinds = {
    "out": (lambda value: is_path(value) and Path(value).name not in ("", ".."), "the path of the directory to make"),
    "models": (_is_dict_of(_is_text, _is_anything), "{name: Model(module, example_inputs)}"),
    "inputs": (lambda value: not _is_text(value) and is_list_of(_is_text)(value), "a list of names"),
    "reference": (callable, "a function that takes a sample"),
    "samples": (is_list_of(_is_anything), "a list of samples"),
    "labels": (lambda value: is_path(value) or is_list_of(_is_anything)(value), "a list of names, or a file of them"),
    "files": (_is_dict_of(_is_text, lambda value: isinstance(value, bytes) or is_path(value)),
              "{path in the package: path of a file, or bytes}"),
    "ops": (_is_dict_of(_is_text, _is_op), "{name: gantry_pack.Op(...), or a function}"),
    "provenance": (lambda value: isinstance(value, dict), "a dict"),
    "sign_key": (is_path, "the path of a PEM file"),
    "plugins": (is_list_of(is_path), "a list of paths"),
    "tool": (lambda value: value is False or value == "" or is_path(value), "the path of the gantry tool, or False"),
}
OF_MODELS: Kinds = {
    "engines": (lambda value: _is_text(value) or is_list_of(_is_text)(value),
                'one or more of "torchscript", "aoti" and "executorch"'),
    "engine_order": (lambda value: value in ("measured", "given"), '"measured" or "given"'),
    "batch_sizes": (is_list_of(lambda size: type(size) is int), "a list of numbers of samples"),
    "max_sizes": (_is_dict_of(_is_text, lambda size: type(size) is int), "{dimension that varies: its largest size}"),
    "input_names": (lambda value: _is_text(value) or is_list_of(_is_text)(value), "a list of names"),
    "output_names": (lambda value: _is_text(value) or is_list_of(_is_text)(value), "a list of names"),
    "shapes": (_is_dict_of(_is_text, is_list_of(lambda dim: _is_text(dim) or type(dim) is int)),
               '{name: [dimensions]}, of sizes and names, as {"x": ["batch", 3, "height", "width"]}'),
    "batch": (lambda value: isinstance(value, bool), "True or False"),
    "arguments": (lambda value: isinstance(value, dict), "{argument of forward(): value}"),
    "libraries": (is_list_of(is_path), "a list of paths or bare names"),
}


def check_kinds(given: dict[str, Any], kinds: Kinds) -> None:
    """PackError if an argument is something else altogether."""
    for name, (fits, expected) in kinds.items():
        value = given[name]
        if not ((value is None and name != "out") or fits(value)):
            one = name in ("samples", "libraries", "plugins") and isinstance(value, (str, os.PathLike))
            advice = f"; put it in a list, {name}=[...]" if one else ""
            if name == "labels" and isinstance(value, dict):
                advice = "; of {index: name} in order, pass list(labels.values())"
            raise PackError(f"{name}: expected {expected}, got {value!r:.80}{advice}")
