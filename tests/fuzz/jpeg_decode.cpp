// SPDX-License-Identifier: Apache-2.0
// Any bytes behind the first ones of a JPEG file: whole, in parts, and its header. The walk over its segments also
// where libjpeg would not let it come.
#include "fuzz/decode_target.hpp"
#include "ops/image/jpeg/jpeg_segments.hpp"
#include "ops/image/jpeg/jpeg_stream.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gantry;
  static const auto variants = test::decode_variants({0, 8, 50});
  const Bytes file = Bytes::wrap(data, size, nullptr);
  if (!detail::is_jpeg(file)) return 0;
  std::mt19937 random = test::random_of(data, size);
  for (const image::Decode& options : variants)
    test::check_parts([&] { return detail::JpegStream::open(file, options); }, random);
  test::check_header(file);
  static_cast<void>(detail::read_jpeg_metadata(file, nullptr).ok());
  static_cast<void>(detail::ends_next({reinterpret_cast<const char*>(data), size}, nullptr).ok());
  return 0;
}
