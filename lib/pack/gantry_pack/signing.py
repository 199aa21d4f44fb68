# SPDX-License-Identifier: Apache-2.0
"""Ed25519 over gantry.json, with the Python package cryptography or the openssl tool."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .arguments import is_path
from .directory import read_given_file
from .errors import CheckFailed, PackError
from .tree import Tree, read_manifest

if TYPE_CHECKING:
    from .aliases import FilePath


def _has_cryptography() -> bool:
    return importlib.util.find_spec("cryptography") is not None


def _openssl(*arguments: Any) -> tuple[int, str]:
    tool = shutil.which("openssl")
    if tool is None:
        raise PackError("signing needs the Python package 'cryptography' or the openssl tool; neither was found")
    done = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.returncode, (done.stderr or done.stdout).strip()


def generate_key(path: FilePath) -> tuple[Path, Path]:
    """Writes an Ed25519 private key to `path` (PKCS#8 PEM, mode 600) and the public key beside it; returns both paths."""
    if not is_path(path) or not Path(path).name:
        raise PackError(f"expected the name of the private key's file, got {path!r}")
    private, public = Path(path), Path(path).with_suffix(".pub.pem")
    for target in (private, public):
        if os.path.lexists(target):
            raise PackError(f"{target} exists; keys are not overwritten")
    private.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(private, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        if _has_cryptography():
            from cryptography.hazmat.primitives import serialization as form
            from cryptography.hazmat.primitives.asymmetric.ed25519 import (
                Ed25519PrivateKey,
            )
            key = Ed25519PrivateKey.generate()
            private.write_bytes(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()))
            public.write_bytes(key.public_key().public_bytes(form.Encoding.PEM,
                                                             form.PublicFormat.SubjectPublicKeyInfo))
        else:
            for arguments in (("genpkey", "-algorithm", "ed25519", "-out", private),
                              ("pkey", "-in", private, "-pubout", "-out", public)):
                code, message = _openssl(*arguments)
                if code != 0:
                    raise PackError(f"openssl {arguments[0]} failed: {message}")
    except PackError:
        private.unlink()
        raise
    return private, public


def signature_of(path: FilePath, key: FilePath) -> bytes:
    """Ed25519 over the bytes of the file `path`, with the private key in the PEM file `key`."""
    if not Path(key).is_file():
        raise PackError(f"{key}: no such key file")
    if _has_cryptography():
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        try:
            private = load_pem_private_key(read_given_file(key, "key"), password=None)
        except (ValueError, TypeError) as error:
            raise PackError(f"{key} is not a private key in PEM form without a password: {error}") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise PackError(f"{key} is not an Ed25519 key; make one with --generate-key")
        return private.sign(Path(path).read_bytes())
    with tempfile.TemporaryDirectory() as work:
        raw = Path(work) / "signature"
        code, message = _openssl("pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", path, "-out", raw)
        if code != 0:
            raise PackError(f"openssl could not sign with {key}: {message}")
        signature = raw.read_bytes()
    if len(signature) != 64:
        raise PackError(f"{key} is not an Ed25519 key; make one with --generate-key")
    return signature


def sign(directory: FilePath, key: FilePath) -> None:
    """Writes gantry.json.sig: Ed25519 over the exact bytes of gantry.json, with the private key in the PEM file `key`."""
    manifest, target = Path(directory) / "gantry.json", Path(directory) / "gantry.json.sig"
    read_manifest(directory)
    signature = signature_of(manifest, key)
    part = target.with_suffix(".sig.part")
    part.write_bytes(signature)
    os.replace(part, target)


def public_key_of(key: FilePath) -> bytes:
    """The public key, in PEM form, of the private key in the PEM file `key`."""
    if _has_cryptography():
        from cryptography.hazmat.primitives import serialization as form
        private = form.load_pem_private_key(Path(key).read_bytes(), password=None)
        return private.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    with tempfile.TemporaryDirectory() as work:
        public = Path(work) / "key.pub.pem"
        code, message = _openssl("pkey", "-in", key, "-pubout", "-out", public)
        if code != 0:
            raise PackError(f"openssl cannot read {key}: {message}")
        return public.read_bytes()


def check_signature(directory: FilePath, public_key: FilePath) -> None:
    manifest, signature = Tree(directory).resolve("gantry.json"), Tree(directory).resolve("gantry.json.sig")
    if manifest is None or signature is None or not signature.is_file():
        raise CheckFailed("the package is not signed")
    if signature.stat().st_size != 64:
        raise CheckFailed(f"gantry.json.sig has {signature.stat().st_size} bytes, an Ed25519 signature has 64")
    if not Path(public_key).is_file():
        raise PackError(f"{public_key}: no such key file")
    if _has_cryptography():
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
        try:
            load_pem_public_key(Path(public_key).read_bytes()).verify(signature.read_bytes(), manifest.read_bytes())
        except InvalidSignature:
            raise CheckFailed(f"the signature is not one of {public_key}, or gantry.json was changed") from None
        except (ValueError, TypeError, AttributeError) as error:
            raise PackError(f"{public_key} is not an Ed25519 public key in PEM form: {error}") from error
    else:
        code, _ = _openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public_key, "-in", manifest,
                           "-sigfile", signature)
        if code != 0:
            raise CheckFailed(f"the signature is not one of {public_key}, or gantry.json was changed")
