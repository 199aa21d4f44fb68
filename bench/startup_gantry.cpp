// SPDX-License-Identifier: Apache-2.0
// Runs from the start of the process to the first answer: bench_startup_gantry PACKAGE PHOTO.png [--skip-golden]
// With --skip-golden the golden cases are not run, to show their part of the time.
#include <cstdio>
#include <gantry/gantry.hpp>
#include <string>

int main(int argc, char** argv) try {
  if (argc < 3) return std::fprintf(stderr, "usage: %s PACKAGE PHOTO.png [--skip-golden]\n", argv[0]), 64;
  gantry::OpenOptions options;
  options.model.batch_across_callers = false;  // the hand-written program does not batch either
  options.skip_golden_for_tests = argc > 3 && std::string(argv[3]) == "--skip-golden";
  const auto pipeline = gantry::open<gantry::Bytes, gantry::Classes>(argv[1], options).value();
  const auto classes = pipeline.run(gantry::read_file(argv[2]).value()).value();
  std::printf("%s %.4f\n", classes[0].label.c_str(), classes[0].score);
} catch (const std::exception& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
