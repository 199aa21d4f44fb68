// SPDX-License-Identifier: Apache-2.0
// An output row combines two source rows. A ring keeps the last rows of 16-bit sums, looked up by source row.
#include "ops/image/fused/linear_engine.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/fused/row_scratch.hpp"
#include "ops/image/fused/sparse_rows.hpp"
#include "ops/image/kernels/linear_kernels.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kLinearRows = 4;  // rows that the horizontal kernel takes at once
constexpr std::size_t kLinearRing = 2 * kLinearRows;

class LinearWalk {
 public:
  LinearWalk(const RowPass& pass, RowSource& source, RowSink& sink)
      : pass_(pass),
        source_(source),
        sink_(sink),
        scratch_(RowScratch::of_this_thread()),
        columns_(scratch_.weights(axis_key(pass, false))),
        rows_(scratch_.weights(axis_key(pass, true))) {}

  Result<void> run() {
    const AxisWeights::Window last_column = columns_.windows.back();
    const AxisWeights::Window last_row = rows_.windows.back();
    first_column_ = columns_.windows.front().begin;
    columns_read_ = last_column.begin + last_column.count - first_column_;
    first_row_ = rows_.windows.front().begin;
    const Rectangle part = {pass_.source().left + first_column_,
                            pass_.source().top + first_row_,
                            {columns_read_, last_row.begin + last_row.count - first_row_}};
    GANTRY_RETURN_IF_ERROR(source_.select(part));
    lay_out_scratch();
    sink_.fill_border();
    SparseRows rows(source_, buffer_bytes_, buffers_);
    for (std::int64_t y = 0; y < pass_.visible().size.height; ++y)
      GANTRY_RETURN_IF_ERROR(make_row(static_cast<std::size_t>(y), rows));
    return {};
  }

 private:
  void lay_out_scratch() {
    values_ = static_cast<std::size_t>(pass_.visible().size.width) * source_.channels();
    buffer_bytes_ = source_.is_in_memory() ? 0 : RowScratch::aligned(source_.row_bytes());
    const std::size_t ring_bytes = RowScratch::aligned(values_ * sizeof(std::uint16_t));
    scratch_.reset(kLinearRing * ring_bytes + kLinearRows * buffer_bytes_ + RowScratch::aligned(values_) +
                   RowScratch::aligned(sink_.scratch_bytes()));
    for (auto& row : ring_) row = reinterpret_cast<std::uint16_t*>(scratch_.take(ring_bytes));
    ring_rows_.fill(-1);
    buffers_ = scratch_.take(kLinearRows * buffer_bytes_);
    output_ = scratch_.take(values_);
    sink_.set_scratch(scratch_.take(sink_.scratch_bytes()));
  }

  /// The second source row of an output; the first one if the second has no weight.
  std::int64_t lower_row(std::size_t output) const {
    const AxisWeights::Window window = rows_.windows[output];
    return rows_.values_of(output)[1] == 0 ? window.begin : window.begin + window.count - 1;
  }

  const std::uint16_t* find(std::int64_t row) const {
    const auto place = std::find(ring_rows_.begin(), ring_rows_.end(), row);
    return place == ring_rows_.end() ? nullptr : ring_[static_cast<std::size_t>(place - ring_rows_.begin())];
  }

  Result<void> make_row(std::size_t output, SparseRows& rows) {
    const std::int64_t upper = rows_.windows[output].begin;
    const std::int64_t lower = lower_row(output);
    if (find(upper) == nullptr || find(lower) == nullptr) GANTRY_RETURN_IF_ERROR(advance(output, rows));
    const std::int32_t* weights = rows_.values_of(output);
    linear_combine(find(upper), find(lower), weights[0], weights[1], output_, values_);
    sink_.put(static_cast<std::int64_t>(output), output_);
    return {};
  }

  /// Reads the next block of rows that the outputs from `output` on need.
  Result<void> advance(std::size_t output, SparseRows& rows) {
    std::array<const std::uint8_t*, kLinearRows> inputs{};
    std::array<std::uint16_t*, kLinearRows> outputs{};
    std::size_t count = 0;
    for (; output < rows_.windows.size() && count + 2 <= kLinearRows; ++output) {
      for (const std::int64_t row : {static_cast<std::int64_t>(rows_.windows[output].begin), lower_row(output)}) {
        if (row <= newest_) continue;
        GANTRY_ASSIGN_OR_RETURN(auto input, rows.row(row - first_row_, count));
        newest_ = row;
        ring_rows_[next_place_] = row;
        inputs[count] = input;
        outputs[count++] = ring_[next_place_];
        next_place_ = (next_place_ + 1) % kLinearRing;
      }
    }
    linear_rows(inputs.data(), outputs.data(), count, source_.channels(), first_column_, columns_read_, columns_);
    return {};
  }

  const RowPass& pass_;
  RowSource& source_;
  RowSink& sink_;
  RowScratch& scratch_;
  const AxisWeights& columns_;
  const AxisWeights& rows_;
  std::int64_t first_column_ = 0;
  std::int64_t columns_read_ = 0;
  std::int64_t first_row_ = 0;

  std::size_t values_ = 0;  // per output row
  std::array<std::uint16_t*, kLinearRing> ring_{};
  std::array<std::int64_t, kLinearRing> ring_rows_{};
  std::size_t next_place_ = 0;
  std::int64_t newest_ = -1;
  std::size_t buffer_bytes_ = 0;
  std::uint8_t* buffers_ = nullptr;
  std::uint8_t* output_ = nullptr;
};

/// Halves both sides: every pixel is the mean of four.
Result<void> run_halving(const RowPass& pass, RowSource& source, RowSink& sink) {
  const Rectangle& visible = pass.visible();
  const Rectangle part = {pass.source().left + 2 * visible.left,
                          pass.source().top + 2 * visible.top,
                          {2 * visible.size.width, 2 * visible.size.height}};
  GANTRY_RETURN_IF_ERROR(source.select(part));
  RowScratch& scratch = RowScratch::of_this_thread();
  const std::size_t buffer_bytes = source.is_in_memory() ? 0 : RowScratch::aligned(source.row_bytes());
  const std::size_t out_bytes = static_cast<std::size_t>(visible.size.width) * source.channels();
  scratch.reset(2 * buffer_bytes + RowScratch::aligned(out_bytes) + RowScratch::aligned(sink.scratch_bytes()));
  SparseRows rows(source, buffer_bytes, scratch.take(2 * buffer_bytes));
  std::uint8_t* out = scratch.take(out_bytes);
  sink.set_scratch(scratch.take(sink.scratch_bytes()));
  sink.fill_border();
  for (std::int64_t y = 0; y < visible.size.height; ++y) {
    GANTRY_ASSIGN_OR_RETURN(auto upper, rows.row(2 * y, 0));
    GANTRY_ASSIGN_OR_RETURN(auto lower, rows.row(2 * y + 1, 1));
    halve_rows(upper, lower, out, static_cast<std::size_t>(visible.size.width), source.channels());
    sink.put(y, out);
  }
  return {};
}

}  // namespace

Result<void> run_linear_pass(const RowPass& pass, RowSource& source, RowSink& sink) {
  const ImageSize from = pass.source().size;
  const ImageSize to = pass.resize()->size;
  const bool is_linear = pass.resize()->how.filter == image::Filter::kBilinear;
  if (is_linear && from.width == 2 * to.width && from.height == 2 * to.height) return run_halving(pass, source, sink);
  return LinearWalk(pass, source, sink).run();
}

}  // namespace gantry::inline GANTRY_ABI::detail
