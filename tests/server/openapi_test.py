# SPDX-License-Identifier: Apache-2.0
"""What GET /v2/openapi.json says against what gantry-server does: python openapi_test.py SERVER MODELS PACKAGE

MODELS: what make_packages.py made."""
import itertools
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running_server import RunningServer

PROGRAM, MODELS = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
SOURCES = pathlib.Path(__file__).resolve().parents[2] / "examples/server"
# Values of the parameters in paths: some that exist, so that not all answers are 404, and some that do not.
VALUES = {"model": ["affine", "absent"], "version": ["1", "10", "7"], "file": ["page.js", "page.css", "absent"]}
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
X = {"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}
PARAMETERS = re.compile(r"\{(\w+)\}")


def filled(template):
    return PARAMETERS.sub(lambda found: VALUES[found[1]][0], template)


def path_words():
    """The words that the sources compare parts of a path with. A route that is added there adds its own."""
    text = (SOURCES / "api/route.cpp").read_text().split("absent_extension")[0] + (SOURCES / "page/page_handler.cpp").read_text()
    words = {part for literal in re.findall(r'"([\w./]+)"', text) for part in literal.split("/") if part}
    return sorted(words)


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        models = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        models.joinpath("affine").symlink_to(MODELS / "affine")
        cls.server = cls.enterClassContext(RunningServer(PROGRAM, models))
        status, cls.description = cls.server.json("GET", "/v2/openapi.json")
        assert status == 200, cls.description

    def ask(self, method, path):
        """On the admin port, which has all paths."""
        return self.server.ask(method, path, port=self.server.admin_port)

    def test_each_of_its_paths_is_a_route_with_its_methods(self):
        for template, operations in self.description["paths"].items():
            documented = {method.upper() for method in operations}
            for method in METHODS:
                if method in documented:
                    continue
                with self.subTest(path=template, method=method):
                    status, headers, body = self.ask(method, filled(template))
                    self.assertEqual(status, 405, body)
                    self.assertEqual(set(headers["Allow"].split(", ")) - {"HEAD"}, documented)

    def test_each_route_is_one_of_its_paths(self):
        patterns = [re.compile(PARAMETERS.sub("[^/]+", template)) for template in self.description["paths"]]
        words = path_words()
        self.assertIn("openapi.json", words)
        paths = {"/" + "/".join(parts) for depth in (1, 2) for parts in itertools.product(words, repeat=depth)}
        paths |= {"/v2/" + "/".join(parts) for parts in itertools.product(words, repeat=2)}
        paths |= {filled(template).rstrip("/") + "/" + word for template in self.description["paths"] for word in words}
        for path in sorted(paths):
            status, _, _ = self.ask("PUT", path)  # no route takes it: 405 at a route, 404 elsewhere
            self.assertIn(status, (404, 405), path)
            if status == 405:
                self.assertTrue(any(pattern.fullmatch(path) for pattern in patterns), f"{path} is not described")


if __name__ == "__main__":
    sys.argv[1:] = []
    unittest.main(verbosity=2)
