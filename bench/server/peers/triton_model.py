# SPDX-License-Identifier: Apache-2.0
"""Triton's Python backend: the model `photo` takes BYTES [1], `tensor` FP32 [3, 224, 224]. Two instances, dynamic batches."""
import json
import os
import sys

import numpy as np
import triton_python_backend_utils as triton

sys.path.insert(0, os.environ["BENCH_PEERS"])
from classifier import IS_PHOTO, Classifier


class TritonPythonModel:
    def initialize(self, arguments):
        self.classifier = Classifier()

    def execute(self, requests):
        inputs = [triton.get_input_tensor_by_name(request, "x").as_numpy() for request in requests]
        counts = [len(value) for value in inputs]
        if IS_PHOTO:
            batch = np.stack([self.classifier.pixels(file) for value in inputs for file in value.reshape(-1)])
        else:
            batch = np.concatenate(inputs)
        rows = iter(self.classifier.logits(batch))
        responses = []
        for count in counts:
            logits = [next(rows) for _ in range(count)]
            if IS_PHOTO:
                texts = [[json.dumps(self.classifier.top(row)).encode()] for row in logits]
                output = triton.Tensor("y", np.array(texts, dtype=object))
            else:
                output = triton.Tensor("y", np.stack(logits))
            responses.append(triton.InferenceResponse([output]))
        return responses
