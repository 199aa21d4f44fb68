#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a public header declares, and does not define itself, the shared libraries must export: a host that calls what
they hide does not link. Compares the symbols of the objects with those of the shared library.

    python tests/consumer/declared_symbols_test.py --headers include/gantry LIBRARY.so=OBJECTS.a ...
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

TABLE = re.compile(r"vtable for (gantry::[\w:]+)$")
# Of gantry's own layers, though public functions, inline ones among them, have the same names.
NOT_PUBLIC = re.compile(r"^gantry::(detail::(read_file|find_stage(\[abi:cxx11\])?|run_until)|libtorch::(to|from)_torch)\(")


def symbols(path, dynamic):
    """Demangled names that `path` defines for others; weak ones, which each of its users has too, are left out."""
    # W: inline functions and templates. Vtables (V) count: a host makes that of a class itself only if it has no key
    # function, and then gantry seldom makes one.
    command = ["nm", "-C", "--defined-only"] + (["-D"] if dynamic else ["-g"]) + [str(path)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    text = re.sub(r"\bgantry::v\d+_\d+::", "gantry::", text)  # headers name the inline namespace by a macro
    found = re.findall(r"^[0-9a-f]+ ([A-Z]) (.+)$", text, re.M)
    return {name for kind, name in found if dynamic or kind in "TDRB" or (kind == "V" and TABLE.match(name))}


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


class Headers:
    """The classes that the public headers define, with the members they declare; and the functions they declare."""

    def __init__(self, folder):
        texts = [without_comments(path.read_text()) for path in sorted(Path(folder).rglob("*.hpp"))]
        self.classes = {}
        self.functions = set()
        for text in texts:
            self._read(text)

    def _read(self, text):
        for found in re.finditer(r"\b(?:class|struct)\s+(?:GANTRY_API\s+)?(\w+)(?:\s+final)?(?:\s*:[^;{]*)?\s*\{", text):
            depth, end = 1, found.end()
            while depth and end < len(text):
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
            body = text[found.end():end]
            self.classes.setdefault(found.group(1), []).append(body)
        self.functions.update(re.findall(r"\b([A-Za-z_]\w*)\s*\(", text))

    def declares(self, name):
        """Whether the symbol's name is one that a header declares."""
        table = TABLE.match(name)
        if table:
            return table.group(1).split("::")[-1] in self.classes
        path = re.sub(r"\(.*$|<.*$|\[abi:.*$", "", name).split("::")
        if len(path) < 2 or path[0] != "gantry" or "(anonymous namespace)" in name:
            return False
        function, scope = path[-1], path[-2]
        if scope in self.classes:
            return any(re.search(rf"(?<!\w){re.escape(function.lstrip('~'))}\b", body) for body in self.classes[scope])
        is_namespace = scope == scope.lower()
        return is_namespace and function in self.functions


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--headers", required=True)
    parser.add_argument("pairs", nargs="+")
    arguments = parser.parse_args()
    headers = Headers(arguments.headers)
    failures = []
    for pair in arguments.pairs:
        library, objects = pair.split("=")
        exported = symbols(library, dynamic=True)
        defined = symbols(objects, dynamic=False)
        if not exported or not defined:
            sys.exit(f"{library} or {objects} has no symbols")
        failures += [name for name in sorted(defined - exported) if headers.declares(name) and not NOT_PUBLIC.match(name)]
    for name in failures:
        print(f"declared in a public header, but not exported: {name}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
