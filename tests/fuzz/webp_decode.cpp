// SPDX-License-Identifier: Apache-2.0
// Any bytes behind the first ones of a WebP file, and its header.
#include "fuzz/decode_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gantry;
  const Bytes file = Bytes::wrap(data, size, nullptr);
  if (!detail::is_webp(file)) return 0;
  test::check_header(file);
  image::Decode options;
  options.max_pixels = test::kFuzzPixels;
  options.exif_orientation = true;
  const auto decoded = detail::decode_image(file, options);
  test::require(!decoded || decoded->width() * decoded->height() <= test::kFuzzPixels);
  return 0;
}
