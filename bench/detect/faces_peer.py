# SPDX-License-Identifier: Apache-2.0
"""facenet_pytorch in the benchmark of detection, with one thread, driven line by line like bench/engines/worker.cpp.

    python bench/detect/faces_peer.py PICTURE DUMP [decoded]

With `decoded` the picture is decoded once, ahead.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "examples" / "models"))


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
    Path(dump).write_text(json.dumps({"detections": [] if boxes is None else [
        {"score": float(score), "box": box.tolist(), "keypoints": five.tolist()} for box, score, five in zip(boxes, scores, points)]}))
    print(json.dumps({"version": "facenet_pytorch"}), flush=True)
    for line in sys.stdin:
        count = int(line.split()[1])
        began = time.process_time_ns()
        for _ in range(count):
            call()
        print(json.dumps({"cpu_ns": (time.process_time_ns() - began) / count}), flush=True)


if __name__ == "__main__":
    main()
