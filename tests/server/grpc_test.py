# SPDX-License-Identifier: Apache-2.0
"""gantry-server over gRPC: python grpc_test.py SERVER MODELS PACKAGE

MODELS: what make_packages.py made; PACKAGE: the demo's package. Needs tritonclient, grpcio and protobuf of
requirements.txt."""
import importlib.util
import json
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

import numpy

if importlib.util.find_spec("tritonclient") is None:
    print("tritonclient not found; cmake/bootstrap.sh --clients, as make test runs it, installs the clients")
    sys.exit(77)
import grpc  # noqa: E402
import tritonclient.grpc  # noqa: E402
from google.protobuf import json_format  # noqa: E402
from tritonclient.grpc import service_pb2, service_pb2_grpc  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from running_server import RunningServer, wait_until  # noqa: E402
from served import MODELS, PROGRAM, photo, picture_models  # noqa: E402

INVALID, MISSING = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
UNAVAILABLE, UNIMPLEMENTED = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNIMPLEMENTED
NUMPY = {"FP32": "<f4", "FP64": "<f8", "UINT8": "u1", "INT8": "i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "BOOL": "?"}
UNLIMITED = ("--requests.default_timeout_ms", "0", "--requests.max_timeout_ms", "0")  # what has no deadline is not shed
FIELDS = {"FP32": "fp32_contents", "FP64": "fp64_contents", "UINT8": "uint_contents", "INT8": "int_contents",
          "INT16": "int_contents", "INT32": "int_contents", "INT64": "int64_contents", "BOOL": "bool_contents"}


def tensor(name="x", datatype="FP32", shape=(1, 4), **contents):
    one = service_pb2.ModelInferRequest.InferInputTensor(name=name, datatype=datatype, shape=shape)
    if contents:
        one.contents.CopyFrom(service_pb2.InferTensorContents(**contents))
    return one


def request(*inputs, model="affine", raw=(), **more):
    return service_pb2.ModelInferRequest(model_name=model, inputs=inputs or [tensor(fp32_contents=[1, 2, 3, 4])],
                                         raw_input_contents=raw, **more)


def parameter(key, **value):
    return {key: service_pb2.InferParameter(**value)}


class Served(unittest.TestCase):
    flags = ()
    models = MODELS

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(RunningServer(PROGRAM, cls.models, "--grpc.listen", "127.0.0.1:0", *cls.flags))
        cls.channel = cls.enterClassContext(grpc.insecure_channel(f"127.0.0.1:{cls.server.grpc_port}"))
        cls.stub = service_pb2_grpc.GRPCInferenceServiceStub(cls.channel)

    def infer(self, message, **options):
        return self.stub.ModelInfer(message, timeout=60, **options)

    def refused(self, message, code, *fragments, **options):
        """The error, with its trailing metadata as `metadata`."""
        with self.assertRaises(grpc.RpcError) as caught:
            self.infer(message, **options)
        error = caught.exception
        self.assertEqual(error.code(), code, error.details())
        for fragment in fragments:
            self.assertIn(fragment, error.details())
        error.metadata = dict(error.trailing_metadata())
        return error

    def line_of_log(self, matches):
        found = []

        def is_there():
            found[:] = [one for one in self.server.log() if matches(one)]
            return found
        wait_until(is_there, "no such line in the log")
        return found[-1]


class Protocol(Served):
    def test_tritons_client_reads_what_http_says(self):
        client = tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{self.server.grpc_port}")
        self.assertTrue(client.is_server_live() and client.is_server_ready() and client.is_model_ready("affine", "9"))
        _, server = self.server.json("GET", "/v2")
        self.assertEqual(json_format.MessageToDict(client.get_server_metadata()), server)
        metadata = client.get_model_metadata("affine")
        self.assertEqual((metadata.name, list(metadata.versions), metadata.platform),
                         ("affine", ["1", "9", "10"], "gantry_torchscript"))
        self.assertEqual([(one.name, one.datatype, list(one.shape)) for one in metadata.inputs], [("x", "FP32", [-1, 4])])
        self.assertEqual([(one.name, one.datatype, list(one.shape)) for one in metadata.outputs], [("y", "FP32", [-1, 4])])
        config = client.get_model_config("affine").config
        self.assertEqual((config.name, config.backend, config.max_batch_size), ("affine", "gantry", 1024))
        self.assertEqual([(one.name, one.data_type, list(one.dims)) for one in config.input], [("x", 11, [4])])
        index = client.get_model_repository_index().models
        _, expected = self.server.json("POST", "/v2/repository/index")
        self.assertEqual([(one.name, one.version, one.state) for one in index],
                         [(one["name"], one["version"], one["state"]) for one in expected])
        client.close()

    def test_tritons_client_infers(self):
        client = tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{self.server.grpc_port}")
        data = numpy.arange(20, dtype="float32").reshape(5, 4)
        x = tritonclient.grpc.InferInput("x", [5, 4], "FP32")
        x.set_data_from_numpy(data)
        result = client.infer("affine", [x], request_id="7", priority=1, timeout=10_000_000,
                              outputs=[tritonclient.grpc.InferRequestedOutput("y")])
        numpy.testing.assert_array_equal(result.as_numpy("y"), data * 2 + 1)
        response = result.get_response()
        self.assertEqual((response.id, response.model_name, response.model_version), ("7", "affine", "10"))
        client.close()

    def test_statistics_grow(self):
        def stats():
            answer = self.stub.ModelStatistics(service_pb2.ModelStatisticsRequest(name="affine", version="10"))
            return answer.model_stats[0].inference_stats
        before = stats()
        for _ in range(3):
            self.infer(request())
        after = stats()
        self.assertEqual(after.success.count - before.success.count, 3)
        self.assertGreater(after.compute_infer.ns, before.compute_infer.ns)
        self.assertGreater(len(self.stub.ModelStatistics(service_pb2.ModelStatisticsRequest()).model_stats), 3)

    def test_the_newest_version_answers_unless_one_is_named(self):
        for version, expected in (("", "10"), ("9", "9")):
            answer, call = self.stub.ModelInfer.with_call(request(model_version=version))
            self.assertEqual((answer.model_version, list(answer.outputs[0].contents.fp32_contents)), (expected, [3, 5, 7, 9]))
            metadata = dict(call.trailing_metadata())
            self.assertEqual((metadata["x-model-name"], metadata["x-model-version"]), ("affine", expected))
        error = self.refused(request(model_version="2"), MISSING, "there are: 1, 9, 10")
        self.assertEqual(error.metadata["x-error-reason"], "not_found")
        self.refused(request(model="absent"), MISSING, "no model 'absent'", "affine")
        for method, message in ((self.stub.ModelReady, service_pb2.ModelReadyRequest(name="absent")),
                                (self.stub.ModelMetadata, service_pb2.ModelMetadataRequest(name="absent"))):
            with self.assertRaises(grpc.RpcError) as caught:
                method(message)
            self.assertEqual(caught.exception.code(), MISSING)

    def test_what_is_not_served_is_refused_by_name(self):
        for method, message, fragment in (
                ("SystemSharedMemoryStatus", service_pb2.SystemSharedMemoryStatusRequest(), "no shared memory"),
                ("CudaSharedMemoryRegister", service_pb2.CudaSharedMemoryRegisterRequest(), "no shared memory"),
                ("RepositoryModelLoad", service_pb2.RepositoryModelLoadRequest(), "the admin port"),
                ("TraceSetting", service_pb2.TraceSettingRequest(), "does not have the method")):
            with self.assertRaises(grpc.RpcError) as caught:
                getattr(self.stub, method)(message)
            self.assertEqual(caught.exception.code(), UNIMPLEMENTED)
            self.assertIn(method + ": ", caught.exception.details())
            self.assertIn(fragment, caught.exception.details())
        with self.assertRaises(grpc.RpcError) as caught:
            list(self.stub.ModelStreamInfer(iter([request()])))
        self.assertEqual(caught.exception.code(), UNIMPLEMENTED)
        self.assertIn("ModelStreamInfer: this server has no streams", caught.exception.details())
        shared = tensor()
        shared.parameters["shared_memory_region"].string_param = "a"
        self.refused(request(shared), UNIMPLEMENTED, "shared memory")
        self.refused(request(parameters=parameter("sequence_id", int64_param=3)), UNIMPLEMENTED, "sequence_id")
        self.infer(request(parameters=parameter("sequence_id", int64_param=0)))

    def test_each_call_is_a_line_of_the_log(self):
        trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        self.infer(request(), metadata=(("x-tenant", "gold"), ("traceparent", trace)))
        line = self.line_of_log(lambda one: one.get("tenant") == "gold")
        self.assertEqual((line["path"], line["status"], line["grpc_status"], line["model"], line["version"], line["traceparent"]),
                         ("/inference.GRPCInferenceService/ModelInfer", 200, "OK", "affine", "10", trace))
        self.assertEqual(line["bytes_in"], request().ByteSize())
        self.assertGreater(line["bytes_out"], 20)
        self.assertRegex(line["client"], r"^127\.0\.0\.1:\d+$")
        self.refused(request(model="nowhere"), MISSING)
        line = self.line_of_log(lambda one: one["status"] == 404)
        self.assertEqual((line["grpc_status"], line["reason"]), ("NOT_FOUND", "not_found"))

    def test_calls_at_one_time_do_not_mix(self):
        calls = [self.stub.ModelInfer.future(request(tensor(fp32_contents=[i, i, i, i]), id=str(i))) for i in range(64)]
        for i, call in enumerate(calls):
            answer = call.result(timeout=60)
            self.assertEqual((answer.id, list(answer.outputs[0].contents.fp32_contents)), (str(i), [2 * i + 1] * 4))


class Values(Served):
    def test_every_datatype_comes_back_bit_for_bit(self):
        generator = numpy.random.default_rng(1)
        sizes = {"FP32": 4, "FP64": 8, "FP16": 2, "BF16": 2, "UINT8": 1, "INT8": 1, "INT16": 2, "INT32": 4, "INT64": 8, "BOOL": 1}
        sent = {name: generator.bytes(size * 15) for name, size in sizes.items()}
        sent["BOOL"] = bytes(byte & 1 for byte in sent["BOOL"])
        inputs = [tensor(name.lower() + ("_" if name == "BOOL" else ""), name, (5, 3)) for name in sent]
        answer = self.infer(request(*inputs, model="echo", raw=sent.values()))
        self.assertEqual([one.datatype for one in answer.outputs], list(sent))
        for output, raw in zip(answer.outputs, answer.raw_output_contents, strict=True):
            self.assertEqual(raw, sent[output.datatype], output.name)
            self.assertFalse(output.HasField("contents"))

    def test_every_typed_datatype_comes_back(self):
        values = {"FP32": [0.1, -3e38, 1e-45], "FP64": [-0.0, -1.7e308, 5e-324], "UINT8": [0, 1, 255], "INT8": [-128, 0, 127],
                  "INT16": [-32768, 0, 32767], "INT32": [-2**31, 0, 2**31 - 1], "INT64": [-2**63, 2**53 + 1, 2**63 - 1],
                  "BOOL": [True, False, True]}
        inputs = [tensor(name.lower() + ("_" if name == "BOOL" else ""), name, (1, 3), **{FIELDS[name]: data})
                  for name, data in values.items()]
        answer = self.infer(request(*inputs, model="typed"))
        self.assertEqual(len(answer.raw_output_contents), 0)
        for output in answer.outputs:
            kind = NUMPY[output.datatype]
            got = numpy.array(getattr(output.contents, FIELDS[output.datatype]), kind)
            self.assertEqual(got.tobytes(), numpy.array(values[output.datatype], kind).tobytes(), output.name)
            self.assertEqual((list(output.shape), sum(len(value) for _, value in output.contents.ListFields())), ([1, 3], 3))

    def test_typed_values_that_lie(self):
        def x(shape=(1, 4), datatype="FP32", **contents):
            return request(tensor("x", datatype, shape, **contents))
        self.refused(x(), INVALID, "inputs[0].contents: the shape says 4 values, there are 0")
        self.refused(x(fp32_contents=[1, 2, 3]), INVALID, "inputs[0].contents: the shape says 4 values, there are 3")
        self.refused(x(fp32_contents=[1] * 5), INVALID, "there are 5")
        self.refused(x((1 << 30, 4), fp32_contents=[1] * 4), INVALID, "the shape says 4294967296 values")
        self.refused(x(int_contents=[1] * 4), INVALID, "FP32 has its values in fp32_contents, there are 4 in int_contents")
        self.refused(x(fp32_contents=[1] * 4, bytes_contents=[b"1"]), INVALID, "there are 1 in bytes_contents")
        for datatype, values in (("INT8", [1, 2, 3, 300]), ("INT16", [1, 2, 3, -40000])):
            self.refused(x(datatype=datatype, int_contents=values), INVALID,
                         f"inputs[0].contents: value 3, {values[3]}, is beyond {datatype}")
        self.refused(x(datatype="UINT8", uint_contents=[256] * 4), INVALID, "value 0, 256, is beyond UINT8")
        self.refused(x(datatype="FP16", fp32_contents=[1] * 4), INVALID, "FP16 has no field; send it in raw_input_contents")
        self.refused(x(datatype="BYTES", bytes_contents=[b"a"] * 3), INVALID, "says 4 values, there are 3")

    def test_raw_lengths_that_lie(self):
        x = tensor()
        self.refused(request(x, raw=[b"x" * 16] * 2), INVALID, "raw_input_contents has 2 tensors, the request has 1 inputs")
        self.refused(request(tensor(fp32_contents=[1] * 4), raw=[b"x" * 16]), INVALID, "input 'x': it has contents")
        for datatype, raw in (("FP32", b"x" * 4), ("FP32", b"x" * 17), ("FP32", b""), ("INT64", b"x" * 16),
                              ("BYTES", b"\x01\0\0"), ("BYTES", b"\x09\0\0\0abc"), ("BYTES", b"\0\0\0\0" * 3),
                              ("BYTES", b"\0\0\0\0" * 5)):
            head = json.dumps({"inputs": [{"name": "x", "shape": [1, 4], "datatype": datatype,
                                           "parameters": {"binary_data_size": len(raw)}}]}).encode()
            status, answer = self.server.json("POST", "/v2/models/affine/infer", head + raw,
                                              {"Inference-Header-Content-Length": str(len(head))})
            error = self.refused(request(tensor("x", datatype), raw=[raw]), INVALID)
            self.assertEqual((status, error.details()), (400, answer["error"]), datatype)

    def test_errors_have_the_text_of_http(self):
        for changed in ({"datatype": "FP31"}, {"datatype": "UINT64"}, {"shape": [1, -4]}, {"shape": [1 << 40, 1 << 40]},
                        {"shape": [1] * 9}, {"name": "z"}, {"shape": [1, 2, 2]}, {"shape": [4]}):
            x = {"name": "x", "shape": [1, 4], "datatype": "FP32", **changed}
            head = json.dumps({"inputs": [{**x, "parameters": {"binary_data_size": 16}}]}).encode()
            status, answer = self.server.json("POST", "/v2/models/affine/infer", head + bytes(16),
                                              {"Inference-Header-Content-Length": str(len(head))})
            code = {400: INVALID, 501: UNIMPLEMENTED}[status]
            error = self.refused(request(tensor(**x), raw=[bytes(16)]), code)
            self.assertEqual((error.details(), error.metadata["x-error-reason"]), (answer["error"], answer["reason"]))
        self.refused(request(tensor(), tensor(), raw=[bytes(16)] * 2), INVALID, "inputs[1]: a second input named 'x'")
        output = service_pb2.ModelInferRequest.InferRequestedOutputTensor
        self.refused(request(outputs=[output(name="q")]), INVALID, "unknown output 'q'", "'y'")
        self.refused(request(outputs=[output(name="y")] * 2), INVALID, "outputs[1]: a second output named 'y'")
        self.refused(service_pb2.ModelInferRequest(model_name="affine"), INVALID, "inputs")
        self.refused(request(tensor(shape=(0, 4))), INVALID, "batch is empty")
        self.refused(request(parameters=parameter("timeout", string_param="soon")), INVALID,
                     "parameters.timeout: expected int64_param, got string_param")
        self.refused(request(parameters=parameter("timeout", int64_param=-1)), INVALID, "parameters.timeout")
        for key, value in (("X-Priority", "1000"), ("X-Request-Timeout-Ms", "soon"), ("X-Tenant", "x" * 200)):
            self.refused(request(), INVALID, "header " + key, metadata=((key.lower(), value),))
        method = self.channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        with self.assertRaises(grpc.RpcError) as caught:
            method(b"\xff\xff\xff", timeout=60)
        self.assertEqual(caught.exception.code(), INVALID)
        self.assertIn("no ModelInferRequest", caught.exception.details())


class Pictures(Served):
    @classmethod
    def setUpClass(cls):
        cls.models = picture_models(cls)
        super().setUpClass()
        cls.photo = photo()

    def test_strings_in_strings_out(self):
        _, expected = self.server.json("POST", "/v2/models/efficientnet-lite0/infer", self.photo, {"Content-Type": "image/png"})
        answer = self.infer(request(tensor("input", "BYTES", [2], bytes_contents=[self.photo] * 2), model="efficientnet-lite0"))
        texts = list(answer.outputs[0].contents.bytes_contents)
        string = struct.pack("<I", len(self.photo)) + self.photo
        answer = self.infer(request(tensor("input", "BYTES", [2]), model="efficientnet-lite0", raw=[string * 2]))
        self.assertEqual((answer.outputs[0].datatype, list(answer.outputs[0].shape)), ("BYTES", [2]))
        raw = answer.raw_output_contents[0]
        while raw:
            size, = struct.unpack_from("<I", raw)
            texts.append(raw[4:4 + size])
            raw = raw[4 + size:]
        self.assertEqual([json.loads(text) for text in texts], [expected] * 4)


class Limits(Served):
    flags = ("--http.max_body_bytes", "500000", "--http.max_bytes_in_flight", "1048576", *UNLIMITED)

    def test_a_message_that_is_too_large(self):
        self.infer(request(id="x" * 400000))
        self.refused(request(id="x" * 600000), grpc.StatusCode.RESOURCE_EXHAUSTED)

    def test_the_memory_for_bodies_is_shared_with_http(self):
        message = request(model="slow", id="x" * 400000)
        errors = [call.exception() for call in [self.stub.ModelInfer.future(message) for _ in range(8)]]
        refused = [error for error in errors if error]
        self.assertTrue(0 < len(refused) < 8, errors)
        for error in refused:
            metadata = dict(error.trailing_metadata())
            self.assertEqual((error.code(), metadata["x-error-reason"], metadata["retry-after"]), (UNAVAILABLE, "queue_full", "1"))
            self.assertIn("exceed the memory", error.details())

        def http_is_full():
            call = self.stub.ModelInfer.future(message)
            wait_until(lambda: call.done() or self.server.metric("gantry_requests_in_flight") > 0, "the call did not begin")
            status, _ = self.server.json("POST", "/v2/models/affine/infer", b" " * 400000)
            call.exception()
            return status == 503
        wait_until(http_is_full, "HTTP has memory of its own")
        wait_until(lambda: self.server.json("POST", "/v2/models/affine/infer", b" " * 400000)[0] == 400, "it stays full")


class Deadlines(Served):
    flags = UNLIMITED

    def test_a_deadline_that_passes(self):
        for _ in range(3):
            self.infer(request(model="slow"))
        with self.assertRaises(grpc.RpcError) as caught:
            self.stub.ModelInfer(request(model="slow", id="late"), timeout=0.02)
        self.assertIn(caught.exception.code(), (grpc.StatusCode.DEADLINE_EXCEEDED, UNAVAILABLE))
        line = self.line_of_log(lambda one: one["status"] in (503, 504))
        self.assertRegex(line["reason"], "^deadline_")  # the runtime's, not that of a call that was cancelled
        for options in ({"metadata": (("x-request-timeout-ms", "1"),)},):
            with self.assertRaises(grpc.RpcError) as caught:
                self.infer(request(model="slow"), **options)
            self.assertIn(caught.exception.code(), (grpc.StatusCode.DEADLINE_EXCEEDED, UNAVAILABLE))
        with self.assertRaises(grpc.RpcError) as caught:
            self.infer(request(model="slow", parameters=parameter("timeout", int64_param=1000)))
        self.assertIn(caught.exception.code(), (grpc.StatusCode.DEADLINE_EXCEEDED, UNAVAILABLE))

    def test_a_client_that_goes_is_cancelled(self):
        def was_cancelled(line):
            return line["status"] == 499 and line.get("reason") == "cancelled"
        # On a busy machine all calls may have come to their end before they are cancelled, or not have begun.
        for _ in range(20):
            calls = [self.stub.ModelInfer.future(request(model="slow")) for _ in range(40)]
            wait_until(lambda calls=calls: self.server.metric("gantry_requests_in_flight") > 2 or all(call.done() for call in calls),
                       "the calls did not begin")
            for call in calls:
                call.cancel()
            wait_until(lambda: self.server.metric("gantry_requests_in_flight") == 0, "requests stay in flight")
            if any(was_cancelled(line) for line in self.server.log()):
                break
        line = self.line_of_log(was_cancelled)
        self.assertEqual(line["grpc_status"], "CANCELLED")


class Ends(unittest.TestCase):
    def start(self, *flags):
        server = self.enterContext(RunningServer(PROGRAM, MODELS, "--grpc.listen", "127.0.0.1:0", *flags))
        channel = self.enterContext(grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}"))
        return server, service_pb2_grpc.GRPCInferenceServiceStub(channel)

    def slow_calls(self, server, stub, count):
        calls = [stub.ModelInfer.future(request(model="slow")) for _ in range(count)]
        # gRPC itself cancels what it has received in part when it stops accepting.
        wait_until(lambda: server.metric("gantry_requests_in_flight") + sum(call.done() for call in calls) >= count,
                   "the calls did not begin")
        return calls

    def test_sigterm_drains(self):
        server, stub = self.start("--drain.delay_ms", "3000")
        call, = self.slow_calls(server, stub, 1)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not stub.ServerReady(service_pb2.ServerReadyRequest()).ready, "it is still ready")
        self.assertTrue(stub.ServerLive(service_pb2.ServerLiveRequest()).live)
        self.assertEqual(stub.ModelInfer(request()).model_version, "10")
        self.assertEqual(call.result(timeout=60).model_name, "slow")
        self.assertEqual(server.process.wait(timeout=60), 0)

    def test_calls_that_run_are_answered_and_new_ones_go_elsewhere(self):
        server, stub = self.start("--drain.delay_ms", "0")
        call, = self.slow_calls(server, stub, 1)
        server.process.send_signal(signal.SIGTERM)

        def is_refused():
            try:
                stub.ServerLive(service_pb2.ServerLiveRequest())
            except grpc.RpcError as error:
                return error.code() == UNAVAILABLE
            return False
        wait_until(is_refused, "it takes calls")
        self.assertEqual(call.result(timeout=60).model_name, "slow")
        self.assertEqual(server.process.wait(timeout=60), 0)

    def test_what_still_waits_after_the_drain_is_told_so(self):
        server, stub = self.start("--drain.delay_ms", "0", "--drain.timeout_ms", "1", *UNLIMITED)
        calls = self.slow_calls(server, stub, 200)
        server.process.send_signal(signal.SIGTERM)
        errors = [error for error in (call.exception(timeout=60) for call in calls) if error]
        self.assertEqual({error.code() for error in errors}, {UNAVAILABLE})
        self.assertIn("shutdown", {dict(error.trailing_metadata()).get("x-error-reason") for error in errors})
        self.assertEqual(server.process.wait(timeout=60), 0)


