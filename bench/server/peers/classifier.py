# SPDX-License-Identifier: Apache-2.0
"""What each Python server runs: the demo's classifier with OpenCV and ONNX Runtime, one thread a session.

BENCH_ONNX is the network's file, with a batch of any size; BENCH_MODE is `photo` (a JPEG in, five classes out) or `tensor`
(float32 [3, 224, 224] in, 1000 logits out).
"""
import os

import cv2
import numpy as np
import onnxruntime

IS_PHOTO = os.environ.get("BENCH_MODE", "photo") == "photo"
WORKERS = 2


class Classifier:
    def __init__(self):
        cv2.setNumThreads(1)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["BENCH_ONNX"], options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        self.logits(np.zeros((1, 3, 224, 224), np.float32))

    @staticmethod
    def pixels(file):
        """float32 [3, 224, 224]. INTER_AREA is OpenCV's filter for smaller pictures; its bicubic one drops pixels."""
        image = cv2.cvtColor(cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        height, width = image.shape[:2]
        scale = 256 / min(height, width)
        image = cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
        top, left = (image.shape[0] - 224) // 2, (image.shape[1] - 224) // 2
        crop = image[top:top + 224, left:left + 224].astype(np.float32)
        return ((crop - 127) / 128).transpose(2, 0, 1)

    def logits(self, batch):
        return self.session.run(None, {self.input: np.ascontiguousarray(batch)})[0]

    @staticmethod
    def top(logits):
        scores = np.exp(logits - logits.max())
        scores /= scores.sum()
        return [{"index": int(i), "score": float(scores[i])} for i in np.argsort(-scores)[:5]]

    # The two modes:
    def read(self, body):
        return self.pixels(body) if IS_PHOTO else np.frombuffer(body, np.float32).reshape(3, 224, 224)

    def write(self, logits):
        return {"classes": self.top(logits)} if IS_PHOTO else logits.tobytes()
