# SPDX-License-Identifier: Apache-2.0
"""TLS of gantry-server's gRPC: python grpc_tls_test.py SERVER MODELS PACKAGE

MODELS: what make_packages.py made; PACKAGE: not used. Needs tritonclient and grpcio of requirements.txt, and the openssl program."""
import contextlib
import importlib.util
import pathlib
import socket
import ssl
import sys
import tempfile
import unittest
import warnings

if importlib.util.find_spec("tritonclient") is None:
    print("tritonclient not found; cmake/bootstrap.sh --clients, as make test runs it, installs the clients")
    sys.exit(77)
import grpc  # noqa: E402
from tritonclient.grpc import service_pb2, service_pb2_grpc  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from certificates import make_certificate  # noqa: E402
from running_server import RunningServer, wait_until  # noqa: E402
from served import MODELS, PROGRAM  # noqa: E402

REQUEST = service_pb2.ModelInferRequest(model_name="affine", inputs=[service_pb2.ModelInferRequest.InferInputTensor(
    name="x", datatype="FP32", shape=[1, 4], contents=service_pb2.InferTensorContents(fp32_contents=[1, 2, 3, 4]))])


def infer(channel):
    stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
    return list(stub.ModelInfer(REQUEST, timeout=60).outputs[0].contents.fp32_contents)


class Encrypted(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.certificate, self.key = make_certificate(self.folder, "server")
        self.path = f"unix:{self.folder}/grpc.sock"
        self.server = self.enterContext(RunningServer(
            PROGRAM, MODELS, "--grpc.listen", "127.0.0.1:0," + self.path, "--tls.certificate", str(self.certificate),
            "--tls.key", str(self.key), *self.flags()))
        self.address = f"127.0.0.1:{self.server.grpc_port}"

    def flags(self):
        return ()

    def connect(self, ca, identity=None):
        """A channel with a connection of its own. `identity`: the client's (certificate, key)."""
        certificate, key = (path.read_bytes() for path in identity) if identity else (None, None)
        credentials = grpc.ssl_channel_credentials(ca, key, certificate)
        return grpc.secure_channel(self.address, credentials, (("grpc.use_local_subchannel_pool", 1),))

    def answers(self, ca, identity=None):
        with self.connect(ca, identity) as channel:
            return infer(channel)

    def is_refused(self, channel):
        with channel, self.assertRaises(grpc.RpcError) as caught:
            infer(channel)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE, caught.exception.details())

    def handshake(self, alpn=("h2",), version=None):
        """(ALPN's protocol, the version of TLS)"""
        context = ssl.create_default_context(cafile=self.certificate)
        context.set_alpn_protocols(alpn)
        if version:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", self.server.grpc_port), timeout=60) as plain, \
             context.wrap_socket(plain, server_hostname="127.0.0.1") as encrypted:
            return encrypted.selected_alpn_protocol(), encrypted.version()


class Tls(Encrypted):
    def test_who_trusts_the_certificate_is_served(self):
        self.assertEqual(self.answers(self.certificate.read_bytes()), [3, 5, 7, 9])
        stranger, _ = make_certificate(self.folder, "stranger")
        self.is_refused(self.connect(stranger.read_bytes()))
        self.is_refused(grpc.insecure_channel(self.address))
        self.assertEqual(self.answers(self.certificate.read_bytes()), [3, 5, 7, 9])

    def test_the_unix_socket_is_plain(self):
        with grpc.insecure_channel(self.path) as channel:
            self.assertEqual(infer(channel), [3, 5, 7, 9])

    def test_versions_and_protocols(self):
        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            self.assertEqual(self.handshake(version=version), ("h2", name))
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.handshake(version=ssl.TLSVersion.TLSv1_1)

    def test_the_certificate_is_renewed(self):
        old = self.certificate.read_bytes()
        certificate, key = make_certificate(self.folder, "renewed")
        new = certificate.read_bytes()
        with self.connect(old) as kept:
            self.assertEqual(infer(kept), [3, 5, 7, 9])
            certificate.replace(self.certificate)  # it does not fit the key
            wait_until(lambda: self.answers(old) and any("stays as it was" in line for line in self.server.messages), "no warning")
            self.assertEqual(self.answers(old), [3, 5, 7, 9])
            self.is_refused(self.connect(new))
            key.replace(self.key)

            def has_new_one():
                with contextlib.suppress(grpc.RpcError):
                    return self.answers(new)
            wait_until(has_new_one, "the certificate is the old one")
            self.is_refused(self.connect(old))
            self.assertEqual(infer(kept), [3, 5, 7, 9])


class ClientCertificates(Encrypted):
    def flags(self):
        self.client = make_certificate(self.folder, "client")
        return ("--tls.client_ca", str(self.client[0]))

    def test_clients_need_one(self):
        ca = self.certificate.read_bytes()
        self.is_refused(self.connect(ca))
        self.is_refused(self.connect(ca, make_certificate(self.folder, "stranger")))
        self.assertEqual(self.answers(ca, self.client), [3, 5, 7, 9])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
