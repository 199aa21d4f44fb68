// SPDX-License-Identifier: Apache-2.0
// If both ratios are whole numbers, blocks are summed as integers. Otherwise shares of pixels are summed as floats,
// along each row first, then row by row: the order changes the last bit.
#include "ops/image/fused/area_engine.hpp"

#include <algorithm>
#include <cmath>

#include "core/return_if_error.hpp"
#include "ops/image/fused/row_scratch.hpp"
#include "ops/image/fused/sparse_rows.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

std::uint8_t to_byte(float value) {
  return static_cast<std::uint8_t>(std::clamp(std::lrintf(value), 0L, 255L));
}

class AreaWalk {
 public:
  AreaWalk(const RowPass& pass, RowSource& source, RowSink& sink)
      : source_(source),
        sink_(sink),
        from_(pass.source().size),
        to_(pass.resize()->size),
        is_whole_(from_.width % to_.width == 0 && from_.height % to_.height == 0),
        columns_(shares(pass, false)),
        rows_(shares(pass, true)) {
    const AxisWeights::Window column = columns_.windows.back(), row = rows_.windows.back();
    first_column_ = columns_.windows.front().begin;
    first_row_ = rows_.windows.front().begin;
    part_ = {pass.source().left + first_column_,
             pass.source().top + first_row_,
             {column.begin + column.count - first_column_, row.begin + row.count - first_row_}};
  }

  Result<void> run() {
    GANTRY_RETURN_IF_ERROR(source_.select(part_));
    const std::size_t buffer_bytes = source_.is_in_memory() ? 0 : RowScratch::aligned(source_.row_bytes());
    values_ = columns_.windows.size() * source_.channels();
    const std::size_t list_bytes = RowScratch::aligned(values_ * sizeof(float));
    RowScratch& scratch = RowScratch::of_this_thread();
    scratch.reset(buffer_bytes + 2 * list_bytes + RowScratch::aligned(values_) +
                  RowScratch::aligned(sink_.scratch_bytes()));
    SparseRows inputs(source_, buffer_bytes, scratch.take(buffer_bytes));
    line_ = scratch.take(list_bytes);
    sum_ = scratch.take(list_bytes);
    out_ = scratch.take(values_);
    sink_.set_scratch(scratch.take(sink_.scratch_bytes()));
    sink_.fill_border();
    for (std::size_t y = 0; y < rows_.windows.size(); ++y) {
      GANTRY_RETURN_IF_ERROR(is_whole_ ? sum_blocks(y, inputs) : sum_shares(y, inputs));
      sink_.put(static_cast<std::int64_t>(y), out_);
    }
    return {};
  }

 private:
  static const AxisWeights& shares(const RowPass& pass, bool is_vertical) {
    AxisKey key = axis_key(pass, is_vertical);
    key.is_covered = true;
    return RowScratch::of_this_thread().weights(key);
  }

  /// Calls add(value, pixel, tap) for each channel of each pixel that an output of the row covers.
  template <class F>
  void walk_row(const std::uint8_t* row, F add) const {
    const std::size_t channels = source_.channels();
    for (std::size_t x = 0; x < columns_.windows.size(); ++x) {
      const AxisWeights::Window window = columns_.windows[x];
      const std::uint8_t* pixel = row + static_cast<std::size_t>(window.begin - first_column_) * channels;
      for (std::int32_t tap = 0; tap < window.count; ++tap, pixel += channels)
        for (std::size_t c = 0; c < channels; ++c) add(x * channels + c, pixel[c], x, tap);
    }
  }

  Result<void> sum_blocks(std::size_t y, SparseRows& inputs) {
    auto* sums = reinterpret_cast<std::int32_t*>(sum_);
    std::fill_n(sums, values_, 0);
    const AxisWeights::Window window = rows_.windows[y];
    for (std::int32_t row = window.begin; row < window.begin + window.count; ++row) {
      GANTRY_ASSIGN_OR_RETURN(auto input, inputs.row(row - first_row_, 0));
      walk_row(input, [sums](std::size_t value, std::uint8_t byte, std::size_t, std::int32_t) { sums[value] += byte; });
    }
    const std::int64_t area = (from_.width / to_.width) * (from_.height / to_.height);
    const bool is_halved = from_.width == 2 * to_.width && from_.height == 2 * to_.height;
    const float scale = 1.0f / static_cast<float>(area);
    for (std::size_t i = 0; i < values_; ++i)
      out_[i] =
          is_halved ? static_cast<std::uint8_t>((sums[i] + 2) >> 2) : to_byte(static_cast<float>(sums[i]) * scale);
    return {};
  }

  Result<void> sum_shares(std::size_t y, SparseRows& inputs) {
    auto* sums = reinterpret_cast<float*>(sum_);
    auto* line = reinterpret_cast<float*>(line_);
    const AxisWeights::Window window = rows_.windows[y];
    for (std::int32_t tap = 0; tap < window.count; ++tap) {
      GANTRY_RETURN_IF_ERROR(make_line(window.begin + tap, inputs));
      const float share = rows_.shares[y * static_cast<std::size_t>(rows_.taps) + static_cast<std::size_t>(tap)];
      for (std::size_t i = 0; i < values_; ++i) sums[i] = tap == 0 ? share * line[i] : sums[i] + share * line[i];
    }
    for (std::size_t i = 0; i < values_; ++i) out_[i] = to_byte(sums[i]);
    return {};
  }

  /// Sums the shares of a row by column. Keeps the result, which may be needed again.
  Result<void> make_line(std::int32_t row, SparseRows& inputs) {
    if (row == line_row_) return {};
    GANTRY_ASSIGN_OR_RETURN(auto input, inputs.row(row - first_row_, 0));
    auto* line = reinterpret_cast<float*>(line_);
    std::fill_n(line, values_, 0.0f);
    const auto taps = static_cast<std::size_t>(columns_.taps);
    walk_row(input, [&](std::size_t value, std::uint8_t byte, std::size_t x, std::int32_t tap) {
      line[value] += static_cast<float>(byte) * columns_.shares[x * taps + static_cast<std::size_t>(tap)];
    });
    line_row_ = row;
    return {};
  }

  RowSource& source_;
  RowSink& sink_;
  const ImageSize from_;
  const ImageSize to_;
  const bool is_whole_;
  const AxisWeights& columns_;
  const AxisWeights& rows_;
  Rectangle part_{};
  std::int32_t first_column_ = 0;
  std::int32_t first_row_ = 0;
  std::size_t values_ = 0;  // per output row
  std::int32_t line_row_ = -1;
  std::uint8_t* line_ = nullptr;
  std::uint8_t* sum_ = nullptr;
  std::uint8_t* out_ = nullptr;
};

}  // namespace

bool covers_pixels(const RowPass& pass) {
  const ImageSize from = pass.source().size, to = pass.resize()->size;
  return pass.resize()->how.filter == image::Filter::kArea && from.width >= to.width && from.height >= to.height;
}

Result<void> run_area_pass(const RowPass& pass, RowSource& source, RowSink& sink) {
  return AreaWalk(pass, source, sink).run();
}

}  // namespace gantry::inline GANTRY_ABI::detail
