# SPDX-License-Identifier: Apache-2.0
"""Installs what requirements.txt lists: python install_clients.py DIR. Does nothing where that is done."""
import pathlib
import shutil
import subprocess
import sys

REQUIREMENTS = pathlib.Path(__file__).with_name("requirements.txt")


def main(directory):
    stamp = directory / "requirements.txt"
    if stamp.exists() and stamp.read_text() == REQUIREMENTS.read_text():
        return
    shutil.rmtree(directory, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(directory),
                    "--requirement", str(REQUIREMENTS)], check=True)
    stamp.write_text(REQUIREMENTS.read_text())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
