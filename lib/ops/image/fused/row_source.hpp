// SPDX-License-Identifier: Apache-2.0
// RowSource: the pixels that a pass reads: those of an image, or of a file while it is decoded. A file's rows come from
// top to bottom and only once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ops/image/fused/row_pass.hpp"

namespace gantry::inline GANTRY_ABI::detail {

class RowStream;

/// Ownership: borrows the image or the stream.
/// Threads:   one thread.
/// Errors:    those of the decoder.
class RowSource {
 public:
  explicit RowSource(const Image& image) : image_(&image) {}
  explicit RowSource(RowStream& stream) : stream_(&stream) {}

  ImageSize size() const;
  Colour colour() const;
  std::size_t channels() const { return channels_of(colour()); }

  /// Selects the part that will be read. Call it once.
  Result<void> select(const Rectangle& part);
  /// True if the rows are in memory: row() may then be called in any order, and read() is not needed.
  bool is_in_memory() const { return image_ != nullptr; }
  /// Row `y` of the selected part.
  const std::uint8_t* row(std::int64_t y) const;
  /// The bytes that read() writes per row. The selected part begins at offset_bytes().
  std::size_t row_bytes() const;
  std::size_t offset_bytes() const;
  /// Reads the next `count` rows of the selected part.
  Result<void> read(std::uint8_t* const* rows, std::size_t count);

 private:
  const Image* image_ = nullptr;
  RowStream* stream_ = nullptr;
  Rectangle part_{};
};

}  // namespace gantry::inline GANTRY_ABI::detail
