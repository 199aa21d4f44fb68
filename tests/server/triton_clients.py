# SPDX-License-Identifier: Apache-2.0
"""Triton's clients over HTTP, tritonclient.http and tritonclient.http.aio; clients_test.py runs it."""
import inspect
import json
import unittest

import ml_dtypes
import numpy
import tritonclient.http
import tritonclient.http.aio
from served import Served, photo
from tritonclient.utils import InferenceServerException

DTYPES = {"FP32": numpy.float32, "FP64": numpy.float64, "FP16": numpy.float16, "BF16": ml_dtypes.bfloat16, "UINT8": numpy.uint8,
          "INT8": numpy.int8, "INT16": numpy.int16, "INT32": numpy.int32, "INT64": numpy.int64, "BOOL": numpy.bool_}
BINARY_ALONE = ("FP16", "BF16")  # JSON has no form for them
ROWS = 40


def random_tensors():
    """Of every datatype, any bits."""
    generator = numpy.random.default_rng(1)
    tensors = {}
    for name, dtype in DTYPES.items():
        data = generator.bytes(ROWS * 3 * numpy.dtype(dtype).itemsize)
        if name == "BOOL":
            data = bytes(byte & 1 for byte in data)
        tensors[name] = numpy.frombuffer(data, dtype).reshape(ROWS, 3)
    return tensors


def name_of(datatype):
    return datatype.lower() + ("_" if datatype == "BOOL" else "")


def inputs_of(tensors, is_binary=lambda name: True):
    inputs = []
    for name, tensor in tensors.items():
        inputs.append(tritonclient.http.InferInput(name_of(name), list(tensor.shape), name))
        inputs[-1].set_data_from_numpy(tensor, binary_data=is_binary(name))
    return inputs


def x(rows=1):
    one = tritonclient.http.InferInput("x", [rows, 4], "FP32")
    one.set_data_from_numpy(numpy.tile(numpy.float32([1, 2, 3, 4]), (rows, 1)))
    return [one]


