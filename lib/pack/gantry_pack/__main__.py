# SPDX-License-Identifier: Apache-2.0
"""`python -m gantry_pack`, and `python lib/pack/gantry_pack` by the folder's path."""

import sys
from pathlib import Path

if not __package__:  # run by its path, Python looks for modules in this folder; they lie in the one above, in a package
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from gantry_pack.command_line import main

if __name__ == "__main__":
    sys.exit(main())
