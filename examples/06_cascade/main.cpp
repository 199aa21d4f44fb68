// SPDX-License-Identifier: Apache-2.0
// Finds faces with a cascade of three networks in one package: 06_cascade PACKAGE PHOTO...
// The package (examples/models/mtcnn.py) contains the networks and connects them with gantry's own ops, so the host is
// like that of any other detector. When the package is opened, golden cases prove that it finds what the Python stack
// finds.
#include <cstdio>
#include <gantry/gantry.hpp>

namespace g = gantry;

int main(int argc, char** argv) try {
  if (argc < 3) return std::fprintf(stderr, "usage: %s PACKAGE PHOTO...\n", argv[0]), 64;
  const auto detector = g::open<g::Bytes, g::Detections>(argv[1]).value();
  for (int i = 2; i < argc; ++i) {
    const g::Detections found = detector.run(g::read_file(argv[i]).value()).value();
    std::printf("%s: %zu found\n", argv[i], found.size());
    for (const g::Detection& face : found) {
      std::printf("  %.6f  %.3f,%.3f,%.3f,%.3f, eyes and mouth at", double(face.score), double(face.box.x0),
                  double(face.box.y0), double(face.box.x1), double(face.box.y1));
      for (const g::Keypoint& point : face.keypoints) std::printf(" %.0f,%.0f", double(point.x), double(point.y));
      std::printf("\n");
    }
  }
} catch (const g::ResultError& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
