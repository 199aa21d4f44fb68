# SPDX-License-Identifier: Apache-2.0
"""The LitServe server that beside_litserve.py starts, in a Python with torch and litserve:

    python3 litserve_server.py MODEL.ts PORT MAX_BATCH_SIZE BATCH_TIMEOUT COMPUTES

COMPUTES 0: the model does nothing. It takes f32[3,224,224] as the file "content" of a form, and returns f32[1000].
"""

import os
import sys

import litserve
import numpy
import torch
from fastapi import Request, Response

DIMS = (3, 224, 224)


class Api(litserve.LitAPI):
    def __init__(self, model, computes, **options):
        super().__init__(**options)
        self.model, self.computes = model, computes

    def setup(self, device):
        torch.set_num_threads(1)
        self.module = torch.jit.freeze(torch.jit.load(self.model).eval())
        with torch.inference_mode():
            for batch in {1, self.max_batch_size}:
                for _ in range(3):
                    self.module(torch.zeros(batch, *DIMS))

    def decode_request(self, request: Request):
        return torch.from_numpy(numpy.frombuffer(request["content"].file.read(), numpy.float32).reshape(DIMS).copy())

    def batch(self, inputs):
        return torch.stack(inputs)

    def predict(self, x):
        x = x if x.dim() == 4 else x[None]
        if not self.computes:
            return torch.zeros(len(x), 1000)
        with torch.inference_mode():
            return self.module(x)

    def unbatch(self, output):
        return list(output)

    def encode_response(self, output):
        return Response(content=output.numpy().tobytes(), media_type="application/octet-stream")


if __name__ == "__main__":
    model, port, max_batch_size, batch_timeout, computes = sys.argv[1:]
    api = Api(model, computes == "1", max_batch_size=int(max_batch_size), batch_timeout=float(batch_timeout))
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=len(os.sched_getaffinity(0)), timeout=60)
    server.run(host="127.0.0.1", port=int(port), generate_client_file=False, log_level="error")
