// SPDX-License-Identifier: Apache-2.0
// Adds up the rows of a block column by column, and then the columns.
#include "ops/image/fused/block_reducer.hpp"

#include <algorithm>

#include "core/return_if_error.hpp"
#include "ops/image/fused/row_scratch.hpp"
#include "ops/image/kernels/store_kernels.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// 2^24 / pixels as Pillow computes it: divided in float, then truncated.
std::uint32_t reciprocal(std::int64_t pixels) {
  constexpr float kRange = 4294967296.0f;
  return static_cast<std::uint32_t>(kRange / static_cast<float>(256 * pixels));
}

std::uint8_t mean(const std::uint32_t* sums, std::int64_t columns, std::size_t channels, std::uint32_t pixels,
                  std::uint32_t multiplier) {
  std::uint32_t sum = pixels / 2;
  for (std::int64_t x = 0; x < columns; ++x) sum += sums[static_cast<std::size_t>(x) * channels];
  return static_cast<std::uint8_t>(sum * multiplier >> 24);
}

}  // namespace

BlockReducer::BlockReducer(const Reduction& reduction, const Rectangle& blocks, bool has_alpha)
    : reduction_(reduction), has_alpha_(has_alpha) {
  const Rectangle& part = reduction.part;
  const std::int64_t left = blocks.left * reduction.columns, top = blocks.top * reduction.rows;
  const std::int64_t right = std::min((blocks.left + blocks.size.width) * reduction.columns, part.size.width);
  const std::int64_t bottom = std::min((blocks.top + blocks.size.height) * reduction.rows, part.size.height);
  pixels_ = {part.left + left, part.top + top, {right - left, bottom - top}};
}

std::size_t BlockReducer::scratch_bytes(const RowSource& source) const {
  const std::size_t values = static_cast<std::size_t>(pixels_.size.width) * source.channels();
  const std::size_t row_bytes = source.is_in_memory() ? values : source.row_bytes();
  return RowScratch::aligned(values * sizeof(std::uint32_t)) + row_bytes;
}

Result<const std::uint8_t*> BlockReducer::read(RowSource& source) {
  const auto pixels = static_cast<std::size_t>(pixels_.size.width);
  std::uint8_t* buffer = scratch_ + RowScratch::aligned(pixels * source.channels() * sizeof(std::uint32_t));
  const std::int64_t y = rows_read_++;
  if (!source.is_in_memory()) {
    GANTRY_RETURN_IF_ERROR(source.read(&buffer, 1));
    return static_cast<const std::uint8_t*>(buffer + source.offset_bytes());
  }
  if (!has_alpha_) return source.row(y);
  premultiply_row(source.row(y), buffer, pixels);
  return static_cast<const std::uint8_t*>(buffer);
}

Result<void> BlockReducer::next_row(RowSource& source, std::uint8_t* out) {
  const std::size_t channels = source.channels();
  const std::size_t values = static_cast<std::size_t>(pixels_.size.width) * channels;
  auto* sums = reinterpret_cast<std::uint32_t*>(scratch_);
  std::fill_n(sums, values, 0u);
  const std::int64_t rows = std::min(reduction_.rows, pixels_.size.height - rows_read_);
  for (std::int64_t i = 0; i < rows; ++i) {
    GANTRY_ASSIGN_OR_RETURN(auto row, read(source));
    for (std::size_t value = 0; value < values; ++value) sums[value] += row[value];
  }
  for (std::int64_t x = 0; x < pixels_.size.width; x += reduction_.columns) {
    const std::int64_t columns = std::min(reduction_.columns, pixels_.size.width - x);
    const std::uint32_t multiplier = reciprocal(rows * columns);
    for (std::size_t channel = 0; channel < channels; ++channel)
      *out++ = mean(sums + static_cast<std::size_t>(x) * channels + channel, columns, channels,
                    static_cast<std::uint32_t>(rows * columns), multiplier);
  }
  return {};
}

}  // namespace gantry::inline GANTRY_ABI::detail
