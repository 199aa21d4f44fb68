// SPDX-License-Identifier: Apache-2.0
// The chunks of a PNG file: where it ends early, and the pixel data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/bytes.hpp>
#include <gantry/span.hpp>

namespace gantry::detail {

enum class PngEnd {
  kComplete,     ///< as far as Pillow looks: an end marker may be missing
  kInPixels,     ///< within a chunk of pixel data
  kBehindPixels  ///< within another chunk, behind the pixels
};

/// For a file that begins with PNG's signature. Looks at headers only.
PngEnd png_end(const Bytes& file);

/// The contents of the chunks of pixel data, one after the other, as far as the file has them. Pixel data ends at
/// another chunk.
class PngData {
 public:
  /// Borrows the file, which begins with PNG's signature.
  explicit PngData(const Bytes& file) : file_(file) {}
  /// The next content that is not empty; nullptr at the end.
  Span<const std::uint8_t> next();

 private:
  const Bytes& file_;
  std::size_t position_ = 8;  ///< of a chunk
  bool has_begun_ = false;
};

/// A PNG without pixels: the header, all texts and Exif, and an empty chunk of pixel data. Empty if there are none
/// behind the pixels of the file.
Bytes png_metadata(const Bytes& file);

}  // namespace gantry::detail
