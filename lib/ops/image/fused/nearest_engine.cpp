// SPDX-License-Identifier: Apache-2.0
// Rows and columns are looked up; a row that comes again is not made again.
#include "ops/image/fused/nearest_engine.hpp"

#include <cstring>

#include "ops/image/fused/row_scratch.hpp"
#include "ops/image/fused/sparse_rows.hpp"

namespace gantry::detail {
namespace {

template <std::size_t kChannels>
void take_columns(const std::uint8_t* row, const AxisWeights& columns, std::int32_t first, std::uint8_t* out) {
  for (const AxisWeights::Window& window : columns.windows) {
    std::memcpy(out, row + static_cast<std::size_t>(window.begin - first) * kChannels, kChannels);
    out += kChannels;
  }
}

void take_columns(std::size_t channels, const std::uint8_t* row, const AxisWeights& columns, std::int32_t first,
                  std::uint8_t* out) {
  if (channels == 1) return take_columns<1>(row, columns, first, out);
  if (channels == 3) return take_columns<3>(row, columns, first, out);
  take_columns<4>(row, columns, first, out);
}

/// The windows of the visible part of an axis.
const AxisWeights& windows(RowScratch& scratch, const RowPass& pass, bool is_vertical) {
  const ResizeTo& resize = *pass.resize();
  const ImageSize from = pass.source().size;
  const image::Box box =
      resize.box.value_or(image::Box{0, 0, static_cast<float>(from.width), static_cast<float>(from.height)});
  const Rectangle& visible = pass.visible();
  if (is_vertical)
    return scratch.weights(
        {resize.how, from.height, resize.size.height, visible.top, visible.size.height, true, {box.top, box.bottom}});
  return scratch.weights(
      {resize.how, from.width, resize.size.width, visible.left, visible.size.width, false, {box.left, box.right}});
}

}  // namespace

Result<void> run_nearest_pass(const RowPass& pass, RowSource& source, RowSink& sink) {
  RowScratch& scratch = RowScratch::of_this_thread();
  const AxisWeights& columns = windows(scratch, pass, false);
  const AxisWeights& rows = windows(scratch, pass, true);
  const std::int32_t first_column = columns.windows.front().begin, first_row = rows.windows.front().begin;
  const Rectangle part = {pass.source().left + first_column,
                          pass.source().top + first_row,
                          {columns.windows.back().begin + 1 - first_column, rows.windows.back().begin + 1 - first_row}};
  if (auto ok = source.select(part); !ok) return ok;
  const std::size_t buffer_bytes = source.is_in_memory() ? 0 : RowScratch::aligned(source.row_bytes());
  const std::size_t out_bytes = columns.windows.size() * source.channels();
  scratch.reset(buffer_bytes + RowScratch::aligned(out_bytes) + RowScratch::aligned(sink.scratch_bytes()));
  SparseRows inputs(source, buffer_bytes, scratch.take(buffer_bytes));
  std::uint8_t* out = scratch.take(out_bytes);
  sink.set_scratch(scratch.take(sink.scratch_bytes()));
  sink.fill_border();
  std::int32_t made = -1;
  for (std::size_t y = 0; y < rows.windows.size(); ++y) {
    const std::int32_t row = rows.windows[y].begin;
    if (row != made) {
      auto input = inputs.row(row - first_row, 0);
      if (!input) return std::move(input).error();
      take_columns(source.channels(), *input, columns, first_column, out);
      made = row;
    }
    sink.put(static_cast<std::int64_t>(y), out);
  }
  return {};
}

}  // namespace gantry::detail
