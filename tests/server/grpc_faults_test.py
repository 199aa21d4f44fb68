# SPDX-License-Identifier: Apache-2.0
"""gRPC's clients that stall, are silent or go: python grpc_faults_test.py SERVER MODELS PACKAGE

MODELS: what make_packages.py made; PACKAGE: not used. The frames of HTTP/2 are written here, since no client of gRPC misbehaves
as these do."""
import contextlib
import pathlib
import socket
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running_server import RunningServer, wait_until  # noqa: E402
from served import MODELS, PROGRAM  # noqa: E402

DATA, HEADERS, SETTINGS, PING, GOAWAY = 0, 1, 4, 6, 7
ACK, END_STREAM, END_HEADERS = 1, 1, 4
MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 3, 4


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def call(stream, method="ModelInfer"):
    """The beginning of a call, whose message does not come yet."""
    fields = {":method": "POST", ":scheme": "http", ":path": "/inference.GRPCInferenceService/" + method, ":authority": "x",
              "content-type": "application/grpc", "te": "trailers"}
    block = b"".join(b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode() for name, value in fields.items())
    return frame(HEADERS, END_HEADERS, stream, block)


class Client:
    def __init__(self, port, greets=True, settings=b""):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.received = b""
        if greets:
            self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, payload=settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def send(self, data):
        self.connection.sendall(data)

    def frames(self):
        """(kind, flags, stream, payload) until the server closes the connection. Fails if it says nothing for a minute."""
        while True:
            while len(self.received) >= 9 and len(self.received) >= 9 + (size := int.from_bytes(self.received[:3], "big")):
                kind, flags, stream = self.received[3], self.received[4], int.from_bytes(self.received[5:9], "big")
                payload, self.received = self.received[9:9 + size], self.received[9 + size:]
                yield kind, flags, stream, payload
            data = b""
            with contextlib.suppress(ConnectionError):
                data = self.connection.recv(65536)
            if not data:
                return
            self.received += data


class Clients(unittest.TestCase):
    flags = ("--http.header_timeout_ms", "1500", "--http.transfer_timeout_ms", "1000", "--http.idle_timeout_ms", "2000",
             "--http.max_body_bytes", "100000", "--requests.max_timeout_ms", "1000", "--grpc.max_connection_age_ms", "3000")

    @classmethod
    def setUpClass(cls):
        try:
            cls.server = cls.enterClassContext(RunningServer(PROGRAM, MODELS, "--grpc.listen", "127.0.0.1:0", *cls.flags))
        except AssertionError as error:
            if "without gRPC" in str(error):
                raise unittest.SkipTest("the server was built without gRPC") from error
            raise

    def client(self, **options):
        return self.enterContext(Client(self.server.grpc_port, **options))

    def assert_serves(self):
        client = self.client()
        client.send(call(1, "ServerLive") + frame(DATA, END_STREAM, 1, b"\0\0\0\0\0"))
        self.assertIn(b"\0\0\0\0\2\x08\x01", (payload for kind, _, _, payload in client.frames() if kind == DATA))

    def test_a_connection_that_does_not_begin_is_closed(self):
        for text in (b"", b"PRI * HTTP/2.0\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
            client = self.client(greets=False)
            client.send(text)
            list(client.frames())
        self.assert_serves()

    def test_a_connection_without_a_call_is_closed(self):
        self.assertIn(GOAWAY, [kind for kind, *_ in self.client().frames()])

    def test_a_client_that_gives_no_sign_of_life_is_cut_off(self):
        client = self.client()
        client.send(call(1))
        self.assertIn(PING, [kind for kind, *_ in client.frames()])
        self.assert_serves()

    def test_a_call_that_stalls_ends_with_its_connection(self):
        message = b"\0" + struct.pack(">I", 90000) + b"x" * 100  # the rest does not come
        for begin in (call(1), call(1) + frame(DATA, 0, 1, message), call(1) + frame(DATA, 0, 1, b"\0")):
            client = self.client()
            client.send(begin)
            kinds = []
            for kind, flags, _, payload in client.frames():
                kinds.append(kind)
                if kind in (PING, SETTINGS) and not flags & ACK:
                    with contextlib.suppress(ConnectionError):
                        client.send(frame(kind, ACK, 0, payload if kind == PING else b""))
            self.assertIn(GOAWAY, kinds)
        self.assert_serves()

    def test_an_answer_that_nobody_takes_ends_with_its_connection(self):
        before = self.server.metric("gantry_requests_in_flight")
        client = self.client(settings=struct.pack(">HI", INITIAL_WINDOW_SIZE, 0))  # the server may send no data
        client.send(call(1, "ServerLive") + frame(DATA, END_STREAM, 1, b"\0\0\0\0\0"))
        kinds = []
        for kind, flags, _, payload in client.frames():
            kinds.append(kind)
            if kind in (PING, SETTINGS) and not flags & ACK:
                with contextlib.suppress(ConnectionError):
                    client.send(frame(kind, ACK, 0, payload if kind == PING else b""))
        self.assertNotIn(DATA, kinds)
        self.assertIn(GOAWAY, kinds)
        wait_until(lambda: self.server.metric("gantry_requests_in_flight") == before, "a call stays")

    def test_a_connection_has_a_thousand_calls_at_a_time(self):
        client = self.client()
        limit, answered = 0, set()
        for kind, flags, stream, payload in client.frames():  # one that has more is closed
            if kind == SETTINGS and not flags & ACK:
                limit = dict(struct.iter_unpack(">HI", payload)).get(MAX_CONCURRENT_STREAMS, limit)
                client.send(frame(SETTINGS, ACK) + b"".join(call(2 * number + 1) for number in range(10_000)))
            if kind == HEADERS:
                answered.add(stream)
        self.assertEqual(limit, 1000)
        self.assertLessEqual(len(answered), 1000)
        self.assert_serves()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
