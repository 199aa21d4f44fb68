# SPDX-License-Identifier: Apache-2.0
"""The recipes for curl in examples/server/README.md, run as they stand there: python readme_test.py SERVER MODELS PACKAGE"""
import io
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from PIL import Image
from served import Served, photo

README = pathlib.Path(__file__).resolve().parents[2] / "examples/server/README.md"
CLASSES = r'^\{"classes":\[\{"index":\d+,"label":".*","score":0\.'
# What each recipe prints, by the comment above it.
PRINTS = {
    "a photo: its classes": CLASSES,
    "the same, compressed both ways": CLASSES,
    "within a millisecond, which is too short: 504": r'^\{"error":"deadline_exceeded.* 504$',
    "a tensor as JSON": r'"name":"y","datatype":"FP32","shape":\[1,4\],"data":\[3\.0,5\.0,7\.0,9\.0\]',
    "a binary tensor: JSON, then the bytes, and so comes the answer, whose last 16 bytes are shown": r"^\s+3\s+3\s+3\s+3\s*$",
    "the bytes of the one input alone: a batch of one": r"^\s+3\s+3\s+3\s+3\s*$",
}


def recipes():
    """(comment, commands): those of the section, in its order."""
    section = README.read_text().split("\n## With curl\n")[1].split("\n## ")[0]
    block = re.search(r"```bash\n(.*?)```", section, re.DOTALL)[1]
    return [tuple(part.split("\n", 1)) for part in re.split(r"^# ", block, flags=re.MULTILINE)[1:]]


class Readme(Served):
    def test_each_recipe_prints_what_it_says(self):
        found = recipes()
        self.assertEqual([comment for comment, _ in found], list(PRINTS))
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            Image.open(io.BytesIO(photo())).convert("RGB").save(folder / "photo.jpg")
            folder.joinpath(".curlrc").write_text("silent\nshow-error\n")
            settings = ""  # a recipe may use what one above it has set
            for comment, commands in found:
                with self.subTest(comment):
                    commands = commands.replace("localhost:8080", self.url)
                    self.assertIn(self.url, commands)
                    done = subprocess.run(["sh", "-euc", settings + commands], cwd=folder, env={"CURL_HOME": name, "PATH": "/usr/bin:/bin"},
                                          capture_output=True, text=True, timeout=120, check=False)
                    self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
                    self.assertRegex(done.stdout, re.compile(PRINTS[comment], re.DOTALL))
                settings += "".join(line + "\n" for line in commands.splitlines() if re.match(r"\w+='[^']*'(\s|$)", line))


if __name__ == "__main__":
    if shutil.which("curl") is None:
        print("curl not found")
        sys.exit(77)
    sys.argv[1:] = []
    unittest.main(verbosity=2)
