// SPDX-License-Identifier: Apache-2.0
// RowSource: the pixels a pass reads, either those of an image or those of a file while it is being decoded, which
// come from top to bottom and only once.
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

  /// Once: what will be read.
  Result<void> select(const Rectangle& part);
  /// True if rows lie in memory already: row() may then be called in any order, and read() need not be.
  bool is_in_memory() const { return image_ != nullptr; }
  /// Row `y` of the selected part.
  const std::uint8_t* row(std::int64_t y) const;
  /// Bytes that read() writes to each row; the selected part is within them, at offset_bytes().
  std::size_t row_bytes() const;
  std::size_t offset_bytes() const;
  /// The next rows of the selected part.
  Result<void> read(std::uint8_t* const* rows, std::size_t count);

 private:
  const Image* image_ = nullptr;
  RowStream* stream_ = nullptr;
  Rectangle part_{};
};

}  // namespace gantry::inline GANTRY_ABI::detail
