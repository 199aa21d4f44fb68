# SPDX-License-Identifier: Apache-2.0
"""TLS of gantry-server: python tls_test.py SERVER MODELS [...]

MODELS: what make_packages.py made. Certificates are made by the openssl program."""
import http.client
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from certificates import make_certificate  # noqa: E402
from running_server import RunningServer, wait_until  # noqa: E402

PROGRAM, MODELS = sys.argv[1], sys.argv[2]
BODY = json.dumps({"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]})


class Encrypted(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.certificate, self.key = make_certificate(self.folder, "server")
        self.server = self.enterContext(RunningServer(PROGRAM, MODELS, "--tls.certificate", str(self.certificate),
                                                      "--tls.key", str(self.key), *self.flags()))
        self.context = self.trusting(self.certificate)

    def flags(self):
        return ()

    def trusting(self, certificate):
        context = ssl.create_default_context(cafile=certificate)
        context.set_alpn_protocols(["h2", "http/1.1"])
        return context

    def ask(self, method, path, body=None, port=None, context=None):
        connection = http.client.HTTPSConnection("127.0.0.1", port or self.server.port, timeout=60,
                                                 context=context or self.context)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


class Tls(Encrypted):
    def test_requests_are_answered(self):
        connection = http.client.HTTPSConnection("127.0.0.1", self.server.port, timeout=60, context=self.context)
        for _ in range(3):  # one connection
            connection.request("POST", "/v2/models/affine/infer", BODY)
            answer = connection.getresponse()
            self.assertEqual(answer.status, 200)
            self.assertEqual(json.loads(answer.read())["outputs"][0]["data"], [3, 5, 7, 9])
        self.assertEqual((connection.sock.version()[:5], connection.sock.selected_alpn_protocol()), ("TLSv1", "http/1.1"))
        connection.close()
        large = json.dumps({"inputs": [{"name": "x", "shape": [1000, 4], "datatype": "FP32", "data": [1 / 3] * 4000}]})
        status, answer = self.ask("POST", "/v2/models/affine/infer", large)
        self.assertEqual((status, len(json.loads(answer)["outputs"][0]["data"])), (200, 4000))
        self.assertEqual(self.ask("GET", "/v2", port=self.server.admin_port)[0], 200)

    def test_the_unix_socket_is_plain(self):
        with socket.socket(socket.AF_UNIX) as plain:
            plain.connect(self.server.socket_path)
            plain.sendall(b"GET /v2/health/live HTTP/1.0\r\n\r\n")
            self.assertIn(b"200 OK", plain.recv(1000))

    def test_what_is_no_tls_is_closed(self):
        try:
            self.assertNotIn(b"HTTP", self.server.raw(b"GET /v2 HTTP/1.0\r\n\r\n"))
        except ConnectionResetError:
            pass
        old = self.trusting(self.certificate)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.ask("GET", "/v2", context=old)
        other = self.trusting(self.certificate)
        other.set_alpn_protocols(["h2"])
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.ask("GET", "/v2", context=other)
        self.assertEqual(self.ask("GET", "/v2")[0], 200)

    def test_a_client_that_goes_is_cancelled(self):
        body = json.dumps({"inputs": [{"name": "x", "shape": [64, 4], "datatype": "FP32", "data": [0] * 256}]})
        connection = http.client.HTTPSConnection("127.0.0.1", self.server.port, timeout=60, context=self.context)
        connection.request("POST", "/v2/models/slow/infer", body)
        wait_until(lambda: b"\ngantry_requests_in_flight 1" in self.ask("GET", "/metrics")[1], "it did not begin")
        connection.sock.settimeout(0)
        with self.assertRaises(ssl.SSLWantReadError):  # it has said farewell, and would wait for the server's
            connection.sock.unwrap()
        connection.sock.shutdown(socket.SHUT_WR)
        wait_until(lambda: any(one["status"] == 499 for one in self.server.log()), "no line with status 499")
        connection.close()

    def test_the_certificate_is_renewed(self):
        certificate, key = make_certificate(self.folder, "renewed")
        kept = http.client.HTTPSConnection("127.0.0.1", self.server.port, timeout=60, context=self.context)
        kept.request("GET", "/v2")
        kept.getresponse().read()
        certificate.replace(self.certificate)  # for a moment it does not fit the key
        wait_until(lambda: self.ask("GET", "/v2")[0] == 200 and any("stays as it was" in line for line in self.server.messages),
                   "no warning")
        key.replace(self.key)

        def has_new_one():
            try:
                return self.ask("GET", "/v2", context=self.trusting(self.certificate))[0] == 200
            except ssl.SSLError:
                return False
        wait_until(has_new_one, "the certificate is the old one")
        kept.request("GET", "/v2")
        self.assertEqual(kept.getresponse().status, 200)
        kept.close()

    def test_the_healthcheck_speaks_tls(self):
        address = f"127.0.0.1:{self.server.port}"
        flags = ["--tls.certificate", str(self.certificate), "--tls.key", str(self.key), "--healthcheck"]
        for listen in (address, f"unix:{self.server.socket_path}", f"{address},unix:{self.server.socket_path}"):
            subprocess.run([PROGRAM, "--http.listen", listen, *flags], check=True, capture_output=True)
        done = subprocess.run([PROGRAM, "--http.listen", address, "--healthcheck"], capture_output=True)
        self.assertEqual(done.returncode, 1)


class ClientCertificates(Encrypted):
    def flags(self):
        self.client = make_certificate(self.folder, "client")
        return ("--tls.client_ca", str(self.client[0]))

    def test_clients_need_one(self):
        with self.assertRaises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            self.ask("GET", "/v2")
        self.context.load_cert_chain(*make_certificate(self.folder, "stranger"))
        with self.assertRaises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            self.ask("GET", "/v2")
        self.context.load_cert_chain(*self.client)
        self.assertEqual(self.ask("GET", "/v2")[0], 200)


class Settings(unittest.TestCase):
    def test_files_that_are_of_no_use(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            certificate, key = make_certificate(folder, "server")
            other_key = make_certificate(folder, "other")[1]
            locked = folder / "locked.key"
            subprocess.run(["openssl", "ec", "-aes128", "-in", key, "-out", locked, "-passout", "pass:x"], check=True, capture_output=True)
            for flags, fragment in (((folder / "absent", key), "absent': "), ((certificate, other_key), "other.key': key values mismatch"),
                                    ((certificate, locked), "locked.key': "), ((key, key), "server.key': ")):
                done = subprocess.run([PROGRAM, "--models.directory", MODELS, "--tls.certificate", str(flags[0]), "--tls.key",
                                       str(flags[1])], capture_output=True, text=True, stdin=subprocess.DEVNULL)
                self.assertEqual(done.returncode, 1)
                self.assertIn("tls: ", done.stderr)
                self.assertIn(fragment, done.stderr)
        done = subprocess.run([PROGRAM, "--tls.key", "a", "--check-config"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 64)
        self.assertIn("tls.certificate and tls.key belong together", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
