// SPDX-License-Identifier: Apache-2.0
// Pasting of masks in the benchmark of detection: one set of boxes and masks, driven line by line.
//
//   bench_paste_worker BOXES MASKS WIDTH HEIGHT AREAS
//
// BOXES (f32[n, 4]) and MASKS (f32[n, h, w]) are .npy files; the picture is WIDTH x HEIGHT. How many pixels each mask
// has is written to AREAS, then a line says that it is ready. `run N` then pastes all of them N times, and answers the
// CPU time of one in nanoseconds.
#include <ctime>

#include <cstdio>
#include <fstream>
#include <gantry/bytes.hpp>
#include <gantry/detect.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace gantry;

Tensor load(const char* path) {
  static const Codecs codecs = Registry::builtin().codecs();
  const Payload payload =
      codecs.from_bytes(PayloadType::of<Tensor>(), read_file(path).value(), "application/x-npy").value();
  return payload.as<Tensor>().value();
}

double cpu_ns() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return std::fprintf(stderr, "usage: bench_paste_worker BOXES MASKS WIDTH HEIGHT AREAS\n"), 64;
  const Tensor boxes = load(argv[1]), masks = load(argv[2]);
  const Frame frame = Frame::of(std::stoll(argv[3]), std::stoll(argv[4]));
  std::vector<Detection> entries(static_cast<std::size_t>(boxes.shape()[0]));
  const auto sides = boxes.values<float>().value();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].box = {sides[4 * i], sides[4 * i + 1], sides[4 * i + 2], sides[4 * i + 3]};
    const Tensor mask = masks.select(0, static_cast<std::int64_t>(i)).value();
    entries[i].soft_mask = SoftMask::over_box(mask, entries[i].box).value().within(frame);
  }
  const Detections found(std::move(entries));
  RuntimeOptions options;
  options.execution = Execution::kCaller;
  const auto pipeline = compile(detect::paste_masks(), Runtime::create(options).value()).value();
  std::ofstream areas(argv[5]);
  const Detections pasted = pipeline.run(found).value();
  for (const Detection& one : pasted) areas << one.mask.area() << "\n";
  areas.close();
  std::cout << "ready" << std::endl;
  std::string word;
  for (long count = 0; std::cin >> word >> count;) {
    const double began = cpu_ns();
    for (long i = 0; i < count; ++i) static_cast<void>(pipeline.run(found).value());
    std::cout << (cpu_ns() - began) / static_cast<double>(count) << std::endl;
  }
  return 0;
}
