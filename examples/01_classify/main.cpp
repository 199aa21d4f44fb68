// SPDX-License-Identifier: Apache-2.0
// Opens a package and classifies one photo: 01_classify PACKAGE PHOTO
#include <cstdio>
#include <gantry/gantry.hpp>

int main(int argc, char** argv) try {
  namespace g = gantry;
  if (argc != 3) return std::fprintf(stderr, "usage: %s PACKAGE PHOTO\n", argv[0]), 64;
  auto pipeline = g::open<g::Bytes, g::Classes>(argv[1]);  // a package directory: verified, warmed up
  if (!pipeline) return std::fprintf(stderr, "%s\n", pipeline.error().to_string().c_str()), 1;
  auto classes = pipeline->run(g::read_file(argv[2]).value());  // JPEG/PNG/WebP bytes in
  for (const auto& c : classes.value()) std::printf("%6.2f %%  %s\n", 100 * c.score, c.label.c_str());
} catch (const gantry::ResultError& error) {  // value() throws when there is none; nothing else in gantry does
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
