# SPDX-License-Identifier: Apache-2.0
"""The command gantry-pack."""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .console import say
from .errors import CheckFailed, PackError, exit_refused
from .integrity import verify
from .manifest import check_identity
from .model.given import Model
from .packing import pack
from .signing import generate_key, sign

if TYPE_CHECKING:
    from .aliases import FilePath, Json


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(64)


def make_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="gantry-pack", description="Makes, checks and signs gantry packages.",
                     epilog="Exit codes: 0 done, 1 a check failed, 2 it could not run, 64 usage.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    build = commands.add_parser("build", help="make a package from a recipe",
                                description="RECIPE is a Python file with a function recipe() that returns a dict of "
                                "the arguments of gantry_pack.pack(), whose help lists them.")
    build.add_argument("recipe", metavar="RECIPE.py")
    build.add_argument("--out", metavar="DIR", help="the package's directory (default: the recipe's out, or "
                       "NAME/VERSION)")
    build.add_argument("--engine", choices=("torchscript", "aoti", "executorch", "both"),
                       help="instead of the recipe's engines; both: the first two")
    build.add_argument("--sign", metavar="KEY.pem", help="sign with this Ed25519 private key")
    build.add_argument("--force", action="store_true", help="replace the package if it exists; nothing else is replaced")
    check = commands.add_parser("verify", help="check sizes, hashes and signature of a package")
    check.add_argument("package", metavar="PKG")
    check.add_argument("--key", metavar="KEY.pub.pem", help="the package must carry a signature of this key")
    signer = commands.add_parser("sign", help="sign an existing package (also: gantry-pack --sign KEY.pem PKG)")
    signer.add_argument("key", metavar="KEY.pem")
    signer.add_argument("package", metavar="PKG")
    keys = commands.add_parser("generate-key", help="make an Ed25519 key pair (also: gantry-pack --generate-key FILE)")
    keys.add_argument("file", metavar="FILE", help="the private key, e.g. key.pem; the public one becomes key.pub.pem")
    return parser


def load_recipe(path: FilePath) -> Json:
    """What recipe() of a Python file returns; the file may import gantry_pack and what lies beside it."""
    path = Path(path)
    if not path.is_file():
        raise PackError(f"{path}: no such recipe")
    sys.path.insert(0, str(path.resolve().parent))
    if path.suffix != ".py":
        raise PackError(f"{path}: a recipe is a Python file, NAME.py")
    spec = importlib.util.spec_from_file_location("gantry_recipe", path)
    if spec is None or spec.loader is None:
        raise PackError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    with exit_refused(str(path)):
        spec.loader.exec_module(module)
        if not callable(getattr(module, "recipe", None)):
            raise PackError(f"{path} defines no function recipe()")
        arguments = module.recipe()
    if not isinstance(arguments, dict):
        raise PackError(f"{path}: recipe() must return a dict of pack()'s arguments, got {type(arguments).__name__}")
    known = set(inspect.signature(pack).parameters)
    for key in arguments:
        if key not in known:
            raise PackError(f"{path}: recipe() returns '{key}', which pack() does not take; it takes "
                            f"{', '.join(sorted(known))}")
    for key in ("name", "version"):
        if key not in arguments:
            raise PackError(f"{path}: recipe() does not return '{key}'")
    return arguments


def run_build(options: argparse.Namespace) -> None:
    arguments = load_recipe(options.recipe)
    check_identity(arguments["name"], arguments["version"])
    out = options.out or arguments.get("out") or Path(arguments["name"]) / arguments["version"]
    if options.engine:
        _replace_engines(arguments, ("torchscript", "aoti") if options.engine == "both" else (options.engine,))
    if options.sign:
        arguments["sign_key"] = options.sign
    if options.force:
        arguments["overwrite"] = True
    pack(**{**arguments, "out": out})


def _replace_engines(arguments: Json, engines: tuple[str, ...]) -> None:
    """In what recipe() returned: of the one model, or of each of several."""
    if isinstance(arguments.get("models"), dict):
        arguments["models"] = {name: one.with_engines(engines) if isinstance(one, Model) else Model(one, engines=engines)
                               for name, one in arguments["models"].items()}
    else:
        arguments["engines"] = engines


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments and arguments[0] in ("--sign", "--generate-key"):
        arguments[0] = arguments[0].removeprefix("--")
    options = make_parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # nothing half-written stays behind
    try:
        if options.command == "build":
            run_build(options)
        elif options.command == "verify":
            manifest = verify(options.package, options.key)
            say(f"{options.package}: {manifest['name']} {manifest['version']} is intact"
                + (" and signed" if options.key else ""))
        elif options.command == "sign":
            verify(options.package)
            sign(options.package, options.key)
            say(f"signed {options.package}")
        else:
            private, public = generate_key(options.file)
            say(f"wrote {private} (keep it secret) and {public}")
    except CheckFailed as error:
        say(f"check failed: {error}")
        return 1
    except PackError as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        say("interrupted")
        return 2
    except OSError as error:  # a disk that is full, a directory that is not ours
        say(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return 2
    except Exception:  # a recipe is anybody's code; a traceback must not look like a failed check
        traceback.print_exc()
        return 2
    return 0
