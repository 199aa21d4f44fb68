// SPDX-License-Identifier: Apache-2.0
// Copies pixels by row and column index. An output row that repeats the last one is not made again.
#include "ops/image/fused/nearest_engine.hpp"

#include <cstring>

#include "core/return_if_error.hpp"
#include "ops/image/fused/row_scratch.hpp"
#include "ops/image/fused/sparse_rows.hpp"

namespace gantry::inline GANTRY_ABI::detail {
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

}  // namespace

Result<void> run_nearest_pass(const RowPass& pass, RowSource& source, RowSink& sink) {
  RowScratch& scratch = RowScratch::of_this_thread();
  const AxisWeights& columns = scratch.weights(axis_key(pass, false));
  const AxisWeights& rows = scratch.weights(axis_key(pass, true));
  const std::int32_t first_column = columns.windows.front().begin, first_row = rows.windows.front().begin;
  const Rectangle part = {pass.source().left + first_column,
                          pass.source().top + first_row,
                          {columns.windows.back().begin + 1 - first_column, rows.windows.back().begin + 1 - first_row}};
  GANTRY_RETURN_IF_ERROR(source.select(part));
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
      GANTRY_ASSIGN_OR_RETURN(auto input, inputs.row(row - first_row, 0));
      take_columns(source.channels(), input, columns, first_column, out);
      made = row;
    }
    sink.put(static_cast<std::int64_t>(y), out);
  }
  return {};
}

}  // namespace gantry::inline GANTRY_ABI::detail
