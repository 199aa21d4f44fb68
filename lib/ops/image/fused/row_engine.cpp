// SPDX-License-Identifier: Apache-2.0
// The walk. The thread's scratch block holds the rows being read, the ring, and the row being made.
#include "ops/image/fused/row_engine.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/fused/area_engine.hpp"
#include "ops/image/fused/block_reducer.hpp"
#include "ops/image/fused/linear_engine.hpp"
#include "ops/image/fused/nearest_engine.hpp"
#include "ops/image/fused/row_scratch.hpp"
#include "ops/image/fused/wide_engine.hpp"
#include "ops/image/kernels/resample_kernels.hpp"
#include "ops/image/kernels/store_kernels.hpp"
#include "ops/image/resampling.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::int64_t kRowsAtOnce = 4;  // rows that the horizontal kernel takes at once
constexpr std::int64_t kReadBlock = 16;  // rows read at once: a decoder makes as many, and its caches stay warm

struct Range {
  std::int64_t begin;
  std::int64_t end;
  std::int64_t size() const { return end - begin; }
  Range from(std::int64_t start) const { return {begin + start, end + start}; }
};

/// The inputs of all outputs: both ends of the windows move from left to right.
Range inputs_of(const AxisWeights& weights) {
  return {weights.windows.front().begin, weights.windows.back().begin + weights.windows.back().count};
}

/// Pillow 13 starts with the vertical pass if the height shrinks by more than twice as many pixels as the width; older
/// versions never do. The order changes the result, because values between the passes are rounded.
bool goes_vertical_first(const ResizeTo& resize, ImageSize from) {
  if (resize.how.reference != image::Reference::kPillow) return false;
  const ImageSize to = resize.size;
  return to.height < from.height && from.height - to.height > 2 * (from.width - to.width);
}

/// True if an axis is not resampled: the box is all of it, and its size stays.
bool keeps(std::int64_t from, AxisBox box, std::int64_t to) {
  return from == to && box.begin == 0 && box.end == static_cast<float>(to);
}

bool is_cut(AxisBox box, std::int64_t to) {
  return box.begin == std::trunc(box.begin) && box.end - box.begin == static_cast<float>(to);
}

class Walk {
 public:
  Walk(const RowPass& pass, RowSource& source, RowSink& sink)
      : pass_(pass), source_(source), sink_(sink), scratch_(RowScratch::of_this_thread()) {}

  Result<void> run() {
    find_weights();
    GANTRY_RETURN_IF_ERROR(source_.select(part_read()));
    lay_out_scratch();
    sink_.fill_border();
    return is_vertical_first_ ? vertical_first() : horizontal_first();
  }

 private:
  void find_weights() {
    const Rectangle& visible = pass_.visible();
    columns_read_ = {visible.left, visible.left + visible.size.width};
    rows_read_ = {visible.top, visible.top + visible.size.height};
    if (!pass_.resize()) return;
    const ResizeTo& resize = *pass_.resize();
    has_alpha_ = source_.colour() == Colour::kRgba && resize.how.reference == image::Reference::kPillow;
    const ImageSize from = resize.reduction ? resize.reduction->size() : pass_.source().size;
    const image::Box box =
        resize.box.value_or(image::Box{0, 0, static_cast<float>(from.width), static_cast<float>(from.height)});
    const AxisBox across = {box.left, box.right}, down = {box.top, box.bottom};
    if (is_cut(across, resize.size.width) && is_cut(down, resize.size.height)) {
      columns_read_ = columns_read_.from(static_cast<std::int64_t>(box.left));
      rows_read_ = rows_read_.from(static_cast<std::int64_t>(box.top));
      return;
    }
    if (!keeps(from.width, across, resize.size.width)) {
      columns_ = &scratch_.weights(
          {resize.how, from.width, resize.size.width, visible.left, visible.size.width, false, across});
      columns_read_ = inputs_of(*columns_);
    }
    if (!keeps(from.height, down, resize.size.height)) {
      rows_ = &scratch_.weights(
          {resize.how, from.height, resize.size.height, visible.top, visible.size.height, true, down});
      rows_read_ = inputs_of(*rows_);
    }
    is_vertical_first_ = columns_ && rows_ && goes_vertical_first(resize, from);
  }

  /// The pixels of the source to read; with a reduction, those of the blocks to read.
  Rectangle part_read() {
    Rectangle part = {columns_read_.begin, rows_read_.begin, {columns_read_.size(), rows_read_.size()}};
    if (pass_.resize() && pass_.resize()->reduction) {
      reducer_.emplace(*pass_.resize()->reduction, part, has_alpha_);
      part = reducer_->pixels();
    }
    return {pass_.source().left + part.left, pass_.source().top + part.top, part.size};
  }

