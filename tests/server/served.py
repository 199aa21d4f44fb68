# SPDX-License-Identifier: Apache-2.0
"""Served: the server of a test class, for programs that are run as: python TEST SERVER MODELS PACKAGE

MODELS: what make_packages.py made; PACKAGE: the demo's package, which takes photos."""
import importlib.util
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running_server import RunningServer  # noqa: E402

PROGRAM, MODELS, PACKAGE = sys.argv[1:4]


def picture_models(test_class):
    """A folder with the demo's package alone, for as long as the class runs."""
    models = pathlib.Path(test_class.enterClassContext(tempfile.TemporaryDirectory()))
    models.joinpath("efficientnet-lite0").mkdir()
    models.joinpath("efficientnet-lite0/1").symlink_to(pathlib.Path(PACKAGE).resolve())
    return models


class Served(unittest.TestCase):
    flags = ()

    @classmethod
    def setUpClass(cls):
        models = picture_models(cls)
        for folder in pathlib.Path(MODELS).resolve().iterdir():
            models.joinpath(folder.name).symlink_to(folder)
        cls.server = cls.enterClassContext(RunningServer(PROGRAM, models, *cls.flags))
        cls.url = f"127.0.0.1:{cls.server.port}"


def photo():
    folder = importlib.util.find_spec("skimage").submodule_search_locations[0]
    return pathlib.Path(folder, "data/chelsea.png").read_bytes()
