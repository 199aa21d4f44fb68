# SPDX-License-Identifier: Apache-2.0
"""A peer of the image benchmark: one way to do the work of worker.cpp in Python. One process serves all cases, since
importing torch takes seconds.

    python bench/image/peers.py PEER

`case CASE INPUT THREADS DUMP` prepares, writes the result to DUMP and answers with a line; `run N` as in worker.cpp.
"""

import io
import json
import sys
import threading
import time

import cv2
import numpy as np
import PIL
import torch
import torchvision
from PIL import Image
from torchvision import transforms
from torchvision.transforms import v2

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
MEAN_F32, STD_F32 = np.array(MEAN, np.float32), np.array(STD, np.float32)
SIZE, CROP = 256, 224

TORCHVISION = transforms.Compose([transforms.Resize(SIZE), transforms.CenterCrop(CROP), transforms.ToTensor(),
                                  transforms.Normalize(MEAN, STD)])


def open_pillow(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


def resized_size(width, height):
    return (SIZE, int(SIZE * height / width)) if width <= height else (int(SIZE * width / height), SIZE)


def crop_box(width, height):
    left, top = round((width - CROP) / 2), round((height - CROP) / 2)
    return left, top, left + CROP, top + CROP


def normalized(pixels):
    """[224, 224, 3] u8 to [3, 224, 224] f32."""
    numbers = pixels.astype(np.float32)
    numbers /= np.float32(255)
    numbers -= MEAN_F32
    numbers /= STD_F32
    return np.ascontiguousarray(numbers.transpose(2, 0, 1))


def pillow_numpy(image):
    image = image.resize(resized_size(*image.size), Image.Resampling.BILINEAR)
    return normalized(np.asarray(image.crop(crop_box(*image.size))))


def torchvision_v2(tensor):
    tensor = v2.functional.resize(tensor, [SIZE], antialias=True)
    tensor = v2.functional.center_crop(tensor, [CROP])
    tensor = v2.functional.to_dtype(tensor, torch.float32, scale=True)
    return v2.functional.normalize(tensor, MEAN, STD).numpy()


def opencv_numpy(pixels, interpolation):
    size = resized_size(pixels.shape[1], pixels.shape[0])
    pixels = cv2.resize(pixels, size, interpolation=interpolation)
    left, top, right, bottom = crop_box(*size)
    return normalized(pixels[top:bottom, left:right])


def opencv_decode(data, flag=cv2.IMREAD_COLOR):
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), flag), cv2.COLOR_BGR2RGB)


def opencv_letterbox(pixels):
    """ultralytics' LetterBox and its tensor, on a BGR array."""
    height, width = pixels.shape[:2]
    ratio = min(640 / height, 640 / width)
    inner = round(width * ratio), round(height * ratio)
    x, y = (640 - inner[0]) / 2, (640 - inner[1]) / 2
    pixels = cv2.resize(pixels, inner, interpolation=cv2.INTER_LINEAR)
    pixels = cv2.copyMakeBorder(pixels, round(y - 0.1), round(y + 0.1), round(x - 0.1), round(x + 0.1),
                                cv2.BORDER_CONSTANT, value=(114, 114, 114))
    numbers = np.ascontiguousarray(pixels[..., ::-1].transpose(2, 0, 1)).astype(np.float32)
    numbers /= 255
    return numbers


def torch_letterbox(pixels):
    """The same with torch after the border, as in much detection code."""
    height, width = pixels.shape[:2]
    ratio = min(640 / height, 640 / width)
    inner = round(width * ratio), round(height * ratio)
    x, y = (640 - inner[0]) / 2, (640 - inner[1]) / 2
    canvas = np.full((640, 640, 3), 114, np.uint8)
    canvas[round(y - 0.1):round(y - 0.1) + inner[1], round(x - 0.1):round(x - 0.1) + inner[0]] = \
        cv2.resize(pixels, inner, interpolation=cv2.INTER_LINEAR)
    return (torch.from_numpy(canvas).permute(2, 0, 1)[[2, 1, 0]].contiguous().float() / 255).numpy()


def make_work(peer, case, data):
    """The function that processes one image."""
    if case == "letterbox":
        pixels = np.asarray(open_pillow(data))   # read as BGR: the array is the same for all peers
        function = {"OpenCV + numpy": opencv_letterbox, "OpenCV + torch": torch_letterbox}[peer]
        return lambda: function(pixels)
    interpolations = {"OpenCV linear + numpy": cv2.INTER_LINEAR, "OpenCV area + numpy": cv2.INTER_AREA}
    if case == "buffer":
        image = open_pillow(data)
        pixels = np.asarray(image).copy()
        tensor = torch.from_numpy(pixels).permute(2, 0, 1)
        if peer == "torchvision on PIL":
            return lambda: TORCHVISION(image).numpy()
        if peer == "Pillow + numpy":
            return lambda: pillow_numpy(image)
        if peer == "torchvision v2":
            return lambda: torchvision_v2(tensor)
        return lambda: opencv_numpy(pixels, interpolations[peer])
    if peer == "torchvision on PIL":
        return lambda: TORCHVISION(open_pillow(data)).numpy()
    if peer == "Pillow + numpy":
        return lambda: pillow_numpy(open_pillow(data))
    if peer == "torchvision v2":
        encoded = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        return lambda: torchvision_v2(torchvision.io.decode_image(encoded, torchvision.io.ImageReadMode.RGB))
    reduced = {"OpenCV reduced by 2": cv2.IMREAD_REDUCED_COLOR_2, "OpenCV reduced by 4": cv2.IMREAD_REDUCED_COLOR_4}
    if peer in reduced:
        return lambda: opencv_numpy(opencv_decode(data, reduced[peer]), cv2.INTER_LINEAR)
    return lambda: opencv_numpy(opencv_decode(data), interpolations[peer])


def measure(work, threads, count):
    def loop():
        for _ in range(count):
            work()

    others = [threading.Thread(target=loop) for _ in range(threads - 1)]
    began, cpu_began = time.perf_counter_ns(), time.process_time_ns()
    for thread in others:
        thread.start()
    loop()
    for thread in others:
        thread.join()
    images = threads * count
    return {"wall_ns": (time.perf_counter_ns() - began) / images, "cpu_ns": (time.process_time_ns() - cpu_began) / images}


def main():
    peer = sys.argv[1]
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    versions = f"Pillow {PIL.__version__}, torchvision {torchvision.__version__}, OpenCV {cv2.__version__}"
    for line in sys.stdin:
        command = line.split()
        if command[0] == "case":
            case, path, threads, dump = command[1:]
            with open(path, "rb") as file:
                work = make_work(peer, case, file.read())
            np.ascontiguousarray(work()).tofile(dump)
            print(json.dumps({"version": versions}), flush=True)
        else:
            print(json.dumps(measure(work, int(threads), int(command[1]))), flush=True)


if __name__ == "__main__":
    main()
