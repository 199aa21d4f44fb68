// SPDX-License-Identifier: Apache-2.0
// The same without gantry: bench_startup_handwritten PACKAGE PHOTO.png
#include <cstdio>
#include <exception>
#include <string>

#include "handwritten.hpp"

int main(int argc, char** argv) try {
  if (argc != 3) return std::fprintf(stderr, "usage: %s PACKAGE PHOTO.png\n", argv[0]), 64;
  const std::string package = argv[1];
  const handwritten::Classifier classifier(package + "/model.ts", package + "/labels.txt");
  const auto best = classifier.classify(handwritten::read_file(argv[2]));
  std::printf("%s %.4f\n", best[0].label.c_str(), best[0].score);
} catch (const std::exception& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
