// SPDX-License-Identifier: Apache-2.0
// Any bytes as Exif, and as XMP: always one of the eight orientations, and the same behind a prefix that is allowed.
#include <string>
#include <string_view>

#include "fuzz/decode_target.hpp"
#include "ops/image/exif.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gantry;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string_view prefix("Exif\0\0", 6);
  for (const std::string_view xmp : {std::string_view(), bytes}) {
    const std::uint8_t orientation = detail::orientation_of(bytes, xmp);
    test::require(orientation >= 1 && orientation <= 8);
    if (bytes.substr(0, prefix.size()) != prefix)
      test::require(detail::orientation_of(std::string(prefix) + std::string(bytes), xmp) == orientation);
  }
  const std::uint8_t by_xmp = detail::orientation_of({}, bytes);
  test::require(by_xmp >= 1 && by_xmp <= 8);
  return 0;
}
