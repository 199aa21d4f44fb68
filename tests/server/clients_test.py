# SPDX-License-Identifier: Apache-2.0
"""Unchanged clients of others against gantry-server: python clients_test.py SERVER MODELS PACKAGE

MODELS: what make_packages.py made; PACKAGE: the demo's package, which takes photos. Needs the packages of
requirements.txt, curl, ab and h2load."""
import importlib.util
import pathlib
import shutil
import sys
import unittest

missing = [name for name in ("tritonclient", "kserve", "requests") if importlib.util.find_spec(name) is None]
missing += [name for name in ("curl", "ab", "h2load") if shutil.which(name) is None]
if missing:
    print(", ".join(missing), "not found; cmake/bootstrap.sh --clients, as make test runs it, installs the clients")
    sys.exit(77)
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import command_line_clients  # noqa: E402
import form_clients  # noqa: E402
import kserve_client  # noqa: E402
import triton_clients  # noqa: E402


if __name__ == "__main__":
    loader = unittest.TestLoader()
    suite = unittest.TestSuite(loader.loadTestsFromModule(module) for module in (triton_clients, kserve_client, command_line_clients,
                                                                           form_clients))
    sys.exit(not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful())
