# SPDX-License-Identifier: Apache-2.0
"""The KServe SDK's client over HTTP; clients_test.py runs it."""
import unittest

import httpx
import numpy
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput
from served import Served

X = numpy.float32([[1, 2, 3, 4], [5, 6, 7, 8]])


class Kserve(Served, unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.client = InferenceRESTClient(RESTConfig(protocol="v2", retries=0, timeout=60))
        self.addAsyncCleanup(self.client.close)
        self.base = "http://" + self.url

    async def infer(self, data=X, is_binary=True, **options):
        one = InferInput("x", list(data.shape), "FP32")
        one.set_data_from_numpy(data, binary_data=is_binary)
        return await self.client.infer(self.base, InferRequest("affine", [one], **options), model_name="affine")

    async def test_health(self):
        self.assertTrue(await self.client.is_server_live(self.base))
        self.assertTrue(await self.client.is_server_ready(self.base))
        self.assertTrue(await self.client.is_model_ready(self.base, "affine"))
        self.assertFalse(await self.client.is_model_ready(self.base, "absent"))

    async def test_tensors(self):
        for is_binary in (True, False):
            for wanted in (None, True, False):
                options = {} if wanted is None else {"request_outputs": [RequestedOutput("y", {"binary_data": wanted})]}
                answer = await self.infer(is_binary=is_binary, request_id="7", **options)
                self.assertEqual((answer.id, answer.model_name), ("7", "affine"))
                numpy.testing.assert_array_equal(answer.outputs[0].as_numpy(), X * 2 + 1)

    async def test_a_large_answer_comes_compressed(self):
        data = numpy.zeros([500, 4], numpy.float32)
        answer = await self.infer(data, parameters={"binary_data_output": True})
        numpy.testing.assert_array_equal(answer.outputs[0].as_numpy(), data + 1)
        self.assertLess(self.server.log()[-1]["bytes_out"], 1000)

    async def test_mistakes_are_named(self):
        with self.assertRaises(httpx.HTTPStatusError) as caught:
            await self.infer(X[:, :3].copy())
        self.assertEqual(caught.exception.response.status_code, 400)
        self.assertIn("[3]", str(caught.exception))
