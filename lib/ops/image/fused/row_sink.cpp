// SPDX-License-Identifier: Apache-2.0
// Writes rows to the canvas.
#include "ops/image/fused/row_sink.hpp"

#include <cstring>

#include "ops/image/kernels/store_kernels.hpp"

namespace gantry::inline GANTRY_ABI::detail {

RowSink::RowSink(const RowPass& pass, Image& out) : pass_(pass), image_(&out), channels_(out.channels()) {}

RowSink::RowSink(const RowPass& pass, const TensorTables& tables, void* out, std::size_t channels)
    : pass_(pass), tables_(&tables), out_(out), channels_(channels) {}

RowSink::RowSink(const RowPass& band, const RowSink& whole)
    : pass_(band), image_(whole.image_), tables_(whole.tables_), out_(whole.out_), channels_(whole.channels_) {}

void RowSink::write(std::int64_t canvas_y, std::int64_t left, std::int64_t pixels, const std::uint8_t* row) {
  const ImageSize size = pass_.size();
  const std::int64_t y = pass_.mirrors_rows() ? size.height - 1 - canvas_y : canvas_y;
  const std::int64_t x = pass_.mirrors_columns() ? size.width - left - pixels : left;
  if (tables_) return tables_->store(row, pixels, channels_, out_, size, x, y);
  std::memcpy(image_->mutable_row(y) + x * static_cast<std::int64_t>(channels_), row,
              static_cast<std::size_t>(pixels) * channels_);
}

void RowSink::fill_border() {
  if (!pass_.has_border()) return;
  const ImageSize size = pass_.size();
  const ImageSize inner = pass_.visible().size;
  const image::Fill& fill = pass_.fill();
  if (fill.channels() == 0)
    std::memset(scratch_, fill[0], scratch_bytes());
  else
    for (std::size_t i = 0; i < scratch_bytes(); ++i) scratch_[i] = fill[i % channels_];
  for (std::int64_t y = 0; y < size.height; ++y) {
    const bool is_covered = y >= pass_.top() && y < pass_.top() + inner.height && inner.width > 0;
    if (!is_covered) {
      write(y, 0, size.width, scratch_);
      continue;
    }
    const std::int64_t right = pass_.left() + inner.width;
    if (pass_.left() > 0) write(y, 0, pass_.left(), scratch_);
    if (right < size.width) write(y, right, size.width - right, scratch_);
  }
}

void RowSink::put(std::int64_t y, const std::uint8_t* row) {
  const std::int64_t pixels = pass_.visible().size.width;
  if (pass_.mirrors_columns()) {
    mirror_row(row, scratch_, static_cast<std::size_t>(pixels), channels_);
    row = scratch_;
  }
  write(pass_.top() + y, pass_.left(), pixels, row);
}

}  // namespace gantry::inline GANTRY_ABI::detail
