# SPDX-License-Identifier: Apache-2.0
"""What idle connections cost gantry-server: python idle_connections_test.py SERVER MODELS [...]

MODELS: what make_packages.py made. Skipped where a process may not have so many descriptors (`ulimit -Hn`)."""
import pathlib
import resource
import socket
import ssl
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running_server import RunningServer, wait_until  # noqa: E402
from tls_test import make_certificate  # noqa: E402

PROGRAM, MODELS = sys.argv[1], sys.argv[2]
MANY = 10_000
OTHERS = 300  # descriptors that the server and the test have beside those of the connections
REQUEST = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"


def connect_unix(server):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    connection.connect(server.socket_path)
    return connection


def connect_tcp(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=60)


class IdleConnections(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard < MANY + OTHERS:
            raise unittest.SkipTest(f"a process may have {hard} descriptors (ulimit -Hn), and {MANY + OTHERS} are needed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def serve(self, count, *flags):
        return self.enterContext(RunningServer(PROGRAM, MODELS, "--http.max_connections", str(count + 10), "--log.access", "",
                                               "--http.idle_timeout_ms", "3600000", *flags))

    def ask(self, connection):
        connection.sendall(REQUEST)
        answer = b""
        while not answer.endswith(b'{"live":true}'):
            data = connection.recv(1000)
            self.assertTrue(data, answer)
            answer += data
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)

    def open(self, server, connect, count):
        """(connections, KB of the server's memory for each): all have been answered once, and wait."""
        before = server.resident_kb()
        connections = []
        for _ in range(count):
            connections.append(connect(server))
            self.addCleanup(connections[-1].close)
            self.ask(connections[-1])
        return connections, (server.resident_kb() - before) / count

    def close(self, server, connections):
        for connection in connections:
            connection.close()
        descriptors = pathlib.Path(f"/proc/{server.process.pid}/fd")
        wait_until(lambda: len(list(descriptors.iterdir())) < OTHERS, "closed connections stay open in the server")

    def test_ten_thousand_leave_the_server_as_it_was(self):
        for connect in (connect_unix, connect_tcp):
            with self.subTest(connect.__name__):
                server = self.serve(MANY)
                connections, cost = self.open(server, connect, MANY)
                print(f"{connect.__name__}: {cost:.2f} KB for each of {MANY} connections", flush=True)
                self.assertLess(cost, 10)
                self.assertEqual(server.ask("GET", "/v2/models/affine")[0], 200)
                self.ask(connections[0])
                self.ask(connections[-1])
                self.close(server, connections)
                # What closed ones had serves new ones. The allocator keeps it, so that RSS does not fall.
                connections, cost = self.open(server, connect, MANY)
                print(f"{connect.__name__}: {cost:.2f} KB more for each of as many new ones", flush=True)
                self.assertLess(cost, 1)
                self.close(server, connections)

    def test_with_tls(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        certificate, key = make_certificate(folder, "server")
        context = ssl.create_default_context(cafile=certificate)
        server = self.serve(1000, "--tls.certificate", str(certificate), "--tls.key", str(key))
        connections, cost = self.open(server, lambda to: context.wrap_socket(connect_tcp(to), server_hostname="server"), 1000)
        print(f"TLS: {cost:.2f} KB for each of 1000 connections", flush=True)
        self.assertLess(cost, 100)
        self.close(server, connections)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
