// SPDX-License-Identifier: Apache-2.0
// The encoders of each format, as image.encode calls them.
#pragma once

#include <gantry/bytes.hpp>
#include <gantry/call_context.hpp>
#include <gantry/image/image.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Encodes an image of any Colour.
Result<Bytes> encode_png(const Image& image, const CallContext& call);
/// Encodes a gray or RGB image with sides up to kMaxJpegSide.
Result<Bytes> encode_jpeg(const Image& image, int quality, const CallContext& call);

inline constexpr std::int64_t kMaxJpegSide = 65500;  // JPEG_MAX_DIMENSION

/// The number of rows encoded between two checks of the call's deadline.
inline std::int64_t rows_between_looks(const Image& image) {
  constexpr std::int64_t kPixels = 1 << 18;  // some milliseconds of work
  return 1 + kPixels / image.width();
}

}  // namespace gantry::inline GANTRY_ABI::detail
