# SPDX-License-Identifier: Apache-2.0
"""What pyproject.toml cannot say. Where setuptools works: not in this folder, which may belong to root (an installed prefix)
or be a clone that should stay clean. And, of a prefix, where its gantry tool lies: what pip installs lies elsewhere. All
else is in pyproject.toml."""

import atexit
import shutil
import tempfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithPlace(build_py):
    """Writes the path of PREFIX/bin/gantry into what is built, never into the prefix; gantry_pack.tool reads it."""

    def run(self) -> None:
        super().run()
        here = Path(__file__).resolve().parent
        if here.match("share/gantry/pack") and not getattr(self, "editable_mode", False):
            place = Path(self.build_lib) / "gantry_pack" / "tool_of_prefix"
            place.write_text(f"{here.parents[2] / 'bin' / 'gantry'}\n", encoding="utf-8")


work = tempfile.mkdtemp(prefix="gantry-pack-")
atexit.register(shutil.rmtree, work, ignore_errors=True)
setup(cmdclass={"build_py": BuildWithPlace}, options={"build": {"build_base": work}, "egg_info": {"egg_base": work}})
