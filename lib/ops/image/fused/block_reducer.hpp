// SPDX-License-Identifier: Apache-2.0
// BlockReducer: rows of means, each of a row of blocks, made from the rows of a source as they come.
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
  /// Of the blocks of `reduction`, those in `blocks`, which is counted in blocks. With alpha, pixels are multiplied
  /// with it first.
  BlockReducer(const Reduction& reduction, const Rectangle& blocks, bool has_alpha);

  /// The pixels of these blocks, of which next_row() reads all.
  const Rectangle& pixels() const { return pixels_; }
  std::size_t scratch_bytes(const RowSource& source) const;
  void set_scratch(std::uint8_t* scratch) { scratch_ = scratch; }
  /// The next row of blocks from a source of which pixels() are selected.
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
