# SPDX-License-Identifier: Apache-2.0
"""Says where setuptools works, which pyproject.toml cannot: not in this folder, which may belong to root (an installed
prefix) or be a clone that should stay clean. All else is in pyproject.toml."""

import atexit
import shutil
import tempfile

from setuptools import setup

work = tempfile.mkdtemp(prefix="gantry-pack-")
atexit.register(shutil.rmtree, work, ignore_errors=True)
setup(options={"build": {"build_base": work}, "egg_info": {"egg_base": work}})
