# SPDX-License-Identifier: Apache-2.0
"""LitServe: uploads of `content` at /predict. python litserve_app.py PORT"""
import sys

import litserve
import numpy as np
from classifier import IS_PHOTO, WORKERS, Classifier
from fastapi import Request, Response


class Model(litserve.LitAPI):
    def setup(self, device):
        self.classifier = Classifier()

    def decode_request(self, request: Request):
        return self.classifier.read(request["content"].file.read())

    def batch(self, inputs):
        return np.stack(inputs)

    def predict(self, x):
        return self.classifier.logits(x)

    def unbatch(self, output):
        return list(output)

    def encode_response(self, output):
        answer = self.classifier.write(output)
        return answer if IS_PHOTO else Response(content=answer, media_type="application/octet-stream")


if __name__ == "__main__":
    server = litserve.LitServer(Model(max_batch_size=8, batch_timeout=0.002), accelerator="cpu", workers_per_device=WORKERS,
                                timeout=30)
    server.run(port=int(sys.argv[1]), host="127.0.0.1", generate_client_file=False, log_level="error")
