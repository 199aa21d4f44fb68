// SPDX-License-Identifier: Apache-2.0
// The orientation in an image's metadata, as PIL's Image.getexif finds it: in Exif, else in XMP.
#pragma once

#include <cstdint>
#include <gantry/version.hpp>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {

/// `exif` is a TIFF structure after at most two "Exif\0\0"; `xmp` is an XML text; either may be empty. XMP is used if
/// the Exif is empty or the readable part of its directory has no orientation. Gives 1..8; 1 (upright) for absent and
/// unknown values, and for Exif that is no TIFF structure, which PIL refuses.
/// Thread-safe; reads nothing outside its arguments. Cost: linear in their sizes, no allocation.
std::uint8_t orientation_of(std::string_view exif, std::string_view xmp);

}  // namespace gantry::inline GANTRY_ABI::detail
