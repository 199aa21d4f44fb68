# SPDX-License-Identifier: Apache-2.0
"""Health checks and reflection of gantry-server's gRPC: python grpc_health_test.py SERVER MODELS PACKAGE

MODELS: what make_packages.py made; PACKAGE: not used. Needs grpcio, grpcio-health-checking and grpcio-reflection of
requirements.txt."""
import importlib.util
import pathlib
import queue
import signal
import sys
import tempfile
import threading
import unittest

if importlib.util.find_spec("grpc_health") is None:
    print("grpcio-health-checking not found; cmake/bootstrap.sh --clients, as make test runs it, installs the clients")
    sys.exit(77)
import grpc  # noqa: E402
from google.protobuf import descriptor_pool, message_factory  # noqa: E402
from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: E402
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running_server import RunningServer  # noqa: E402
from served import MODELS, PROGRAM  # noqa: E402

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
PROTOCOL = "inference.GRPCInferenceService"


class Started(unittest.TestCase):
    def start(self, *flags):
        server = self.enterContext(RunningServer(PROGRAM, MODELS, "--grpc.listen", "127.0.0.1:0", *flags))
        return server, self.enterContext(grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}"))

    def with_keys(self):
        path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()), "keys")
        path.write_text("gold secret\n")
        return ("--auth.api_keys_file", str(path))


class Health(Started):
    def check(self, stub, service):
        return stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=60).status

    def watch(self, stub, service):
        """A queue of the statuses, with None behind the last one."""
        statuses = queue.Queue()

        def read(answers):
            try:
                for answer in answers:
                    statuses.put(answer.status)
            except grpc.RpcError:
                pass
            statuses.put(None)
        answers = stub.Watch(health_pb2.HealthCheckRequest(service=service))
        self.addCleanup(answers.cancel)
        threading.Thread(target=read, args=(answers,), daemon=True).start()
        return statuses

    def test_a_ready_server_serves(self):
        server, channel = self.start(*self.with_keys())
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ("", PROTOCOL):
            self.assertEqual(self.check(stub, service), SERVING)  # and asks for no key
        with self.assertRaises(grpc.RpcError) as caught:
            self.check(stub, "affine")
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)
        self.assertEqual(server.log(), [])

    def test_a_server_that_drains_does_not(self):
        server, channel = self.start("--drain.delay_ms", "3000")
        stub = health_pb2_grpc.HealthStub(channel)
        watched = [self.watch(stub, service) for service in ("", PROTOCOL)]
        for statuses in watched:
            self.assertEqual(statuses.get(timeout=60), SERVING)
        server.process.send_signal(signal.SIGTERM)
        for statuses in watched:
            self.assertEqual(statuses.get(timeout=60), NOT_SERVING)
        for service in ("", PROTOCOL):
            self.assertEqual(self.check(stub, service), NOT_SERVING)
        self.assertEqual(server.process.wait(timeout=60), 0)  # which no watch holds up
        for statuses in watched:
            self.assertIsNone(statuses.get(timeout=60))


class Reflection(Started):
    def test_clients_call_what_they_have_no_stubs_of(self):
        _, channel = self.start("--grpc.reflection", "true", *self.with_keys())
        database = ProtoReflectionDescriptorDatabase(channel)
        self.assertLessEqual({PROTOCOL, "grpc.health.v1.Health"}, set(database.get_services()))
        pool = descriptor_pool.DescriptorPool(database)
        method = pool.FindServiceByName(PROTOCOL).FindMethodByName("ServerReady")
        sent, received = (message_factory.GetMessageClass(one) for one in (method.input_type, method.output_type))
        call = channel.unary_unary(f"/{PROTOCOL}/ServerReady", sent.SerializeToString, received.FromString)
        self.assertTrue(call(sent(), timeout=60).ready)

    def test_it_is_off_by_default(self):
        _, channel = self.start()
        with self.assertRaises(grpc.RpcError) as caught:
            ProtoReflectionDescriptorDatabase(channel).get_services()
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNIMPLEMENTED)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
