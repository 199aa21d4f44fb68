// SPDX-License-Identifier: Apache-2.0
// PngPixels: reads the stored samples of a PNG row by row and undoes the filters. PngPass: where the rows of an
// interlaced file belong.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "ops/image/geometry.hpp"
#include "ops/image/png/png_inflater.hpp"
#include "ops/image/png/png_zlib_inflater.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: borrows the file and the watch; holds two rows.
/// Threads:   one thread.
/// Errors:    throws std::bad_alloc.
/// Cost:      linear in the data and the pixels; faulty data is read twice.
class PngPixels {
 public:
  /// `pixel_bits` counts all channels, 1..64; no row has more than `columns` pixels. `accepts_truncated`: errors behind
  /// the last row do not matter.
  PngPixels(const Bytes& file, PngPixelChunks chunks, std::int64_t columns, std::size_t pixel_bits,
            bool accepts_truncated, CallWatch& watch);

  /// Begins an image, or a pass of an interlaced one: its first row is coded without one above.
  void begin_pass();
  /// Reads the next row, of `columns` pixels: packed samples, valid until the next but one. `rows_left` counts the rows
  /// of the whole file, with this one; after the last one the data must end as Pillow wants it. Do not call it again
  /// after anything but kOk.
  PngStatus next_row(std::int64_t columns, std::int64_t rows_left);
  const std::uint8_t* row() const { return row_; }

  static std::size_t row_bytes(std::int64_t columns, std::size_t pixel_bits) {
    return (static_cast<std::size_t>(columns) * pixel_bits + 7) / 8;
  }

 private:
  struct RowsOfASize {
    std::size_t bytes;
    std::int64_t rows;
  };

  PngStatus read(std::size_t bytes, std::int64_t rows_left);
  PngStatus read_first(std::size_t bytes, bool is_last);
  PngStatus read_again(std::size_t bytes, bool is_last);

  const Bytes& file_;
  const PngPixelChunks chunks_;
  const std::size_t pixel_bits_;
  const bool accepts_truncated_;
  CallWatch& watch_;
  PngInflater inflater_;
  std::optional<PngZlibInflater> again_;  ///< once inflater_ met a fault
  std::vector<RowsOfASize> rows_read_;    ///< by inflater_; one entry per pass
  std::vector<std::uint8_t> stored_;      ///< the filter's number, and the bytes
  std::array<std::vector<std::uint8_t>, 2> rows_;
  std::uint8_t* row_;
  std::uint8_t* above_;
};

/// One of the seven passes of an interlaced PNG ("Adam7"): every column_step-th pixel of every row_step-th row.
struct PngPass {
  std::int64_t first_column;
  std::int64_t first_row;
  std::int64_t column_step;
  std::int64_t row_step;

  std::int64_t columns(ImageSize image) const { return (image.width - first_column + column_step - 1) / column_step; }
  /// Also 0 if it has no columns.
  std::int64_t rows(ImageSize image) const {
    return columns(image) == 0 ? 0 : (image.height - first_row + row_step - 1) / row_step;
  }
};

inline constexpr std::array<PngPass, 7> kPngPasses = {
    {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}};

/// Puts the `columns` pixels of a pass's row into their places in the image's row.
void place_png_row(const PngPass& pass, const std::uint8_t* pass_row, std::int64_t columns, std::size_t pixel_bits,
                   std::uint8_t* image_row);

}  // namespace gantry::inline GANTRY_ABI::detail
