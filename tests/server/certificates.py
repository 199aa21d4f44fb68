# SPDX-License-Identifier: Apache-2.0
"""make_certificate(): certificates for tests of TLS, by the openssl program."""
import subprocess


def make_certificate(folder, name):
    """A certificate of `name` that signs itself; (certificate, key)."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    return certificate, key
