# SPDX-License-Identifier: Apache-2.0
"""Page layout in the benchmark of detection: rapid-layout's own steps around ONNX Runtime or OpenVINO, with one thread,
controlled line by line like bench/engines/worker.cpp.

    python bench/detect/layout_peer.py onnxruntime|openvino PICTURE DUMP
"""

import importlib.util
import os
import sys

os.environ["OMP_NUM_THREADS"] = "1"
from workers import serve  # noqa: E402
import page_layout  # noqa: E402


def part(name):
    spec = importlib.util.spec_from_file_location(name, page_layout.folder() / "model_handler" / "pp" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def engine(name):
    """image -> the eight heads"""
    path = str(page_layout.folder() / "models" / "layout_cdla.onnx")
    if name == "onnxruntime":
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return lambda image: session.run(None, {"image": image})
    import openvino
    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1,
                                                           "INFERENCE_PRECISION_HINT": "f32"})
    return lambda image: list(compiled(image).values())


def main():
    import cv2
    cv2.setNumThreads(1)
    name, picture, dump = sys.argv[1:4]
    run = engine(name)
    before = part("pre_process").PPPreProcess((page_layout.HEIGHT, page_layout.WIDTH))
    after = part("post_process").PPPostProcess(page_layout.LABELS)

    def call():
        pixels = cv2.imread(picture)
        image = before(pixels)
        return after(pixels.shape, image, run(image))
    boxes, scores, labels = call()
    serve([{"label": label, "score": score, "box": box} for box, score, label in zip(boxes, scores, labels)], dump, name, call)


if __name__ == "__main__":
    main()
