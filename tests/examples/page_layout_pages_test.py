# SPDX-License-Identifier: Apache-2.0
"""The package of examples/models/page_layout.py on real pages: documents of Debian packages, as far as they are installed,
rendered by pdftoppm. What the gantry tool finds is what rapid-layout's own steps find. Exits 77 without pdftoppm or documents.
Run by ctest; or: python page_layout_pages_test.py GANTRY PACKAGE"""

import gzip
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

GANTRY, PACKAGE = sys.argv[1:3]
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "models"))
import page_layout  # noqa: E402
from gantry_pack import Detection, Detections, Tolerance, difference  # noqa: E402

DOCUMENTS = ("libtasn1-doc/libtasn1.pdf", "shared-mime-info/shared-mime-info-spec.pdf", "zlib1g-dev/crc-doc.1.0.pdf.gz",
             "libimage-exiftool-perl/html/MIE1.1-20070121.pdf", "bzip2/manual.pdf.gz", "fontconfig/fontconfig-user.pdf.gz")
PAGES = 5  # of each


def rendered(folder):
    """Pages of all documents that are there, at 100 dots an inch."""
    for document in DOCUMENTS:
        path = Path("/usr/share/doc") / document
        if not path.exists():
            continue
        plain = folder / path.name.removesuffix(".gz")
        plain.write_bytes(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
        subprocess.run(["pdftoppm", "-png", "-r", "100", "-l", str(PAGES), plain, folder / plain.stem], check=True)
    return sorted(folder.glob("*.png"))


class Pages(unittest.TestCase):
    def test_the_parts_of_pages_are_those_that_python_finds(self):
        found = 0
        with tempfile.TemporaryDirectory() as name:
            pages = rendered(Path(name))
            answers = page_layout.python_stack(page_layout.network())
            ran = subprocess.run([GANTRY, "run", PACKAGE, *pages], capture_output=True, text=True, check=True)
            lines = [json.loads(line)["result"]["detections"] for line in ran.stdout.splitlines()]
            for page, line in zip(pages, lines, strict=True):
                ours = Detections(Detection(one["index"], one["label"], one["score"], tuple(one["box"])) for one in line)
                found += len(ours)
                with self.subTest(page.name):
                    self.assertIsNone(difference(answers(page), ours, Tolerance(1e-3, 1e-5), page.name))
        print(f"{len(pages)} pages, {found} parts")
        self.assertGreater(found, len(pages))


if __name__ == "__main__":
    if shutil.which("pdftoppm") is None or not any((Path("/usr/share/doc") / document).exists() for document in DOCUMENTS):
        print("there is no pdftoppm (Debian's poppler-utils), or none of the documents")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
