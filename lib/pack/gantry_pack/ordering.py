# SPDX-License-Identifier: Apache-2.0
"""The order of a model's engines: by what the gantry tool measures on this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .console import say
from .manifest import write_manifest
from .tool import Tool

if TYPE_CHECKING:
    from pathlib import Path

    from .aliases import FilePath, Json, Steps
    from .model.model import TypedModel
    from .models import Models
    from .opening import Opening

PLANS = ("fused", "channels_last")  # of the TorchScript engine, besides "frozen", which is the default
TIE = 0.03  # less faster is no faster, so that packs come out alike

Times = dict[tuple[str, int], float]  # (model, place in its engines) -> milliseconds of CPU time


def order_engines(directory: Path, manifest: Json, models: Models, opening: Opening, tool: Tool | str | None,
                  sign_key: FilePath | None) -> None:
    """Puts each model's engines in the order of their speed and adds the fastest plan of TorchScript, where that is faster
    than the frozen graph; writes the manifest anew. What the tool cannot measure comes last. Without a tool, or with
    engine_order="given", the order stays."""
    given = {name: entry["engines"] for name, entry in manifest["models"].items()}
    wanted = {name: _with_plans(engines, models.by_name[name]) for name, engines in given.items()
              if models.by_name[name].engine_order == "measured"}
    wanted = {name: engines for name, engines in wanted.items() if len(engines) > 1}
    if not wanted or not manifest["golden"]:
        return
    if not isinstance(tool, Tool):
        if any(len(given[name]) > 1 for name in wanted):
            say("engines stay in the order given: " + ("no gantry tool measures them" if tool is None else tool))
        return
    say("measuring the engines")
    for name, engines in wanted.items():
        manifest["models"][name]["engines"] = engines
    write_manifest(directory, manifest, sign_key)
    times, problem = _measured(opening, tool)
    for name, engines in wanted.items():
        with models.about(name):
            if problem:
                say(f"engines stay in the order given: {problem}")
            manifest["models"][name]["engines"] = given[name] if problem else \
                _by_time([(entry, times.get((name, i))) for i, entry in enumerate(engines)])
    write_manifest(directory, manifest, sign_key)


def _with_plans(engines: Steps, model: TypedModel) -> Steps:
    """With an entry for each further plan behind TorchScript's, if the model has convolutions of pictures."""
    state = model.program.state_dict if model.program is not None else model.module.state_dict()
    has_convolutions = any(getattr(value, "ndim", 0) == 4 for value in state.values())
    found: Steps = []
    for entry in engines:
        found.append(entry)
        if entry["kind"] == "torchscript" and has_convolutions and not model.has_state:
            found += [{**entry, "options": {**entry.get("options", {}), "plan": plan}} for plan in PLANS]
    return found


def _measured(opening: Opening, tool: Tool) -> tuple[Times, str | None]:
    """The times of what could be measured, or why there are none."""
    code, output = opening.run(tool, "time", "--json")
    times: Times = {}
    for line in output.splitlines():
        try:
            found: Any = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and isinstance(found.get("ms"), (int, float)):
            times[found["model"], found["engine"]] = float(found["ms"])
    if times:
        return times, None
    last = output.strip().splitlines()[-1:] or [f"exit code {code}"]
    return times, f"the gantry tool measured none: {last[0]}"


def _by_time(engines: list[tuple[Json, float | None]]) -> Steps:
    """The fastest first; of TorchScript's plans only the fastest, if it is faster than the frozen graph."""
    ordered: list[tuple[Json, float | None]] = []
    for entry, time in engines:
        if time is None and "plan" in entry.get("options", {}):
            continue  # a plan that the model cannot have, or whose answers differ
        place = len(ordered)
        while place > 0 and time is not None and _is_faster(time, ordered[place - 1][1]):
            place -= 1
        ordered.insert(place, (entry, time))
    kept = []
    has_torchscript = False
    for entry, time in ordered:
        has_plan = "plan" in entry.get("options", {})
        if has_plan and has_torchscript:
            continue
        has_torchscript = has_torchscript or entry["kind"] == "torchscript"
        kept.append((entry, time))
    say("engines, by the CPU time of one sample: " + ", ".join(
        f"{_title(entry)} {'not measured' if time is None else f'{time:.3g} ms'}" for entry, time in kept))
    return [entry for entry, _ in kept]


def _is_faster(time: float, other: float | None) -> bool:
    return other is None or time < other * (1 - TIE)


def _title(entry: Json) -> str:
    plan = entry.get("options", {}).get("plan")
    return entry["kind"] + (f" ({plan})" if plan else "")