class Keys(Served):
    @classmethod
    def setUpClass(cls):
        path = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()), "keys")
        path.write_text("gold secret\n")
        cls.flags = ("--auth.api_keys_file", str(path))
        super().setUpClass()

    def test_calls_need_a_key(self):
        denied, unknown = grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED
        self.refused(request(), unknown, "needs an API key")
        self.refused(request(), unknown, "not one of this server", metadata=(("x-api-key", "guessed"),))
        self.refused(request(), denied, "not that tenant's", metadata=(("x-api-key", "secret"), ("x-tenant", "silver")))
        with self.assertRaises(grpc.RpcError) as caught:
            self.stub.ModelMetadata(service_pb2.ModelMetadataRequest(name="affine"))
        self.assertEqual(caught.exception.code(), unknown)
        self.assertTrue(self.stub.ServerReady(service_pb2.ServerReadyRequest()).ready)
        for metadata in (("x-api-key", "secret"), ("authorization", "Bearer secret")):
            self.assertEqual(self.infer(request(), metadata=(metadata,)).model_version, "10")
        self.line_of_log(lambda one: one["status"] == 200 and one.get("tenant") == "gold")
        self.assertEqual(self.line_of_log(lambda one: one["status"] == 403)["grpc_status"], "PERMISSION_DENIED")


class Addresses(unittest.TestCase):
    def fails(self, address, status, fragment, *flags):
        done = subprocess.run([PROGRAM, "--models.directory", MODELS, "--http.listen", "127.0.0.1:0", "--admin.listen",
                               "127.0.0.1:0", "--grpc.listen", address, *flags],
                              capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(fragment, done.stderr)

    def test_a_unix_socket_and_every_address(self):
        with tempfile.TemporaryDirectory() as folder:
            path = "unix:" + folder + "/grpc.sock"
            with RunningServer(PROGRAM, MODELS, "--grpc.listen", path + ",:0") as server:
                for address in (path, f"127.0.0.1:{server.grpc_port}"):
                    with grpc.insecure_channel(address) as channel:
                        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
                        self.assertEqual(stub.ModelInfer(request(), timeout=60).model_version, "10")
                self.fails(path, 1, "another process does")
                self.fails(f"127.0.0.1:{server.grpc_port}", 1, "cannot listen on '127.0.0.1:")
            self.assertFalse(pathlib.Path(folder, "grpc.sock").exists())

    def test_an_address_that_is_none(self):
        self.fails("nowhere", 1, "expected host:port")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
