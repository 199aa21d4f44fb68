// SPDX-License-Identifier: Apache-2.0
// PngHeader: all of a PNG but its pixels, read as Pillow reads it (PngImagePlugin.py): which chunks count, which are
// faulty, and where the pixel data is.
#pragma once

#include <cstdint>
#include <gantry/bytes.hpp>
#include <gantry/image.hpp>
#include <optional>

#include "ops/image/call_watch.hpp"
#include "ops/image/geometry.hpp"
#include "ops/image/png/png_animation.hpp"
#include "ops/image/png/png_chunks.hpp"
#include "ops/image/png/png_conversion.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct PngHeader {
  ImageSize size{};
  PngFormat format;
  bool is_interlaced = false;
  PngPixelChunks pixels;
  std::optional<PngRegion> region;     ///< the part that the pixel data fills, if not all; the rest is 0
  std::uint8_t orientation = 1;        ///< read only if it was asked for
  std::optional<Error> behind_pixels;  ///< what is wrong behind the pixels
};

/// Reads the header of a file that begins with PNG's signature. Chunks are read once, palettes, Exif and texts a few
/// times; of the chunks of pixels only the lengths are read.
///
/// invalid_argument for what Pillow refuses to open, resource_exhausted for a size beyond the limits; deadline_exceeded
/// and cancelled.
Result<PngHeader> read_png_header(const Bytes& file, const image::Decode& options, CallWatch& watch);

}  // namespace gantry::inline GANTRY_ABI::detail
