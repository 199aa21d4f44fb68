#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tables of ops in lib/model/manifest.schema.md, made from the descriptions that the ops are registered with.

    python lib/ops/schema_tables.py build/share/gantry/ops.json            compares; exits 1 if they differ
    python lib/ops/schema_tables.py build/share/gantry/ops.json --write    writes them

They stand between `<!-- ops: NAME -->` and `<!-- end -->`.
"""

import argparse
import difflib
import json
import re
import sys
from pathlib import Path

SCHEMA = Path(__file__).resolve().parents[1] / "model" / "manifest.schema.md"
SECTION = re.compile(r"(<!-- ops: (\w+) -->\n).*?(<!-- end -->)", re.S)
WORDS = {"boolean": "bool", "string": "text", "strings": "list of texts", "file": "file", "object": "object",
         "ops": "list of ops", "branches": "list of lists of ops", "number": "number", "integer": "integer"}


def number_limits(parameter):
    low, above, high = (parameter.get(key) for key in ("minimum", "exclusive_minimum", "maximum"))
    if low is not None and high is not None:
        text = f"{low}..{power(high)}"
    else:
        parts = [f"from {low} on"] * (low is not None) + [f"above {above}"] * (above is not None)
        text = ", ".join(parts + [f"at most {high}"] * (high is not None))
    if parameter.get("or_zero"):
        text = "0 or " + text
    return ", ".join([text] * bool(text) + ["not 0"] * parameter.get("nonzero", False))


def power(number):
    return "2^31" if number == 1 << 31 else number


def limits(parameter):
    """What a value may be."""
    kind = parameter["type"]
    if kind == "choice":
        return r"\|".join(f"`{choice}`" for choice in parameter["choices"])
    within = number_limits(parameter)
    if kind == "numbers":
        counts = [str(count) for count in parameter.get("counts", [])]
        many = " or ".join(filter(None, [", ".join(counts[:-1]), counts[-1]])) + " " if counts else ""
        return f"{many}{'integers' if parameter.get('whole') else 'numbers'}" + (f" {within}" if within else "")
    return within or WORDS[kind]


def rest_of(parameter):
    """All of a parameter's text but its name."""
    text = " " + limits(parameter)
    if "default" in parameter:
        default = parameter["default"]
        text += f" ({default if isinstance(default, str) else json.dumps(default)})"
    elif "absent" in parameter:
        text += f" (without it: {parameter['absent']})"
    return text + (f": {parameter['meaning']}" if parameter["meaning"] else "")


def parameters_of(op):
    """`width`, `height` 1..65535: of the result; ..."""
    found = []
    for parameter in op["parameters"]:
        rest = rest_of(parameter)
        if found and found[-1][1] == rest:
            found[-1][0].append(parameter["name"])
        else:
            found.append(([parameter["name"]], rest))
    parts = [", ".join(f"`{name}`" for name in names) + rest for names, rest in found]
    if op.get("one_of"):
        parts.append("give " + ", or ".join(" and ".join(f"`{name}`" for name in names) for names in op["one_of"]))
    return "; ".join(parts) or "none"


def type_of(name, values):
    return (name.replace("<", r"\<").replace(">", r"\>") + (f" {values}" if values else ""))


def row(*cells):
    return "| " + " | ".join(re.sub(r"(?<!\\)\|", r"\\|", cell) for cell in cells) + " |\n"


def table(ops, columns):
    heads = {"op": "op", "types": "takes -> gives", "parameters": "parameters, defaults, limits", "reference": "reference",
             "tolerance": "tolerance", "summary": "what it does"}
    text = row(*(heads[column] for column in columns)) + "|---" * len(columns) + "|\n"
    for op in ops:
        cells = {"op": f"`{op['name']}`", "parameters": parameters_of(op), "reference": op.get("reference", ""),
                 "tolerance": op.get("tolerance", ""), "summary": op["summary"],
                 "types": f"{type_of(op['takes'], op.get('input'))} -> {type_of(op['gives'], op.get('output'))}"}
        text += row(*(cells[column] for column in columns))
    return text


def section(name, content):
    ops = content["ops"]
    if name == "pipeline":
        return table([op for op in ops if op["domain"] == "pipeline"], ["op", "types", "summary", "parameters"])
    if name == "predicates":
        return row("predicate", "looks at", "says") + "|---|---|---|\n" + "".join(
            row(f"`{each['name']}`", each["takes"], each["summary"]) for each in content["predicates"])
    if name == "all":
        order = ["image", "tensor", "detect", "segment", "classify", "embeddings"]
        known = sorted((op for op in ops if op["domain"] != "pipeline"),
                       key=lambda op: (order.index(op["domain"]) if op["domain"] in order else len(order), op["domain"]))
        return table(known, ["op", "types", "summary", "parameters", "reference", "tolerance"])
    raise SystemExit(f"{SCHEMA}: unknown section '{name}'")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path, help="ops.json, as the build writes it")
    parser.add_argument("--write", action="store_true", help="write the tables instead of comparing them")
    options = parser.parse_args()
    content = json.loads(options.table.read_text())
    before = SCHEMA.read_text()
    names = [name for _, name, _ in SECTION.findall(before)]
    if sorted(names) != ["all", "pipeline", "predicates"]:
        raise SystemExit(f"{SCHEMA}: expected the sections all, pipeline and predicates, found {names}")
    after = SECTION.sub(lambda found: found[1] + section(found[2], content) + found[3], before)
    if options.write:
        SCHEMA.write_text(after)
    elif after != before:
        sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), after.splitlines(True), str(SCHEMA), "the ops"))
        raise SystemExit("manifest.schema.md differs from what the ops say; `make op-tables` writes it")


if __name__ == "__main__":
    main()
