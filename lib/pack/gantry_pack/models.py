# SPDX-License-Identifier: Apache-2.0
"""The models of a package by name: what is done with each of them, and with all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .console import about
from .model.model import TypedModel
from .padding import check_padding

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from .aliases import Json
    from .directory import Directory
    from .model.given import Model
    from .tolerance import Tolerance


class Models:
    """The eager models of a package. Where there are several, errors and what is said name the one that they are of."""

    def __init__(self, given: dict[str, Model], tolerance: Tolerance) -> None:
        self.by_name: dict[str, TypedModel] = {}
        self.has_several = len(given) > 1
        for name, one in given.items():
            with self.about(name):
                model = TypedModel(one, tolerance, f"model '{name}'" if self.has_several else "model")
                if model.padding is not None:
                    check_padding(model.padding, model)
                self.by_name[name] = model
        self.libraries = list({library.to_load: library for model in self.by_name.values()
                               for library in model.libraries}.values())

    def about(self, name: str) -> AbstractContextManager[None]:
        return about(f"model '{name}'" if self.has_several else None)

    def name_of(self, op: Json) -> str:
        """The model that an op `model` stands for: the one it names, or the only one."""
        return op.get("name") or next(iter(self.by_name))

    def of(self, op: Json) -> TypedModel:
        return self.by_name[self.name_of(op)]

    def signatures(self) -> dict[str, Json]:
        return {name: model.signature for name, model in self.by_name.items()}

    def call_sample(self, op: Json, value: Any) -> Any:
        return self.of(op).call_sample(value)

    def begin_case(self) -> None:
        """What comes now is recorded as if nothing had been before."""
        for model in self.by_name.values():
            model.begin_case()

    def refuse_random(self) -> None:
        """Of a model that draws random numbers no answer can be recorded."""
        for name, model in self.by_name.items():
            if model.is_random:
                with self.about(name):
                    model.refuse_random()

    def forget(self) -> bool:
        """Whether each model gives for its samples' inputs again what it gave. If not, cases are to be recorded anew."""
        found = []
        for name, model in self.by_name.items():
            with self.about(name):
                found.append(model.forgets())
        return all(found)

    def store_libraries(self, directory: Directory) -> None:
        for library in self.libraries:
            library.store(directory)
