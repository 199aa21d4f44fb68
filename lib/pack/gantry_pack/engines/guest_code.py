# SPDX-License-Identifier: Apache-2.0
"""AOTInductor told what to compile for, and how: code that runs as a guest in someone's process."""

from __future__ import annotations

import contextlib
import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import PackError


def aoti_target() -> tuple[str, int | None, str]:
    """(-march, SIMD bits, isa): code that runs on every CPU of that level, whatever this one has."""
    machine = platform.machine()
    if machine in ("aarch64", "arm64"):
        return "armv8-a", None, "aarch64"
    if machine not in ("x86_64", "AMD64"):
        raise PackError(f"AOTInductor packages are made on x86-64 and aarch64, not on {machine}")
    try:
        found = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        found = None
    flags = set(found[1].split()) if found else {"avx2", "fma", "bmi2"}
    return ("x86-64-v3", 256, "x86-64-v3") if {"avx2", "fma", "bmi2"} <= flags else ("x86-64-v2", 1, "x86-64-v2")


@contextlib.contextmanager
def march_of_old_inductor(march: str) -> Iterator[None]:
    """Until cpp.march became an option, the compiler was always called with -march=native."""
    from torch._inductor import config, cpp_builder
    name = "_get_optimization_cflags"
    original = getattr(cpp_builder, name, None)
    if hasattr(config.cpp, "march"):
        yield
        return
    if original is None:
        raise PackError("this version of torch cannot be told which CPU to compile for; use torch 2.15")

    def portable(flags: Any) -> Any:  # a list of flags, or a tuple of such lists
        if isinstance(flags, str):
            return f"march={march}" if flags == "march=native" else flags
        return type(flags)(portable(flag) for flag in flags)
    setattr(cpp_builder, name, lambda *args, **kwargs: portable(original(*args, **kwargs)))
    try:
        yield
    finally:
        setattr(cpp_builder, name, original)


@contextlib.contextmanager
def guest_code() -> Iterator[None]:
    """AOTInductor's code runs as a guest in someone's process: what it generates is compiled without parallel regions,
    out of which an error could not get (std::terminate), and without messages on stderr."""
    from torch._inductor import codecache
    original = codecache.AotCodeCompiler.__dict__["compile"]
    found: list[str] = []

    def plain(text: Any) -> Any:
        if not isinstance(text, str) or "#include" not in text:
            return text
        found.extend(re.findall(r"AOTInductorModelContainerRun\b", text))
        text = re.sub(r"^[ \t]*#[ \t]*pragma omp parallel\b.*$", "", text, flags=re.M)
        return re.sub(r"std::cerr\s*<<[^;]*;", ";", text)

    def compile(cls: Any, graph: Any, *sources: Any, **options: Any) -> Any:
        return original.__func__(cls, graph, *(plain(source) for source in sources),
                                 **{name: plain(value) for name, value in options.items()})
    codecache.AotCodeCompiler.compile = classmethod(compile)
    try:
        yield
        if not found:
            raise PackError("gantry-pack does not know this torch's AOTInductor: its code would print on stderr; use "
                            "torch 2.15")
    finally:
        codecache.AotCodeCompiler.compile = original
