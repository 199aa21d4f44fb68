// SPDX-License-Identifier: Apache-2.0
// Any bytes behind the first ones of a PNG file: whole, in parts, and its header.
#include "fuzz/decode_target.hpp"
#include "ops/image/png/png_stream.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gantry;
  static const auto variants = test::decode_variants({0});
  const Bytes file = Bytes::wrap(data, size, nullptr);
  if (!detail::is_png(file)) return 0;
  std::mt19937 random = test::random_of(data, size);
  for (const image::Decode& options : variants)
    test::check_parts([&] { return detail::PngStream::open(file, options); }, random);
  test::check_header(file);
  return 0;
}
