// SPDX-License-Identifier: Apache-2.0
#include "ops/image/png_pixels.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "ops/image/kernels/png_filter.hpp"

namespace gantry::detail {

PngPixels::PngPixels(const Bytes& file, std::int64_t columns, std::size_t pixel_bits)
    : inflater_(file), pixel_bits_(pixel_bits), stored_(1 + row_bytes(columns, pixel_bits) + kPngRowPadding) {
  for (auto& row : rows_) row.resize(stored_.size());
  row_ = rows_[0].data();
  above_ = rows_[1].data();
}

void PngPixels::begin_pass() {
  std::fill(rows_[0].begin(), rows_[0].end(), std::uint8_t{0});
  std::fill(rows_[1].begin(), rows_[1].end(), std::uint8_t{0});
}

PngStatus PngPixels::next_row(std::int64_t columns, bool is_last) {
  const std::size_t bytes = row_bytes(columns, pixel_bits_);
  if (const PngStatus status = inflater_.read(stored_.data(), bytes + 1); status != PngStatus::kOk) return status;
  if (stored_[0] >= kPngFilters) return PngStatus::kCorrupt;
  std::swap(row_, above_);
  undo_png_filter(stored_[0], stored_.data() + 1, above_, row_, bytes, std::max<std::size_t>(pixel_bits_ / 8, 1));
  return is_last ? inflater_.finish() : PngStatus::kOk;
}

void place_png_row(const PngPass& pass, const std::uint8_t* pass_row, std::int64_t columns, std::size_t pixel_bits,
                   std::uint8_t* image_row) {
  for (std::int64_t i = 0; i < columns; ++i) {
    const auto from = static_cast<std::size_t>(i) * pixel_bits;
    const auto to = static_cast<std::size_t>(pass.first_column + i * pass.column_step) * pixel_bits;
    if (pixel_bits >= 8) {
      std::memcpy(image_row + to / 8, pass_row + from / 8, pixel_bits / 8);
      continue;
    }
    const unsigned sample = static_cast<unsigned>(pass_row[from / 8]) << from % 8 & 0xFFu & ~(0xFFu >> pixel_bits);
    image_row[to / 8] = static_cast<std::uint8_t>(image_row[to / 8] | sample >> to % 8);
  }
}

}  // namespace gantry::detail
