// SPDX-License-Identifier: Apache-2.0
// Drawing in the benchmark of detection: one picture with its boxes, controlled line by line.
//
//   bench_draw_worker PICTURE BOXES DRAWN
//
// PICTURE is a .png, BOXES an .npy file of f32[n, 4]. The classes of the boxes are 0, 1, .. 9 in turn, with labels
// "class 0" and so on. Writes the drawn picture to DRAWN, a .png.
#include <cstdio>
#include <fstream>
#include <gantry/detect.hpp>
#include <gantry/image.hpp>
#include <string>
#include <vector>

#include "worker.hpp"

int main(int argc, char** argv) {
  using namespace gantry;
  if (argc != 4) return std::fprintf(stderr, "usage: bench_draw_worker PICTURE BOXES DRAWN\n"), 64;
  const Image picture = bench::compiled(image::decode()).run(read_file(argv[1]).value()).value();
  const Tensor table = bench::load(argv[2]);
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
  const Bytes drawn = bench::compiled(image::encode()).run(detect::draw(picture, found, options).value()).value();
  std::ofstream(argv[3], std::ios::binary)
      .write(reinterpret_cast<const char*>(drawn.data()), static_cast<std::streamsize>(drawn.size()));
  return bench::serve("ready", [&] { static_cast<void>(detect::draw(picture, found, options).value()); });
}
