# SPDX-License-Identifier: Apache-2.0
"""KServe's Python server, Open Inference Protocol v2 in JSON as its client sends it. python kserve_app.py PORT

Its binary extension is slower: it makes a Python list of each binary tensor, and back. It has no batching of its own.
"""
import base64
import json
import logging
import sys

from classifier import IS_PHOTO, WORKERS, Classifier
from kserve import InferOutput, InferResponse, Model, ModelServer

logging.disable(logging.INFO)   # here, for the worker processes too: no line for each request


class App(Model):
    def __init__(self):
        super().__init__("model")
        self.classifier = None
        self.ready = True

    def predict(self, payload, headers=None):
        if self.classifier is None:   # the workers get this object pickled
            self.classifier = Classifier()
        if IS_PHOTO:
            pixels = self.classifier.pixels(base64.b64decode(payload.inputs[0].data[0]))
            classes = self.classifier.top(self.classifier.logits(pixels[None])[0])
            output = InferOutput("classes", [1], "BYTES", data=[json.dumps(classes)])
        else:
            logits = self.classifier.logits(payload.inputs[0].as_numpy())
            output = InferOutput("y", list(logits.shape), "FP32", data=logits.reshape(-1).tolist())
        return InferResponse(response_id="0", model_name=self.name, infer_outputs=[output])


if __name__ == "__main__":
    ModelServer(http_port=int(sys.argv[1]), workers=WORKERS, enable_grpc=False, enable_latency_logging=False).start([App()])
