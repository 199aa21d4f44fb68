# SPDX-License-Identifier: Apache-2.0
"""Exported programs: what they write to, and made as strict as eager torch."""

from __future__ import annotations

from typing import Any

from ..console import quiet


def functional_form(program: Any) -> Any:
    """The program with what it writes to told apart from what it gives; None if torch cannot tell."""
    try:
        with quiet():
            return program.run_decompositions({})
    except Exception:
        return None


def mutates_inputs(functional: Any) -> bool:
    """Whether the program writes to its inputs; the engine copies them if so, and where nobody knows."""
    return functional is None or bool(functional.graph_signature.user_inputs_to_mutate)


def has_state(functional: Any) -> bool:
    """Whether a run writes to something that later runs see: buffers, parameters; yes where nobody knows."""
    if functional is None:
        return True
    harmless = {"USER_OUTPUT", "USER_INPUT_MUTATION", "TOKEN"}
    return any(spec.kind.name not in harmless for spec in functional.graph_signature.output_specs)


def sizes_depend_on_values(program: Any) -> bool:
    """Whether a size within the program is known when it runs alone: how many boxes were found."""
    from torch.fx.experimental.symbolic_shapes import free_unbacked_symbols
    return any(free_unbacked_symbols(node.meta["val"]) for graph_module in program.graph_module.modules()
               for node in getattr(getattr(graph_module, "graph", None), "nodes", ()) if node.meta.get("val") is not None)


def strict_as_eager(program: Any, functional: Any) -> Any:
    """The program, changed where AOTInductor's code gives a value and eager torch an error: negative indices of some
    ops, which the code counts from the end, and integer division by zero, rounded towards zero."""
    import torch
    aten = torch.ops.aten
    indexed = (aten.index_select.default, aten.index_add.default, aten.index_copy.default)
    integers = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
    changed = []

    def dtype(value: Any) -> Any:
        return getattr(getattr(value, "meta", {}).get("val"), "dtype", None)

    def divides(node: Any) -> bool:
        return (node.target == aten.div.Tensor_mode and node.kwargs.get("rounding_mode") == "trunc"
                and all(dtype(value) in integers for value in node.args[:2]))
    for graph_module in functional.graph_module.modules() if functional is not None else ():
        graph: Any = getattr(graph_module, "graph", None)

        def insert(target: Any, *arguments: Any, graph: Any = graph) -> Any:
            node = graph.call_function(target, arguments)
            node.meta["val"] = target(*(getattr(value, "meta", {}).get("val", value) for value in arguments))
            return node
        for node in list(graph.nodes) if graph is not None else ():
            if node.target not in indexed and not divides(node):
                continue
            with graph.inserting_before(node):
                if node.target in indexed:  # beyond every size, so that the code's own check finds it
                    index = node.args[2]
                    beyond = (1 << 62) if dtype(index) == torch.int64 else (1 << 31) - 1
                    strict = insert(aten.masked_fill.Scalar, index, insert(aten.lt.Scalar, index, 0), beyond)
                    node.update_arg(2, strict)
                else:  # fmod and floor_divide check their divisor; without its remainder the dividend divides evenly
                    dividend, divisor = node.args[:2]
                    even = insert(aten.sub.Tensor, dividend, insert(aten.fmod.Tensor, dividend, divisor))
                    node.target, node.args, node.kwargs = aten.floor_divide.default, (even, divisor), {}
            changed.append(graph_module)
    for graph_module in changed:
        graph_module.recompile()
    return functional if changed else program
