// SPDX-License-Identifier: Apache-2.0
// Any bytes through image.decode, with limits low enough that what passes is decoded quickly.
#include <gantry/image.hpp>
#include <gantry/pipeline.hpp>

#include "support/fake_engine.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gantry;
  static const Runtime runtime = test::make_runtime(1, Execution::kCaller);
  static const auto pipelines = [] {
    std::vector<Pipeline<Bytes, Image>> made;
    for (const auto colour : {image::ColourMode::kRgb, image::ColourMode::kUnchanged}) {
      image::Decode options;
      options.colour = colour;
      options.exif_orientation = true;
      options.max_pixels = 1 << 18;
      made.push_back(compile(image::decode(options), runtime).value());
    }
    return made;
  }();
  for (const auto& pipeline : pipelines) {
    const auto decoded = pipeline.run(Bytes::wrap(data, size, nullptr));
    if (decoded && decoded->width() * decoded->height() > 1 << 18) std::abort();
  }
  return 0;
}