  void lay_out_scratch() {
    channels_ = source_.channels();
    is_direct_ = source_.is_in_memory() && !has_alpha_ && !reducer_;
    const std::size_t read_bytes = static_cast<std::size_t>(columns_read_.size()) * channels_;
    const std::size_t input_bytes = source_.is_in_memory() || reducer_ ? read_bytes : source_.row_bytes();
    const std::size_t reducer_bytes = reducer_ ? reducer_->scratch_bytes(source_) : 0;
    const std::size_t output_bytes = static_cast<std::size_t>(pass_.visible().size.width) * channels_;
    const bool narrows_first = columns_ && !is_vertical_first_;
    const std::size_t ring_row_bytes = narrows_first ? output_bytes : is_direct_ ? 0 : input_bytes;
    ring_size_ = (rows_ ? rows_->taps : 1) + kReadBlock;
    const auto ring_rows = static_cast<std::size_t>(ring_size_);
    const std::size_t made_bytes = is_vertical_first_ ? read_bytes : output_bytes;
    ring_stride_ = RowScratch::aligned(ring_row_bytes);
    const std::size_t input_stride = is_direct_ ? 0 : RowScratch::aligned(input_bytes);
    scratch_.reset(ring_rows * ring_stride_ + RowScratch::aligned(sink_.scratch_bytes()) + kReadBlock * input_stride +
                   kRowsAtOnce * (RowScratch::aligned(made_bytes) + RowScratch::aligned(output_bytes)) +
                   RowScratch::aligned(reducer_bytes));
    scratch_.ring().resize(ring_rows);
    ring_ = scratch_.take(ring_rows * ring_stride_);
    for (auto& row : input_) row = scratch_.take(input_stride);
    for (auto& row : made_) row = scratch_.take(made_bytes);
    for (auto& row : output_) row = scratch_.take(output_bytes);
    if (reducer_) reducer_->set_scratch(scratch_.take(reducer_bytes));
    sink_.set_scratch(scratch_.take(sink_.scratch_bytes()));
  }

  const std::uint8_t*& slot(std::int64_t row) { return scratch_.ring()[static_cast<std::size_t>(row % ring_size_)]; }
  std::uint8_t* ring_row(std::int64_t row) { return ring_ + static_cast<std::size_t>(row % ring_size_) * ring_stride_; }

  /// Reads the next `count` rows. Each of `rows` then points to the first column needed: in `buffers`, or in the image
  /// if its pixels can be used as they are.
  Result<void> next_inputs(std::uint8_t* const* buffers, std::size_t count, const std::uint8_t** rows) {
    if (reducer_) return next_blocks(buffers, count, rows);
    if (!source_.is_in_memory()) GANTRY_RETURN_IF_ERROR(source_.read(buffers, count));
    for (std::size_t i = 0; i < count; ++i, ++inputs_) {
      if (is_direct_) {
        rows[i] = source_.row(inputs_);
      } else if (source_.is_in_memory()) {
        premultiply_row(source_.row(inputs_), buffers[i], static_cast<std::size_t>(columns_read_.size()));
        rows[i] = buffers[i];
      } else {
        rows[i] = buffers[i] + source_.offset_bytes();
      }
    }
    return {};
  }

  Result<void> next_blocks(std::uint8_t* const* buffers, std::size_t count, const std::uint8_t** rows) {
    for (std::size_t i = 0; i < count; ++i) {
      GANTRY_RETURN_IF_ERROR(reducer_->next_row(source_, buffers[i]));
      rows[i] = buffers[i];
    }
    return {};
  }

  /// Fills the ring with all source rows before `end`.
  Result<void> advance_ring(std::int64_t end) {
    const bool narrows = columns_ && !is_vertical_first_;
    while (ring_end_ < end) {
      const auto count = static_cast<std::size_t>(std::min(kReadBlock, rows_read_.end - ring_end_));
      std::array<const std::uint8_t*, kReadBlock> inputs{};
      std::array<std::uint8_t*, kReadBlock> ring_rows{};
      for (std::size_t i = 0; i < count; ++i) ring_rows[i] = ring_row(ring_end_ + static_cast<std::int64_t>(i));
      GANTRY_RETURN_IF_ERROR(next_inputs(narrows ? input_.data() : ring_rows.data(), count, inputs.data()));
      for (std::size_t i = 0; narrows && i < count; i += kRowsAtOnce)
        resample_rows(inputs.data() + i, ring_rows.data() + i, std::min<std::size_t>(kRowsAtOnce, count - i), channels_,
                      columns_read_.begin, columns_read_.size(), *columns_);
      for (std::size_t i = 0; i < count; ++i)
        slot(ring_end_ + static_cast<std::int64_t>(i)) = narrows ? ring_rows[i] : inputs[i];
      ring_end_ += static_cast<std::int64_t>(count);
    }
    return {};
  }

