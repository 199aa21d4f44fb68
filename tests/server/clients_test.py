# SPDX-License-Identifier: Apache-2.0
"""Unchanged clients of others against gantry-server: python clients_test.py SERVER MODELS PACKAGE

MODELS: what make_packages.py made; PACKAGE: the demo's package, which takes photos. Needs the packages of
requirements.txt, curl, ab and h2load."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import command_line_clients  # noqa: E402
import kserve_client  # noqa: E402
import triton_clients  # noqa: E402


if __name__ == "__main__":
    loader = unittest.TestLoader()
    suite = unittest.TestSuite(loader.loadTestsFromModule(module) for module in (triton_clients, kserve_client, command_line_clients))
    sys.exit(not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful())
