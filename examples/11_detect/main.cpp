// SPDX-License-Identifier: Apache-2.0
// Finds things in a picture and draws them on it: 11_detect PACKAGE PHOTO OUT.png
// PACKAGE takes a picture's bytes and returns detections in its pixels, like that of examples/models/page_layout.py.
#include <cstdio>
#include <fstream>
#include <gantry/gantry.hpp>
#include <string>

namespace g = gantry;

/// Prints one line: the class, the score, and the position in pixels of the picture.
void print(const g::Detection& found) {
  const std::string name = found.label.empty() ? "class " + std::to_string(found.index) : found.label;
  const g::Box& box = found.box;
  std::printf("%6.2f %%  %-20s %7.1f,%7.1f  %7.1f,%7.1f", 100 * static_cast<double>(found.score), name.c_str(),
              static_cast<double>(box.x0), static_cast<double>(box.y0), static_cast<double>(box.x1),
              static_cast<double>(box.y1));
  if (!found.keypoints.empty()) std::printf("  %zu keypoints", found.keypoints.size());
  std::printf("\n");
}

/// The picture as the package decodes it. If its image.decode has exif_orientation, this one needs it too.
g::Result<g::Image> decode(const g::Bytes& file) {
  const auto pipeline = g::compile(g::image::decode());
  if (!pipeline) return pipeline.error();
  return pipeline->run(file);
}

bool write(const std::string& path, const g::Bytes& content) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
  return file.flush().good();
}

int main(int argc, char** argv) try {
  if (argc != 4) return std::fprintf(stderr, "usage: %s PACKAGE PHOTO OUT.png\n", argv[0]), 64;
  const auto pipeline = g::open<g::Bytes, g::Detections>(argv[1]).value();
  const g::Bytes photo = g::read_file(argv[2]).value();

  const g::Detections found = pipeline.run(photo).value();
  std::printf("%zu found\n", found.size());
  for (const g::Detection& each : found) print(each);

  // Lines and letters scale with the picture; Draw has options for their sizes, and for what to leave out.
  const g::Image drawn = g::detect::draw(decode(photo).value(), found).value();
  if (!write(argv[3], g::image::encode(drawn).value())) return std::fprintf(stderr, "cannot write %s\n", argv[3]), 1;
  return 0;
} catch (const g::ResultError& error) {  // value() throws when there is none; nothing else in gantry does
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
