// SPDX-License-Identifier: Apache-2.0
// What the decoders share: the limits that are checked before pixels are allocated, and the errors.
#pragma once

#include <cstdint>
#include <gantry/call_context.hpp>
#include <gantry/image.hpp>
#include <string>

#include "ops/image/geometry.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// A picture as stored in the file, and the factor by which decoding shrank each side.
struct StoredPicture {
  ImageSize size;
  int shrunk_by = 1;
};

/// A decoded image and its EXIF orientation, which is read only if it was asked for; else it is 1.
struct Decoded {
  Image image;
  std::uint8_t orientation = 1;
  StoredPicture picture;
};

/// resource_exhausted unless the sides and their product are within the limits.
Result<void> check_dimensions(const char* format, std::uint64_t width, std::uint64_t height,
                              const image::Decode& options);

inline Error corrupt(const char* format, const std::string& what) {
  return Error(ErrorCode::kInvalidArgument, "corrupt " + std::string(format) + ": " + what);
}
inline Error truncated(const char* format, std::size_t position) {
  return Error(ErrorCode::kInvalidArgument,
               "truncated " + std::string(format) + " at byte " + std::to_string(position));
}

/// invalid_argument for no bytes; resource_exhausted for more than max_bytes.
Result<void> check_file(const Bytes& file, const image::Decode& options);
/// Decodes a checked file, whose first bytes tell the format. Turns it upright if asked. `call` may be nullptr.
Result<Image> decode_image(const Bytes& file, const image::Decode& options, const CallContext* call = nullptr);
/// As decode_image(); also sets the sample's frame.
Result<Image> decode_framed(const Bytes& file, const image::Decode& options, const CallContext& call);

struct WebpHeader {
  std::int64_t width;
  std::int64_t height;
  Colour colour;
  std::uint8_t orientation;
};
Result<WebpHeader> read_webp_header(const Bytes& file, const image::Decode& options);

/// Thread-safe, prints nothing, and allocates the image only after check_dimensions(). The other formats are decoded
/// through a RowStream.
Result<Decoded> decode_webp(const Bytes& file, const image::Decode& options, const CallContext* call);

}  // namespace gantry::inline GANTRY_ABI::detail
