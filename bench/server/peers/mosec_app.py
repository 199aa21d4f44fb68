# SPDX-License-Identifier: Apache-2.0
"""mosec: raw bodies at /inference. Its own flags: --address, --port, --capacity."""
import numpy as np
from classifier import IS_PHOTO, WORKERS, Classifier
from mosec import Server, Worker


class Model(Worker):
    def __init__(self):
        super().__init__()
        self.classifier = Classifier()

    def deserialize(self, data):
        return self.classifier.read(data)

    def forward(self, data):
        return list(self.classifier.logits(np.stack(data)))

    def serialize(self, data):
        answer = self.classifier.write(data)
        return super().serialize(answer) if IS_PHOTO else answer


if __name__ == "__main__":
    server = Server()
    server.append_worker(Model, num=WORKERS, max_batch_size=8, max_wait_time=2)
    server.run()
