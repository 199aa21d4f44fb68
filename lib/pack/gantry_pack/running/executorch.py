# SPDX-License-Identifier: Apache-2.0
"""A .pte file in Python, as the C++ engine runs it: the method whose sizes are those of the inputs, or the first that
takes larger ones, where it takes smaller ones, too."""

from __future__ import annotations

from typing import Any


class ExecutorchEngine:
    def __init__(self, path: str) -> None:
        import torch  # noqa: F401  its operators are those of the kernels
        from executorch.runtime import Runtime
        self.program = Runtime.get().load_program(path)
        self.methods: dict[tuple[Any, ...], Any] = {}
        for name in sorted(self.program.method_names):
            if name != "forward" and not name.startswith("forward_"):
                continue
            method = self.program.load_method(name)
            inputs = [method.metadata.input_tensor_meta(i) for i in range(method.metadata.num_inputs())]
            self.methods[tuple(tuple(meta.sizes()) for meta in inputs)] = method

    def __call__(self, *inputs: Any) -> list[Any]:
        sizes = tuple(tuple(value.shape) for value in inputs)
        fitting = [known for known in self.methods
                   if all(size <= most for one, largest in zip(sizes, known) for size, most in zip(one, largest))]
        if not fitting:
            raise ValueError(f"it was exported for {sorted(self.methods)}, got {sizes}")
        method = self.methods[sizes if sizes in self.methods else fitting[0]]
        return list(method.execute([value.contiguous() for value in inputs]))