  /// Combines rows of the ring into row `y` of the visible part.
  Result<void> combine(std::int64_t y, std::uint8_t* out, std::size_t bytes) {
    const AxisWeights::Window window = rows_->windows[static_cast<std::size_t>(y)];
    GANTRY_RETURN_IF_ERROR(advance_ring(window.begin + window.count));
    taps_.clear();
    for (std::int64_t i = 0; i < window.count; ++i) taps_.push_back(slot(window.begin + i));
    combine_rows(taps_.data(), static_cast<std::size_t>(y), out, bytes, *rows_);
    return {};
  }

  void finish(std::int64_t y, std::uint8_t* row) {
    if (has_alpha_) divide_by_alpha_row(row, static_cast<std::size_t>(pass_.visible().size.width));
    sink_.put(y, row);
  }

  Result<void> horizontal_first() {
    ring_end_ = rows_read_.begin;
    const std::size_t output_bytes = static_cast<std::size_t>(pass_.visible().size.width) * channels_;
    for (std::int64_t y = 0; y < pass_.visible().size.height; ++y) {
      if (rows_) {
        GANTRY_RETURN_IF_ERROR(combine(y, output_[0], output_bytes));
        finish(y, output_[0]);
        continue;
      }
      const std::int64_t source_y = rows_read_.begin + y;
      GANTRY_RETURN_IF_ERROR(advance_ring(source_y + 1));
      if (columns_ || has_alpha_)
        finish(y, ring_row(source_y));
      else
        sink_.put(y, slot(source_y));
    }
    return {};
  }

  Result<void> vertical_first() {
    ring_end_ = rows_read_.begin;
    const std::size_t made_bytes = static_cast<std::size_t>(columns_read_.size()) * channels_;
    const std::int64_t height = pass_.visible().size.height;
    for (std::int64_t y = 0; y < height; y += kRowsAtOnce) {
      const std::int64_t count = std::min(kRowsAtOnce, height - y);
      for (std::int64_t i = 0; i < count; ++i)
        GANTRY_RETURN_IF_ERROR(combine(y + i, made_[static_cast<std::size_t>(i)], made_bytes));
      const std::array<const std::uint8_t*, kRowsAtOnce> made = {made_[0], made_[1], made_[2], made_[3]};
      resample_rows(made.data(), output_.data(), static_cast<std::size_t>(count), channels_, columns_read_.begin,
                    columns_read_.size(), *columns_);
      for (std::int64_t i = 0; i < count; ++i) finish(y + i, output_[static_cast<std::size_t>(i)]);
    }
    return {};
  }

  const RowPass& pass_;
  RowSource& source_;
  RowSink& sink_;
  RowScratch& scratch_;
  const AxisWeights* columns_ = nullptr;  // nullptr: this axis keeps its size
  const AxisWeights* rows_ = nullptr;
  Range columns_read_{};  // relative to the pass's source rectangle
  Range rows_read_{};
  std::optional<BlockReducer> reducer_;
  bool is_vertical_first_ = false;
  bool has_alpha_ = false;
  bool is_direct_ = false;
  std::size_t channels_ = 0;

  std::int64_t inputs_ = 0;    // rows read so far
  std::int64_t ring_end_ = 0;  // the ring has the rows before this one
  std::int64_t ring_size_ = 0;
  std::uint8_t* ring_ = nullptr;
  std::size_t ring_stride_ = 0;
  std::array<std::uint8_t*, kReadBlock> input_{};
  std::array<std::uint8_t*, kRowsAtOnce> made_{};
  std::array<std::uint8_t*, kRowsAtOnce> output_{};
  std::vector<const std::uint8_t*>& taps_ = scratch_.taps();
};

}  // namespace

Result<void> run_pass(const RowPass& pass, RowSource source, RowSink sink) {
  if (pass.visible().size.width == 0) {
    fill_border(sink);
    return {};
  }
  if (pass.resize() && is_nearest(pass.resize()->how.filter)) return run_nearest_pass(pass, source, sink);
  if (pass.resize() && covers_pixels(pass)) return run_area_pass(pass, source, sink);
  if (pass.resize() && is_wide(*pass.resize())) return run_wide_pass(pass, source, sink);
  if (pass.resize() && pass.resize()->how.reference == image::Reference::kOpenCv)
    return run_linear_pass(pass, source, sink);
  return Walk(pass, source, sink).run();
}

Result<Image> run_pass(const RowPass& pass, const Image& image) {
  if (pass.is_crop()) {
    const Rectangle& part = pass.visible();
    return image.crop(part.left, part.top, part.size.width, part.size.height);
  }
  auto out = Image::make(pass.size().width, pass.size().height, image.colour());
  if (!out) return out;
  GANTRY_RETURN_IF_ERROR(run_pass(pass, RowSource(image), RowSink(pass, *out)));
  return out;
}

void fill_border(RowSink sink) {
  RowScratch& scratch = RowScratch::of_this_thread();
  scratch.reset(RowScratch::aligned(sink.scratch_bytes()));
  sink.set_scratch(scratch.take(sink.scratch_bytes()));
  sink.fill_border();
}

}  // namespace gantry::inline GANTRY_ABI::detail
