// SPDX-License-Identifier: Apache-2.0
// A ring keeps the last rows of 32-bit sums, each at its row number modulo the size of the ring.
#include "ops/image/fused/wide_engine.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/return_if_error.hpp"
#include "ops/image/fused/row_scratch.hpp"
#include "ops/image/fused/sparse_rows.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::size_t kWideRing = 8;  // the most rows that an output reads

class WideWalk {
 public:
  WideWalk(const RowPass& pass, RowSource& source, RowSink& sink)
      : pass_(pass),
        source_(source),
        sink_(sink),
        scratch_(RowScratch::of_this_thread()),
        columns_(scratch_.weights(axis_key(pass, false))),
        rows_(scratch_.weights(axis_key(pass, true))) {}

  Result<void> run() {
    const AxisWeights::Window column = columns_.windows.back(), row = rows_.windows.back();
    first_column_ = columns_.windows.front().begin;
    first_row_ = row_of(rows_.windows.front(), 0);
    const std::int32_t last_row = row_of(row, row.count - 1);
    const Rectangle part = {pass_.source().left + first_column_,
                            pass_.source().top + first_row_,
                            {column.begin + column.count - first_column_, last_row + 1 - first_row_}};
    GANTRY_RETURN_IF_ERROR(source_.select(part));
    values_ = columns_.windows.size() * source_.channels();
    const std::size_t buffer_bytes = source_.is_in_memory() ? 0 : RowScratch::aligned(source_.row_bytes());
    const std::size_t line_bytes = RowScratch::aligned(values_ * sizeof(std::int32_t));
    scratch_.reset(buffer_bytes + (kWideRing + 1) * line_bytes + RowScratch::aligned(values_) +
                   RowScratch::aligned(sink_.scratch_bytes()));
    SparseRows inputs(source_, buffer_bytes, scratch_.take(buffer_bytes));
    for (auto& line : ring_) line = reinterpret_cast<std::int32_t*>(scratch_.take(line_bytes));
    sums_ = reinterpret_cast<float*>(scratch_.take(line_bytes));
    std::uint8_t* out = scratch_.take(values_);
    sink_.set_scratch(scratch_.take(sink_.scratch_bytes()));
    sink_.fill_border();
    for (std::size_t y = 0; y < rows_.windows.size(); ++y) {
      GANTRY_RETURN_IF_ERROR(fill_ring(rows_.windows[y], inputs));
      combine(y, out);
      sink_.put(static_cast<std::int64_t>(y), out);
    }
    return {};
  }

 private:
  /// Repeats the row at an edge beyond it.
  std::int32_t row_of(AxisWeights::Window window, std::int32_t tap) const {
    return std::clamp(window.begin + tap, 0, static_cast<std::int32_t>(pass_.source().size.height) - 1);
  }

  Result<void> fill_ring(AxisWeights::Window window, SparseRows& inputs) {
    for (std::int32_t row = std::max(row_of(window, 0), next_row_); row <= row_of(window, window.count - 1); ++row) {
      GANTRY_ASSIGN_OR_RETURN(auto input, inputs.row(row - first_row_, 0));
      make_line(input, ring_[static_cast<std::size_t>(row) % kWideRing]);
      next_row_ = row + 1;
    }
    return {};
  }

  void make_line(const std::uint8_t* row, std::int32_t* line) const {
    const std::size_t channels = source_.channels();
    for (std::size_t x = 0; x < columns_.windows.size(); ++x, line += channels) {
      const AxisWeights::Window window = columns_.windows[x];
      const std::uint8_t* pixel = row + static_cast<std::size_t>(window.begin - first_column_) * channels;
      const std::int32_t* weights = columns_.values_of(x);
      std::fill_n(line, channels, 0);
      for (std::int32_t tap = 0; tap < window.count; ++tap, pixel += channels)
        for (std::size_t c = 0; c < channels; ++c) line[c] += weights[tap] * pixel[c];
    }
  }

  void combine(std::size_t y, std::uint8_t* out) const {
    const std::size_t floats = pass_.resize()->how.filter == image::Filter::kBicubic ? values_in_floats() : 0;
    combine_floats(y, out, floats);
    combine_integers(y, out, floats);
  }

  /// OpenCV combines cubic rows in floats, 8 values at a time, and the rest of the row in integers.
  std::size_t values_in_floats() const {
    const std::size_t channels = source_.channels();
    const std::size_t floats = static_cast<std::size_t>(pass_.resize()->size.width) * channels / 8 * 8;
    const std::size_t before = static_cast<std::size_t>(pass_.visible().left) * channels;
    return std::min(floats - std::min(floats, before), values_);
  }

  const std::int32_t* line_of(AxisWeights::Window window, std::int32_t tap) const {
    return ring_[static_cast<std::size_t>(row_of(window, tap)) % kWideRing];
  }

  /// Adds from the last of the four rows to the first: the order changes the last bit.
  void combine_floats(std::size_t y, std::uint8_t* out, std::size_t count) const {
    constexpr float kScale = 1.0f / (2048 * 2048);
    const AxisWeights::Window window = rows_.windows[y];
    const std::int32_t* weights = rows_.values_of(y);
    std::fill_n(sums_, count, 0.0f);
    for (std::int32_t tap = window.count - 1; tap >= 0; --tap) {
      const std::int32_t* line = line_of(window, tap);
      const float weight = static_cast<float>(weights[tap]) * kScale;
      for (std::size_t i = 0; i < count; ++i) sums_[i] += static_cast<float>(line[i]) * weight;
    }
    for (std::size_t i = 0; i < count; ++i)
      out[i] = static_cast<std::uint8_t>(std::clamp(std::lrintf(sums_[i]), 0L, 255L));
  }

  /// Sums have 22 fractional bits.
  void combine_integers(std::size_t y, std::uint8_t* out, std::size_t first) const {
    const AxisWeights::Window window = rows_.windows[y];
    const std::int32_t* weights = rows_.values_of(y);
    for (std::size_t i = first; i < values_; ++i) {
      std::uint32_t sum = 1 << 21;  // it wraps, as in the reference
      for (std::int32_t tap = 0; tap < window.count; ++tap)
        sum += static_cast<std::uint32_t>(weights[tap]) * static_cast<std::uint32_t>(line_of(window, tap)[i]);
      out[i] = static_cast<std::uint8_t>(std::clamp(static_cast<std::int32_t>(sum) >> 22, 0, 255));
    }
  }

  const RowPass& pass_;
  RowSource& source_;
  RowSink& sink_;
  RowScratch& scratch_;
  const AxisWeights& columns_;
  const AxisWeights& rows_;
  std::int32_t first_column_ = 0;
  std::int32_t first_row_ = 0;
  std::int32_t next_row_ = 0;  // rows before it are made
  std::size_t values_ = 0;     // per output row
  std::array<std::int32_t*, kWideRing> ring_{};
  float* sums_ = nullptr;
};

}  // namespace

bool is_wide(const ResizeTo& resize) {
  return resize.how.reference == image::Reference::kOpenCv &&
         (resize.how.filter == image::Filter::kBicubic || resize.how.filter == image::Filter::kLanczos4);
}

Result<void> run_wide_pass(const RowPass& pass, RowSource& source, RowSink& sink) {
  return WideWalk(pass, source, sink).run();
}

}  // namespace gantry::inline GANTRY_ABI::detail
