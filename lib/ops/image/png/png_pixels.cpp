// SPDX-License-Identifier: Apache-2.0
#include "ops/image/png/png_pixels.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "ops/image/kernels/png_filter.hpp"

namespace gantry::inline GANTRY_ABI::detail {

namespace {

/// The most bytes that ISA-L may hold back if the data ends early: 128 bits of input, at two bits for the longest match
/// of 258 bytes.
constexpr std::size_t kHeldBackBytes = 128 / 2 * 258;

/// The fewest bytes of a later row, which in an interlaced image may have a pixel less.
std::size_t least_bytes_of_later_rows(std::size_t bytes) {
  constexpr std::size_t kPixelAndRounding = 9, kFilterAndByte = 2;
  return std::max(bytes, kPixelAndRounding + kFilterAndByte) - kPixelAndRounding;
}

}  // namespace

PngPixels::PngPixels(const Bytes& file, PngPixelChunks chunks, std::int64_t columns, std::size_t pixel_bits,
                     bool accepts_truncated, CallWatch& watch)
    : file_(file),
      chunks_(chunks),
      pixel_bits_(pixel_bits),
      accepts_truncated_(accepts_truncated),
      watch_(watch),
      inflater_(file, chunks, watch),
      stored_(1 + row_bytes(columns, pixel_bits) + kPngRowPadding) {
  for (auto& row : rows_) row.resize(stored_.size());
  row_ = rows_[0].data();
  above_ = rows_[1].data();
}

void PngPixels::begin_pass() {
  std::fill(rows_[0].begin(), rows_[0].end(), std::uint8_t{0});
  std::fill(rows_[1].begin(), rows_[1].end(), std::uint8_t{0});
}

PngStatus PngPixels::next_row(std::int64_t columns, std::int64_t rows_left) {
  const std::size_t bytes = row_bytes(columns, pixel_bits_);
  if (const PngStatus status = read(bytes + 1, rows_left); status != PngStatus::kOk) return status;
  if (stored_[0] >= kPngFilters) return PngStatus::kCorrupt;
  std::swap(row_, above_);
  undo_png_filter(stored_[0], stored_.data() + 1, above_, row_, bytes, std::max<std::size_t>(pixel_bits_ / 8, 1));
  return PngStatus::kOk;
}

PngStatus PngPixels::read(std::size_t bytes, std::int64_t rows_left) {
  const bool is_last = rows_left == 1;
  if (!again_) {
    const PngStatus status = read_first(bytes, is_last);
    if (status == PngStatus::kOk || status == PngStatus::kInterrupted) return status;
    // Much is missing: a second reading would find the same.
    const std::size_t missing = static_cast<std::size_t>(rows_left - 1) * least_bytes_of_later_rows(bytes);
    if (status == PngStatus::kTruncated && !accepts_truncated_ && missing > kHeldBackBytes) return status;
    again_.emplace(file_, chunks_, watch_);
    for (const RowsOfASize& rows : rows_read_)
      for (std::int64_t i = 0; i < rows.rows; ++i)
        if (const PngStatus again = again_->read(stored_.data(), rows.bytes); again != PngStatus::kOk) return again;
  }
  return read_again(bytes, is_last);
}

PngStatus PngPixels::read_first(std::size_t bytes, bool is_last) {
  PngStatus status = inflater_.read(stored_.data(), bytes);
  if (status == PngStatus::kOk && is_last && !accepts_truncated_)
    status = chunks_.is_cut ? PngStatus::kCorrupt : inflater_.finish();
  if (status != PngStatus::kOk) return status;
  if (rows_read_.empty() || rows_read_.back().bytes != bytes) rows_read_.push_back({bytes, 0});
  ++rows_read_.back().rows;
  return status;
}

PngStatus PngPixels::read_again(std::size_t bytes, bool is_last) {
  const PngStatus status = again_->read(stored_.data(), bytes);
  const bool is_end = status == PngStatus::kEnded || (status == PngStatus::kOk && is_last);
  // Pillow skips the rest of the chunk in which the pixels end, but the chunks behind it must be whole.
  if (is_end && chunks_.is_cut && !accepts_truncated_ && !again_->is_in_last_chunk()) return PngStatus::kTruncated;
  return status;
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

}  // namespace gantry::inline GANTRY_ABI::detail