class Calls:
    """The same calls for both clients; `call` awaits what needs it."""

    async def call(self, name, *arguments, **options):
        done = getattr(self.client, name)(*arguments, **options)
        return await done if inspect.isawaitable(done) else done

    async def refused(self, status, fragment, name, *arguments, **options):
        with self.assertRaises(InferenceServerException) as caught:
            await self.call(name, *arguments, **options)
        self.assertEqual(caught.exception.status(), str(status), caught.exception)
        self.assertIn(fragment, caught.exception.message())

    async def test_health(self):
        self.assertTrue(await self.call("is_server_live"))
        self.assertTrue(await self.call("is_server_ready"))
        self.assertTrue(await self.call("is_model_ready", "affine"))
        self.assertTrue(await self.call("is_model_ready", "affine", "9"))
        self.assertFalse(await self.call("is_model_ready", "absent"))
        self.assertFalse(await self.call("is_model_ready", "affine", "77"))

    async def test_descriptions(self):
        self.assertEqual((await self.call("get_server_metadata"))["name"], "gantry-server")
        metadata = await self.call("get_model_metadata", "echo")
        self.assertEqual([one["datatype"] for one in metadata["inputs"]], list(DTYPES))
        self.assertEqual((await self.call("get_model_metadata", "affine", "9"))["versions"], ["1", "9", "10"])
        config = await self.call("get_model_config", "affine")
        self.assertEqual(config["input"], [{"name": "x", "data_type": "TYPE_FP32", "dims": [4]}])
        index = await self.call("get_model_repository_index")
        self.assertIn(("affine", "10", "READY"), [(one["name"], one["version"], one["state"]) for one in index])
        await self.refused(404, "no model 'absent'", "get_model_metadata", "absent")

    async def test_statistics(self):
        async def count():
            stats = await self.call("get_inference_statistics", "affine", "10")
            return stats["model_stats"][0]["inference_stats"]["success"]["count"]
        before = await count()
        await self.call("infer", "affine", x(3))
        self.assertEqual(await count(), before + 3)
        self.assertGreaterEqual(len((await self.call("get_inference_statistics"))["model_stats"]), 5)

    async def test_every_datatype_comes_back_bit_for_bit(self):
        tensors = random_tensors()
        for coding in (None, "gzip", "deflate"):
            result = await self.call("infer", "echo", inputs_of(tensors), request_compression_algorithm=coding,
                                     response_compression_algorithm=coding)
            for name, tensor in tensors.items():
                self.assertEqual(result.as_numpy(name_of(name) + "_out").tobytes(), tensor.tobytes(), (name, coding))

    async def test_json_both_ways(self):
        tensors = random_tensors()
        for name in ("FP32", "FP64"):  # NaN and infinity have no form in JSON
            bits = tensors[name].view(numpy.uint32 if name == "FP32" else numpy.uint64)
            tensors[name] = numpy.where(numpy.isfinite(tensors[name]), tensors[name], 0).astype(DTYPES[name])
            self.assertEqual(bits.shape, tensors[name].shape)
        inputs = inputs_of(tensors, lambda name: name in BINARY_ALONE)
        outputs = [tritonclient.http.InferRequestedOutput(name_of(name) + "_out", binary_data=name in BINARY_ALONE)
                   for name in tensors]
        for coding in (None, "gzip", "deflate"):
            result = await self.call("infer", "echo", inputs, outputs=outputs, request_compression_algorithm=coding,
                                     response_compression_algorithm=coding)
            self.assertIn("data", result.get_output("fp64_out"))
            for name, tensor in tensors.items():
                self.assertEqual(result.as_numpy(name_of(name) + "_out").tobytes(), tensor.tobytes(), (name, coding))

    async def test_bytes(self):
        picture = photo()
        status, answer = self.server.json("POST", "/v2/models/efficientnet-lite0/infer", picture, {"Content-Type": "image/png"})
        self.assertEqual(status, 200, answer)
        one = tritonclient.http.InferInput("input", [2], "BYTES")
        one.set_data_from_numpy(numpy.array([picture, picture], numpy.object_))
        result = await self.call("infer", "efficientnet-lite0", [one], request_compression_algorithm="gzip")
        name = result.get_response()["outputs"][0]["name"]
        strings = result.as_numpy(name)
        self.assertEqual(([json.loads(text) for text in strings], strings.shape), ([answer, answer], (2,)))

    async def test_ids_versions_and_parameters(self):
        result = await self.call("infer", "affine", x(), request_id="seven", model_version="9", priority=1, timeout=10_000_000,
                                 parameters={"colour": "red"})
        response = result.get_response()
        self.assertEqual((response["id"], response["model_version"]), ("seven", "9"))
        self.assertEqual(result.as_numpy("y").tolist(), [[3, 5, 7, 9]])

    async def test_a_timeout(self):
        with self.assertRaises(InferenceServerException) as caught:
            await self.call("infer", "slow", x(8), timeout=1000)
        self.assertIn(caught.exception.status(), ("503", "504"))
        self.assertIn("deadline", caught.exception.message())

    async def test_mistakes_are_named(self):
        await self.refused(404, "no model 'absent'", "infer", "absent", x())
        one = tritonclient.http.InferInput("x", [1, 4], "UINT32")
        one.set_data_from_numpy(numpy.zeros([1, 4], numpy.uint32))
        await self.refused(501, "UINT32", "infer", "affine", [one])
        wanted = [tritonclient.http.InferRequestedOutput("y", class_count=2)]
        await self.refused(501, "classification", "infer", "affine", x(), outputs=wanted)
        await self.refused(501, "keeps no state", "infer", "affine", x(), sequence_id=3, sequence_start=True)

    async def test_shared_memory_is_refused_by_name(self):
        await self.refused(501, "no shared memory", "register_system_shared_memory", "region", "/region", 64)
        await self.refused(501, "no shared memory", "get_system_shared_memory_status")
        await self.refused(501, "no shared memory", "unregister_system_shared_memory")
        await self.refused(501, "no shared memory", "register_cuda_shared_memory", "region", b"handle", 0, 64)
        await self.refused(501, "no shared memory", "get_cuda_shared_memory_status")
        one = tritonclient.http.InferInput("x", [1, 4], "FP32")
        one.set_shared_memory("region", 16)
        await self.refused(501, "shared memory", "infer", "affine", [one])
        output = tritonclient.http.InferRequestedOutput("y")
        output.set_shared_memory("region", 16)
        await self.refused(501, "shared memory", "infer", "affine", x(), outputs=[output])

    async def test_settings_of_traces_and_logs_are_refused_by_name(self):
        await self.refused(501, "trace settings", "get_trace_settings")
        await self.refused(501, "log settings", "get_log_settings")


class Blocking(Calls, Served, unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.client = tritonclient.http.InferenceServerClient(self.url, concurrency=4)
        self.addCleanup(self.client.close)

    async def test_async_infer(self):
        pending = [self.client.async_infer("affine", x(rows), request_id=str(rows), response_compression_algorithm="gzip")
                   for rows in range(1, 41)]
        for rows, one in enumerate(pending, 1):
            result = one.get_result()
            self.assertEqual(result.get_response()["id"], str(rows))
            self.assertEqual(result.as_numpy("y").tolist(), [[3, 5, 7, 9]] * rows)

    async def test_prepared_bodies(self):
        body, size = self.client.generate_request_body(x())
        status, headers, answer = self.server.ask("POST", "/v2/models/affine/infer", body,
                                                  {"Inference-Header-Content-Length": str(size)})
        self.assertEqual(status, 200)
        result = self.client.parse_response_body(answer, header_length=int(headers["Inference-Header-Content-Length"]))
        self.assertEqual(result.as_numpy("y").tolist(), [[3, 5, 7, 9]])


class Asyncio(Calls, Served, unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.client = tritonclient.http.aio.InferenceServerClient(self.url)
        self.addAsyncCleanup(self.client.close)
