// SPDX-License-Identifier: Apache-2.0
// Faces by a cascade of three networks in one package: 06_cascade PACKAGE PHOTO...
// The package (examples/models/mtcnn.py) holds the networks and says how they follow each other; the ops between them
// are ours, in mtcnn_ops.hpp. Golden cases prove when it is opened that they compute what the Python stack computes.
#include <cstdio>
#include <gantry/gantry.hpp>

#include "mtcnn_ops.hpp"

namespace g = gantry;

int main(int argc, char** argv) try {
  if (argc < 3) return std::fprintf(stderr, "usage: %s PACKAGE PHOTO...\n", argv[0]), 64;
  g::OpenOptions options;
  options.registry = g::Registry::builtin();
  mtcnn::add_to(*options.registry);
  const auto detector = g::open<g::Bytes, g::Tensors>(argv[1], options).value();
  for (int i = 2; i < argc; ++i) {
    const g::Tensors found = detector.run(g::read_file(argv[i]).value()).value();
    const auto boxes = found.find("boxes")->values<float>().value();
    const auto scores = found.find("scores")->values<float>().value();
    std::printf("%s: %zu found\n", argv[i], scores.size());
    for (std::size_t k = 0; k < scores.size(); ++k)
      std::printf("  %.6f  %.3f,%.3f,%.3f,%.3f\n", static_cast<double>(scores[k]), static_cast<double>(boxes[4 * k]),
                  static_cast<double>(boxes[4 * k + 1]), static_cast<double>(boxes[4 * k + 2]),
                  static_cast<double>(boxes[4 * k + 3]));
  }
} catch (const g::ResultError& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
