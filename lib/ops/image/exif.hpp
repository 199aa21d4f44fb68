// SPDX-License-Identifier: Apache-2.0
// The orientation in an image's metadata, as PIL's Image.getexif finds it: in Exif, else in XMP.
#pragma once

#include <cstdint>
#include <string_view>

namespace gantry::detail {

/// `exif` is a TIFF structure, with or without "Exif\0\0" in front; `xmp` is an XML text; either may be empty.
/// 1..8; 1 (upright) for absent, malformed and unknown values. Thread-safe; reads nothing outside its arguments.
std::uint8_t orientation_of(std::string_view exif, std::string_view xmp);

}  // namespace gantry::detail
