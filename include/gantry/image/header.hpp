// SPDX-License-Identifier: Apache-2.0
// Reads the header of an image file without decoding the file: to refuse, route or group files by size.
//
//   const auto header = image::probe_header(jpeg);   // microseconds
//   if (header && header->width >= 4000) ...
#pragma once

#include <cstdint>

#include <gantry/bytes.hpp>
#include <gantry/image/image.hpp>
#include <gantry/result.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace image {

enum class FileFormat : std::uint8_t { kJpeg, kPng, kWebp };
/// "JPEG", "PNG", "WebP".
GANTRY_API const char* to_string(FileFormat format) noexcept;

struct Header {
  FileFormat format = FileFormat::kJpeg;
  /// In pixels, as stored: orientations of 5 and above swap them.
  std::int64_t width = 0;
  std::int64_t height = 0;
  /// The colour model from decode() with ColourMode::kUnchanged.
  Colour colour = Colour::kRgb;
  /// Bits per sample in the file: 8; in a PNG 1, 2, 4, 8 or 16.
  int bit_depth = 8;
  /// As in EXIF, 1..8; 1 if the metadata has none.
  std::uint8_t orientation = 1;
};

/// Reads the header of a JPEG, PNG or WebP file, detected by content; the beginning of a JPEG or PNG is enough.
/// Thread-safe; reads no pixels. Errors: invalid_argument (not an image, truncated, corrupt), unsupported,
/// resource_exhausted (a side of more than 65535, or more than 2^31 bytes of pixels).
GANTRY_API Result<Header> probe_header(const Bytes& file);

}  // namespace image
}  // namespace GANTRY_ABI
}  // namespace gantry
