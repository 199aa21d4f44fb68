# SPDX-License-Identifier: Apache-2.0
"""facenet_pytorch in the benchmark of detection, with one thread, controlled line by line like
bench/engines/worker.cpp.

    python bench/detect/faces_peer.py PICTURE DUMP [decoded]

With `decoded` the picture is decoded once, before the runs.
"""

import os
import sys

os.environ["OMP_NUM_THREADS"] = "1"
from workers import serve  # noqa: E402


def main():
    import torch
    from PIL import Image

    import mtcnn
    torch.set_num_threads(1)
    detector = mtcnn.facenet().MTCNN(keep_all=True, select_largest=False)
    picture, dump, *ahead = sys.argv[1:]
    pixels = Image.open(picture).convert("RGB") if ahead else None

    def call():
        return detector.detect(Image.open(picture).convert("RGB") if pixels is None else pixels, landmarks=True)
    boxes, scores, points = call()
    serve([] if boxes is None else [{"score": float(score), "box": box.tolist(), "keypoints": five.tolist()}
                                    for box, score, five in zip(boxes, scores, points)], dump, "facenet_pytorch", call)


if __name__ == "__main__":
    main()
