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
def guest_flags(march: str) -> Iterator[None]:
    """The compiler's flags: a library with unique symbols (STB_GNU_UNIQUE) is never unloaded, so there are none. And until
    cpp.march became an option, the compiler was always called with -march=native."""
    from torch._inductor import config, cpp_builder
    name = "_get_optimization_cflags"
    original = getattr(cpp_builder, name, None)
    if original is None:
        raise PackError("gantry-pack does not know how this version of torch calls the compiler; use torch 2.15")
    is_old = not hasattr(config.cpp, "march")

    def portable(flags: Any) -> Any:  # a list of flags, or a tuple of such lists
        if isinstance(flags, str):
            return f"march={march}" if is_old and flags == "march=native" else flags
        return type(flags)(portable(flag) for flag in flags)

    def changed(*args: Any, **kwargs: Any) -> Any:
        found = portable(original(*args, **kwargs))
        if cpp_builder.is_gcc():  # clang makes no such symbols
            (found[0] if isinstance(found, tuple) else found).append("fno-gnu-unique")
        return found
    setattr(cpp_builder, name, changed)
    try:
        yield
    finally:
        setattr(cpp_builder, name, original)


# The last error of a thread. AOTInductor's own is a std::string, whose destructor, as it is to run when the thread ends,
# keeps the library from being unloaded until then.
_LAST_ERROR = re.compile(r"static thread_local std::string g_aoti_last_error;")
_LAST_ERROR_WITHOUT_DESTRUCTOR = """
namespace {
struct LastError {
  char text[1024];
  void operator=(const char* what) {
    size_t size = 0;
    while (size + 1 < sizeof(text) && what[size] != 0) {
      text[size] = what[size];
      ++size;
    }
    text[size] = 0;
  }
  void clear() { text[0] = 0; }
  const char* c_str() const { return text; }
};
}
static thread_local LastError g_aoti_last_error;
"""


@contextlib.contextmanager
def guest_code() -> Iterator[None]:
    """AOTInductor's code runs as a guest in someone's process: what it generates is compiled without parallel regions,
    out of which an error could not get (std::terminate), without messages on stderr, and so that it can be unloaded."""
    from torch._inductor import codecache
    original = codecache.AotCodeCompiler.__dict__["compile"]
    found: list[str] = []

    def plain(text: Any) -> Any:
        if not isinstance(text, str) or "#include" not in text:
            return text
        found.extend(re.findall(r"AOTInductorModelContainerRun\b", text))
        text = re.sub(r"^[ \t]*#[ \t]*pragma omp parallel\b.*$", "", text, flags=re.M)
        text = _LAST_ERROR.sub(_LAST_ERROR_WITHOUT_DESTRUCTOR, text)
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
