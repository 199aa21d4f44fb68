// SPDX-License-Identifier: Apache-2.0
// Pasting of masks in the benchmark of detection: one set of boxes and masks, controlled line by line.
//
//   bench_paste_worker BOXES MASKS WIDTH HEIGHT AREAS
//
// BOXES (f32[n, 4]) and MASKS (f32[n, h, w]) are .npy files; the picture is WIDTH x HEIGHT. Writes each mask's number
// of pixels to AREAS.
#include <cstdio>
#include <fstream>
#include <gantry/detect.hpp>
#include <string>
#include <vector>

#include "worker.hpp"

int main(int argc, char** argv) {
  using namespace gantry;
  if (argc != 6) return std::fprintf(stderr, "usage: bench_paste_worker BOXES MASKS WIDTH HEIGHT AREAS\n"), 64;
  const Tensor boxes = bench::load(argv[1]), masks = bench::load(argv[2]);
  const Frame frame = Frame::of(std::stoll(argv[3]), std::stoll(argv[4]));
  std::vector<Detection> entries(static_cast<std::size_t>(boxes.shape()[0]));
  const auto sides = boxes.values<float>().value();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].box = {sides[4 * i], sides[4 * i + 1], sides[4 * i + 2], sides[4 * i + 3]};
    const Tensor mask = masks.select(0, static_cast<std::int64_t>(i)).value();
    entries[i].soft_mask = SoftMask::over_box(mask, entries[i].box).value().within(frame);
  }
  const Detections found(std::move(entries));
  const auto pipeline = bench::compiled(detect::paste_masks());
  std::ofstream areas(argv[5]);
  const Detections pasted = pipeline.run(found).value();
  for (const Detection& one : pasted) areas << one.mask.area() << "\n";
  areas.close();
  return bench::serve("ready", [&] { static_cast<void>(pipeline.run(found).value()); });
}
