# SPDX-License-Identifier: Apache-2.0
"""Pipelines as users write them: names of ops, transforms and ops with parameters, to lists of ops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .differences import difference
from .errors import CheckFailed, PackError, exit_refused
from .ops.table import LABELLED
from .pipeline import COMPOUND
from .tolerance import EXACT
from .translation.translator import apply_transform, translate

if TYPE_CHECKING:
    from .aliases import Json, Origin, Steps
    from .reference import Reference


def default_pipeline(pipeline: Any, labels: Any) -> list[Any]:
    """None: the model alone. A transform: decode, transform, model, and the five best classes if there are labels."""
    if pipeline is None:
        return ["model"]
    if _is_transform(pipeline):
        tail = ["softmax", {"op": "top_k", "k": 5}] if labels is not None else []
        return ["image.decode", pipeline, "model", *tail]
    if not isinstance(pipeline, (list, tuple)):
        raise PackError(f"pipeline: expected a list of ops or a transform, got {type(pipeline).__name__}")
    return list(pipeline)


def _gives_rgb(ops: Steps) -> bool:
    """Whether images are known to be RGB behind the ops."""
    for op in reversed(ops):
        if op["op"] in ("image.decode", "image.from_raw"):
            return op.get("colour", "rgb") == "rgb" and op.get("format", "rgb") in ("rgb", "bgr", "nv12", "nv21", "i420")
        if op["op"] in ("image.to_rgb", "image.to_gray") or not op["op"].startswith("image."):
            return op["op"] == "image.to_rgb"
    return False


def _is_transform(value: Any) -> bool:
    return callable(value) and not isinstance(value, (str, dict, list, tuple))


def expand(pipeline: Any, labels_file: str | None, path: str = "pipeline") -> tuple[Steps, list[Origin]]:
    """Strings become ops without parameters, transforms the ops they translate to, and `labels_file` is filled in.

    Returns the ops and [(path of first op, path of last op, transform)]."""
    ops: Steps = []
    origins: list[Origin] = []
    for item in pipeline:
        if isinstance(item, str):
            item = {"op": item}
        if isinstance(item, dict):
            item, inner_origins = _expand_op(item, labels_file, f"{path}[{len(ops)}]")
            origins += inner_origins
            ops.append(item)
        elif _is_transform(item):
            translated = translate(item, _gives_rgb(ops))
            if translated:
                first, last = len(ops), len(ops) + len(translated) - 1
                origins.append((f"{path}[{first}]", f"{path}[{last}]", item))
            ops += translated
        else:
            raise PackError(f"{path}[{len(ops)}]: expected an op or a transform, got {item!r}")
    return ops, origins


def _expand_op(op: Json, labels_file: str | None, path: str) -> tuple[Json, list[Origin]]:
    op, origins = dict(op), []
    if labels_file and op.get("op") in LABELLED and "labels" not in op:
        op["labels"] = labels_file
    for key in ("do", "then", "else"):
        if op.get("op") in COMPOUND and isinstance(op.get(key), (list, tuple)):
            op[key], found = expand(op[key], labels_file, f"{path}.{key}")
            origins += found
    if op.get("op") == "fork" and isinstance(op.get("branches"), (list, tuple)):
        branches = []
        for i, branch in enumerate(op["branches"]):
            expanded, found = expand(branch, labels_file, f"{path}.branches[{i}]")
            branches.append(expanded)
            origins += found
        op["branches"] = branches
    return op, origins


def check_origins(reference: Reference, origins: list[Origin], sample: Any) -> None:
    """The translated ops gave what the transforms give."""
    for first, _, transform in origins:
        for start, value_in, value_out in reference.watched:
            if start != first:
                continue
            with exit_refused(f"{sample}: {type(transform).__name__}"):
                wanted = apply_transform(transform, value_in)
            if isinstance(value_out, list) and isinstance(wanted, tuple):
                wanted = list(wanted)
            problem = difference(value_out, wanted, EXACT, f"{sample}, {first}")
            if problem:
                raise CheckFailed("the translated ops differ from the transform: " + problem)
