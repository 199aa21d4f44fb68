# SPDX-License-Identifier: Apache-2.0
"""One model to its engines: its entry in the manifest, and its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..console import say
from ..limits import SUFFIXES
from ..padding import check_padded
from .aoti import export_aoti
from .executorch import export_executorch
from .rows import NOT_MERGED
from .torchscript import export_torchscript
from .trials import Trials

if TYPE_CHECKING:
    from ..aliases import Json, Steps
    from ..directory import Directory
    from ..model.model import TypedModel


def export_model(name: str, model: TypedModel, sample_inputs: list[Any], directory: Directory) -> Json:
    """Writes NAME.ts, NAME.pt2 and NAME.pte, and returns the model's entry in the manifest. `sample_inputs`: what the samples
    gave it."""
    trials = Trials(model, sample_inputs)
    if model.padding is not None:
        check_padded(model.padding, model, trials.alone_inputs())
    engines = []
    for kind in model.engine_kinds:
        path = directory.root / (name + SUFFIXES[kind])
        if kind == "torchscript":
            engines.append(export_torchscript(model, path, trials))
        else:
            engines.append((export_aoti if kind == "aoti" else export_executorch)(model, path, sample_inputs))
    _complete(engines, model)
    entry: Json = {"engines": engines, **model.signature, "max_batch": model.max_batch}
    if model.padding is not None:
        entry["padding"] = model.padding
    return entry


def _complete(entries: Steps, model: TypedModel) -> None:
    """Adds to engines[] what is known of rows and which options they need, and says why calls will not be merged."""
    for entry in entries:
        options: Json = {}
        if model.libraries:
            options["libraries"] = [library.name for library in model.libraries]
        if model.arguments and model.is_script:  # else they are bound in the exported model
            options["arguments"] = model.arguments
        if options:
            entry["options"] = options
        rows = entry["rows"] = model.rows[entry["kind"]]
        if rows["independent"] or not model.can_share_calls or rows["reason"] in NOT_MERGED:
            continue
        advice = "; pass two or more different samples= of equal shapes" if "fewer than two" in rows["reason"] else ""
        say(f"{entry['kind']}: calls will not be merged into batches, since rows are not known to be independent: "
            f"{rows['reason']}{advice}")
