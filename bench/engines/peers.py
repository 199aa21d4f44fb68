# SPDX-License-Identifier: Apache-2.0
"""A peer of the benchmark of engines, as a process: ONNX Runtime, OpenVINO or eager PyTorch, with as many threads as
gantry.

    python bench/engines/peers.py ENGINE MODEL WORKERS BATCH DUMP [PICTURE]

MODEL is a folder that models.py wrote. With a PICTURE, one request goes from the bytes of the file to five classes,
with torchvision.io and its transforms, as a careful user would write it. `run N` as in worker.cpp.
"""

import json
import os
import resource
import sys
import threading
import time
from pathlib import Path

import numpy as np


def onnxruntime_engine(path):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    return lambda inputs: session.run(None, dict(zip(names, inputs, strict=True)))[0], \
        f"ONNX Runtime {onnxruntime.__version__}"


def openvino_engine(path, streams):
    import openvino
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", {
        "INFERENCE_NUM_THREADS": streams, "NUM_STREAMS": streams, "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False})
    local = threading.local()

    def run(inputs):
        if not hasattr(local, "request"):
            local.request = compiled.create_infer_request()
        return local.request.infer(list(inputs), share_inputs=True)[0]
    return run, f"OpenVINO {openvino.__version__.split('-')[0]}"


def torch_engine(folder):
    import models
    import torch
    torch.set_num_threads(1)
    module = models.spec_of(folder.name).module

    def run(inputs):
        with torch.inference_mode():
            return module(*(torch.from_numpy(one) for one in inputs)).numpy()
    return run, f"torch {torch.__version__.split('+')[0]}"


def load_engine(engine, folder, workers, batch):
    path = str(folder / f"b{batch}.onnx")
    if engine == "onnxruntime":
        return onnxruntime_engine(path)
    return openvino_engine(path, workers) if engine == "openvino" else torch_engine(folder)


def batch_of(folder, batch):
    known = json.loads((folder / "inputs.json").read_text())
    return tuple(np.stack([np.load(folder / f"{name}-{i % known['samples']}.npy") for i in range(batch)])
                 for name in known["inputs"])


def picture_pipeline(run, picture):
    """torchvision.io and transforms: the uint8 tensor resized (bicubic, with antialiasing), cropped, (u8 - 127) / 128."""
    import torch
    from torchvision import io
    from torchvision.transforms import v2
    torch.set_num_threads(1)
    geometry = v2.Compose([v2.Resize(256, v2.InterpolationMode.BICUBIC, antialias=True), v2.CenterCrop(224)])
    data = bytearray(Path(picture).read_bytes())

    def call():
        image = io.decode_image(torch.frombuffer(data, dtype=torch.uint8), io.ImageReadMode.RGB)
        pixels = (geometry(image).to(torch.float32) - 127) / 128
        logits = run((pixels.numpy()[None],))[0]
        scores = np.exp(logits - logits.max())
        scores /= scores.sum()
        best = np.argsort(-scores)[:5]
        return [{"index": int(i), "score": float(scores[i])} for i in best]
    return call


def measure(call, workers, count):
    def loop():
        for _ in range(count):
            call()
    others = [threading.Thread(target=loop) for _ in range(workers - 1)]
    began, cpu_began = time.perf_counter_ns(), time.process_time_ns()
    for other in others:
        other.start()
    loop()
    for other in others:
        other.join()
    calls = workers * count
    return {"wall_ns": (time.perf_counter_ns() - began) / calls, "cpu_ns": (time.process_time_ns() - cpu_began) / calls}


def main():
    engine, folder, workers, batch, dump = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
    os.environ["OMP_NUM_THREADS"] = "1"
    run, version = load_engine(engine, folder, workers, batch)
    if len(sys.argv) > 6:
        call = picture_pipeline(run, sys.argv[6])
        Path(dump).write_text(json.dumps(call()))
    else:
        inputs = batch_of(folder, batch)

        def call():
            return run(inputs)
        with open(dump, "wb") as file:
            np.save(file, call()[0])
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"version": version, "first_answer_cpu_s": round(usage.ru_utime + usage.ru_stime, 3)}), flush=True)
    for line in sys.stdin:
        print(json.dumps(measure(call, workers, int(line.split()[1]))), flush=True)


if __name__ == "__main__":
    main()
