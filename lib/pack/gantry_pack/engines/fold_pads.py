# SPDX-License-Identifier: Apache-2.0
"""Padding with zeros made part of the convolutions behind it, so that no padded copy of their input is written."""

from __future__ import annotations

from typing import Any


def fold_pads(program: Any) -> bool:
    """Changes `program`, an ExportedProgram, in place; whether it changed. Only what gives equal answers is folded: zeros,
    as many before as behind on each spatial axis, that nothing but convolutions read. A convolution cannot pad more on one
    side (TensorFlow's "SAME" with a stride), so such padding stays."""
    import torch
    graph = program.graph_module.graph
    is_changed = False
    for pad in list(graph.nodes):
        amounts = _zeros(torch, pad)
        if amounts is None or not pad.users:
            continue
        folded = [_padded_more(torch, user, pad, amounts) for user in pad.users]
        if any(arguments is None for arguments in folded):
            continue
        for convolution, arguments in zip(list(pad.users), folded):
            convolution.args, convolution.kwargs = arguments, {}
        graph.erase_node(pad)
        is_changed = True
    if is_changed:
        program.graph_module.recompile()
    return is_changed


def _zeros(torch: Any, node: Any) -> list[int] | None:
    """How many zeros a node adds on either side of each axis, the last one first; None if it does anything else."""
    names = {torch.ops.aten.pad.default: ("self", "pad", "mode", "value"),
             torch.ops.aten.constant_pad_nd.default: ("self", "pad", "value")}.get(node.target)
    if node.op != "call_function" or names is None:
        return None
    given = {**dict(zip(names, node.args)), **node.kwargs}
    sides = given["pad"]
    if given.get("mode", "constant") != "constant" or given.get("value") not in (None, 0) or \
            not all(isinstance(side, int) and side >= 0 for side in sides) or sides[::2] != sides[1::2]:
        return None
    return list(sides[::2])


def _padded_more(torch: Any, node: Any, pad: Any, amounts: list[int]) -> tuple[Any, ...] | None:
    """The arguments of a convolution that pads by `amounts` more and reads what `pad` reads; None if there is no such."""
    aten = torch.ops.aten
    names = ["input", "weight", "bias", "stride", "padding", "dilation"]
    defaults: list[Any] = [None, None, None, [1], [0], [1]]
    if node.target in (aten.conv1d.default, aten.conv2d.default, aten.conv3d.default):
        names, defaults = [*names, "groups"], [*defaults, 1]
    elif node.target == aten.convolution.default:
        names = [*names, "transposed", "output_padding", "groups"]
        defaults = [*defaults, False, [0], 1]
    else:
        return None
    given = {**dict(zip(names, defaults)), **dict(zip(names, node.args)), **node.kwargs}
    if given["input"] is not pad or any(given[name] is pad for name in ("weight", "bias")) or given.get("transposed"):
        return None
    kernel = list(given["weight"].meta["val"].shape[2:])
    for name in ("stride", "padding", "dilation"):
        given[name] = _on_each_axis(given[name], len(kernel))
    more = [*amounts, *[0] * len(kernel)]
    if any(more[len(kernel):]):  # channels or samples
        return None
    padding = [before + added for before, added in zip(given["padding"], reversed(more[:len(kernel)]))]
    # A kernel that sees nothing but padding is no case that backends are made for.
    if not all(isinstance(size, int) and side <= step * (size - 1)
               for size, side, step in zip(kernel, padding, given["dilation"])):
        return None
    given.update(input=pad.args[0], padding=padding)
    return tuple(given[name] for name in names)


def _on_each_axis(value: Any, rank: int) -> list[int]:
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    return values * rank if len(values) == 1 else values
