// SPDX-License-Identifier: Apache-2.0
// Drawing in the benchmark of detection: one picture with its boxes, driven line by line.
//
//   bench_draw_worker PICTURE BOXES DRAWN
//
// PICTURE is a .png, BOXES an .npy file of f32[n, 4]; the classes of the boxes are 0, 1, .. 9 in turn, their labels
// "class 0" and so on. What is drawn is written to DRAWN, a .png, then a line says that it is ready. `run N` then draws
// N times, and answers the CPU time of one in nanoseconds.
#include <ctime>

#include <cstdio>
#include <fstream>
#include <gantry/bytes.hpp>
#include <gantry/detect.hpp>
#include <gantry/image.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace gantry;

double cpu_ns() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

template <class In, class Out>
Out once(const Stage<In, Out>& chain, In input) {
  RuntimeOptions options;
  options.execution = Execution::kCaller;
  return compile(chain, Runtime::create(options).value()).value().run(std::move(input)).value();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: bench_draw_worker PICTURE BOXES DRAWN\n"), 64;
  const Image picture = once(image::decode(), read_file(argv[1]).value());
  const Codecs codecs = Registry::builtin().codecs();
  const Payload boxes =
      codecs.from_bytes(PayloadType::of<Tensor>(), read_file(argv[2]).value(), "application/x-npy").value();
  const Tensor table = boxes.as<Tensor>().value();
  const auto sides = table.values<float>().value();
  std::vector<Detection> entries(static_cast<std::size_t>(table.shape()[0]));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].index = static_cast<std::int64_t>(i % 10);
    entries[i].label = "class " + std::to_string(i % 10);
    entries[i].score = 0.5f;
    entries[i].box = {sides[4 * i], sides[4 * i + 1], sides[4 * i + 2], sides[4 * i + 3]};
  }
  const Detections found(std::move(entries));
  detect::Draw options;
  options.line_width = 3;
  options.text_scale = 2;
  const Bytes drawn = once(image::encode(), detect::draw(picture, found, options).value());
  std::ofstream(argv[3], std::ios::binary)
      .write(reinterpret_cast<const char*>(drawn.data()), static_cast<std::streamsize>(drawn.size()));
  std::cout << "ready" << std::endl;
  std::string word;
  for (long count = 0; std::cin >> word >> count;) {
    const double began = cpu_ns();
    for (long i = 0; i < count; ++i) static_cast<void>(detect::draw(picture, found, options).value());
    std::cout << (cpu_ns() - began) / static_cast<double>(count) << std::endl;
  }
  return 0;
}
