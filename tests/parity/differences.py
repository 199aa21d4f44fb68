# SPDX-License-Identifier: Apache-2.0
"""The table of lib/ops/image/README.md that says where decode and Pillow differ, and the comparison it is held to."""

import re

from PIL import ImageOps

import image_parity
from parity_case import Case

BEGIN, END = "<!-- differences begin -->", "<!-- differences end -->"
MODES = {
    "rgb": ({"colour": "rgb"}, lambda image: image.convert("RGB")),
    "unchanged": ({"colour": "unchanged"}, image_parity.unchanged),
    "upright": ({"exif_orientation": True}, lambda image: ImageOps.exif_transpose(image).convert("RGB")),
}


class Row:
    """A kind of file, the names of Pillow's own test images of that kind, and what either side does."""

    def __init__(self, kind, files, pillow, gantry):
        self.kind, self.files, self.outcome = kind, files, (pillow, gantry)


def read_table(readme):
    text = readme.read_text()
    rows = []
    for line in text[text.index(BEGIN) : text.index(END)].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[0] != "kind" and not cells[0].startswith("---"):
            rows.append(Row(cells[0], re.findall(r"`([^`]+)`", cells[1]), cells[2], cells[3]))
    return rows


def cases_of(name, data, pillow_reads=True):
    """The file in every mode, with what Pillow makes of it."""
    for mode, (params, convert) in MODES.items():
        expected = image_parity.open_with_pillow(data, convert) if pillow_reads else None
        yield Case(name, "bytes", "image", [{"op": "image.decode", **params}], data, expected)


def outcome(case, result):
    """(what Pillow does, what gantry does), or None if it is the same."""
    if not image_parity.difference(case, result):
        return None
    if isinstance(result, str):
        return "reads it", "refuses it"
    return ("refuses it", "reads it") if case.expected is None else ("other pixels", "other pixels")


def found_in(cases, results):
    """name -> (what Pillow does, what gantry does, the message) of every file that differs in some mode."""
    found = {}
    for case, result in zip(cases, results):
        if (difference := outcome(case, result)) and case.name not in found:
            found[case.name] = (*difference, image_parity.difference(case, result))
    return found
