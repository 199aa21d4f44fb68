// SPDX-License-Identifier: Apache-2.0
// RowSink: writes the rows of a pass to an image, or to a tensor at its place in a batch. It lays them on the canvas,
// mirrored if the pass says so, with the border around them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ops/image/fused/row_pass.hpp"
#include "ops/image/tensor_tables.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: borrows all it is given.
/// Threads:   one thread.
/// Errors:    none.
/// Cost:      one pass over each row; the scratch row is used for mirrored columns and the border.
class RowSink {
 public:
  /// Writes to `out`, which has the size of the canvas.
  RowSink(const RowPass& pass, Image& out);
  /// Writes to the tensor at `out`, which has the size of the canvas. `channels` are the image's.
  RowSink(const RowPass& pass, const TensorTables& tables, void* out, std::size_t channels);

  /// Writes to the same target, for a band of the same pass (RowPass::band()).
  RowSink(const RowPass& band, const RowSink& whole);

  /// The scratch bytes that put() and fill_border() need: a row of the canvas.
  std::size_t scratch_bytes() const { return static_cast<std::size_t>(pass_.size().width) * channels_; }
  void set_scratch(std::uint8_t* row) { scratch_ = row; }

  /// Fills the part of the canvas that no row covers.
  void fill_border();
  /// Writes row `y` of the pass's visible part.
  void put(std::int64_t y, const std::uint8_t* row);

 private:
  void write(std::int64_t canvas_y, std::int64_t left, std::int64_t pixels, const std::uint8_t* row);

  const RowPass& pass_;
  Image* image_ = nullptr;
  const TensorTables* tables_ = nullptr;
  void* out_ = nullptr;
  std::size_t channels_;
  std::uint8_t* scratch_ = nullptr;
};

}  // namespace gantry::inline GANTRY_ABI::detail
