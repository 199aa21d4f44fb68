// SPDX-License-Identifier: Apache-2.0
// BlockReducer: makes a row of means from each row of blocks, reading the source from top to bottom.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/image/fused/row_source.hpp"
#include "ops/image/geometry.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Pillow's reduce() (src/libImaging/Reduce.c): (sum + pixels / 2) * floor(2^24 / pixels) >> 24, in 32 bits.
///
/// Ownership: borrows its scratch memory.
/// Threads:   one thread.
/// Errors:    the source's.
/// Cost:      an addition for each value read.
class BlockReducer {
 public:
  /// Reduces only the blocks of `reduction` inside `blocks`, which is counted in blocks. With alpha, pixels are
  /// premultiplied first.
  BlockReducer(const Reduction& reduction, const Rectangle& blocks, bool has_alpha);

  /// The pixels of these blocks; next_row() reads them all.
  const Rectangle& pixels() const { return pixels_; }
  std::size_t scratch_bytes(const RowSource& source) const;
  void set_scratch(std::uint8_t* scratch) { scratch_ = scratch; }
  /// Makes the next row of means. The source must have pixels() selected.
  Result<void> next_row(RowSource& source, std::uint8_t* out);

 private:
  Result<const std::uint8_t*> read(RowSource& source);

  Reduction reduction_;
  Rectangle pixels_;
  bool has_alpha_;
  std::int64_t rows_read_ = 0;
  std::uint8_t* scratch_ = nullptr;
};

}  // namespace gantry::inline GANTRY_ABI::detail
