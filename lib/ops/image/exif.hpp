// SPDX-License-Identifier: Apache-2.0
// The orientation in an image's metadata, as PIL's Image.getexif finds it: in Exif, else in XMP.
#pragma once

#include <cstdint>
#include <gantry/version.hpp>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {

/// `exif` is a TIFF structure, with up to two times "Exif\0\0" in front; `xmp` is an XML text; either may be empty. XMP
/// is looked at where the Exif is empty or its directory, as far as it can be read, has no orientation. 1..8; 1
/// (upright) for absent and unknown values, and for Exif that is no TIFF structure, which PIL refuses.
/// Thread-safe; reads nothing outside its arguments. Cost: linear in their sizes, no allocation.
std::uint8_t orientation_of(std::string_view exif, std::string_view xmp);

}  // namespace gantry::inline GANTRY_ABI::detail
