# SPDX-License-Identifier: Apache-2.0
"""The fingerprint of an export script, by which a package is known to be up to date. Run by ctest; or: python exporting_test.py"""

import sys
import tempfile
import unittest
from pathlib import Path

MODELS = Path(__file__).resolve().parents[2] / "examples" / "models"
sys.path.insert(0, str(MODELS))
from exporting import fingerprint, sources_of  # noqa: E402


class Fingerprint(unittest.TestCase):
    def test_each_script_s_sources_are_those_that_it_imports(self):
        for script, wanted in (("efficientnet_lite0", {"exporting"}), ("mtcnn", {"exporting"}),
                               ("page_layout", {"exporting", "onnx_module"}), ("text_detection", {"exporting", "onnx_module"}),
                               ("page_figures", {"exporting", "onnx_module", "page_layout", "efficientnet_lite0"})):
            self.assertEqual({path.stem for path in sources_of(MODELS / f"{script}.py")}, {script, *wanted})

    def test_it_changes_with_what_the_script_imports_and_with_nothing_else(self):
        with tempfile.TemporaryDirectory() as folder:
            texts = {"script": "import first\n", "first": "def inner():\n    from second import x\n", "second": "import first\n",
                     "other": ""}
            for name, text in texts.items():
                (Path(folder) / f"{name}.py").write_text(text)
            script = Path(folder) / "script.py"
            before = fingerprint(script, ())
            self.assertEqual(fingerprint(script, ()), before)
            for name, text in texts.items():
                (Path(folder) / f"{name}.py").write_text(text + "y = 1\n")
                self.assertEqual(fingerprint(script, ()) == before, name == "other", name)
                (Path(folder) / f"{name}.py").write_text(text)
            self.assertNotEqual(fingerprint(script, ("torch",)), before)


if __name__ == "__main__":
    unittest.main()
