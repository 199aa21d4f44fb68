// SPDX-License-Identifier: Apache-2.0
// PngStream: a PNG file as rows. libspng reads what stands around the pixels, png_pixels.hpp the pixels; what their
// samples become is decided by png_conversion.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/image.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "ops/image/png_chunks.hpp"
#include "ops/image/png_conversion.hpp"
#include "ops/image/png_pixels.hpp"
#include "ops/image/row_stream.hpp"

namespace gantry::detail {

/// As RowStream. The samples of an interlaced file are held whole.
class PngStream final : public RowStream {
 public:
  /// Reads what stands before the pixels and checks it against the limits.
  static Result<std::unique_ptr<PngStream>> open(const Bytes& file, const image::Decode& options,
                                                 const RunOptions* call = nullptr);
  ~PngStream() override;

  ImageSize size() const override { return size_; }
  Colour colour() const override { return colour_; }
  int bit_depth() const { return format_.bit_depth; }
  /// By the metadata read so far: that behind the pixels is only after finish().
  std::uint8_t orientation() const override { return orientation_; }
  Result<void> select(std::int64_t first_row, std::int64_t first_column, std::int64_t columns) override;
  std::size_t row_bytes() const override;
  std::size_t offset_bytes() const override;
  Result<void> read_rows(std::uint8_t* const* rows, std::size_t count) override;
  Result<void> finish() override;

 private:
  PngStream(const Bytes& file, const image::Decode& options, const RunOptions* call);
  Result<void> read_header();
  void begin();
  Result<void> read_interlaced();
  Result<void> next_row(std::int64_t columns, bool is_last);
  Result<void> read_row(std::uint8_t* out);
  const std::uint8_t* broken_row();

  Bytes file_;
  const image::Decode options_;
  const RunOptions* call_;
  PngFormat format_;
  ImageSize size_{};
  Colour colour_ = Colour::kRgb;
  std::uint8_t orientation_ = 1;
  bool is_interlaced_ = false;
  std::size_t raw_row_bytes_ = 0;
  std::optional<PngPixels> pixels_;  ///< once something is selected
  std::int64_t rows_read_ = 0;
  bool is_broken_ = false;  ///< and that is accepted
  std::int64_t first_column_ = 0;
  std::int64_t columns_ = 0;
  std::vector<std::uint8_t> image_;  ///< all samples, if interlaced; a row of 0 if broken
  std::optional<PngRows> rows_;      ///< nothing if the stored bytes are the pixels
};

}  // namespace gantry::detail
