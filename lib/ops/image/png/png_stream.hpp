// SPDX-License-Identifier: Apache-2.0
// PngStream: a PNG file as rows. png_header.hpp reads all but the pixels, png_pixels.hpp reads the pixels, and
// png_conversion.hpp converts their samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/image.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "ops/image/call_watch.hpp"
#include "ops/image/png/png_conversion.hpp"
#include "ops/image/png/png_header.hpp"
#include "ops/image/png/png_pixels.hpp"
#include "ops/image/row_stream.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// See RowStream. All samples are held in memory if the file is interlaced, or its pixel data fills a part of the
/// image.
class PngStream final : public RowStream {
 public:
  /// Reads the header and checks it against the limits.
  static Result<std::unique_ptr<PngStream>> open(const Bytes& file, const image::Decode& options,
                                                 const CallContext* call = nullptr);
  ~PngStream() override;

  ImageSize size() const override { return header_.size; }
  Colour colour() const override { return colour_; }
  int bit_depth() const { return header_.format.bit_depth; }
  std::uint8_t orientation() const override { return header_.orientation; }
  Result<void> select(std::int64_t first_row, std::int64_t first_column, std::int64_t columns) override;
  std::size_t row_bytes() const override;
  std::size_t offset_bytes() const override;
  Result<void> read_rows(std::uint8_t* const* rows, std::size_t count) override;
  Result<void> finish() override;

 private:
  PngStream(const Bytes& file, const image::Decode& options, const CallContext* call);
  Result<void> read_header();
  void begin();
  PngRegion region() const;
  Result<void> read_whole();
  Result<void> read_pass(const PngPass& pass, ImageSize size);
  Result<void> next_row(std::int64_t columns);
  Result<void> read_row(std::uint8_t* out);

  Bytes file_;
  const image::Decode options_;
  const CallContext* call_;
  CallWatch watch_;
  PngHeader header_;
  Colour colour_ = Colour::kRgb;
  bool is_read_whole_ = false;
  std::size_t raw_row_bytes_ = 0;
  std::optional<PngPixels> pixels_;  ///< once something is selected
  std::int64_t rows_left_ = 0;       ///< of the pixel data
  std::int64_t rows_read_ = 0;
  bool has_ended_ = false;  ///< the pixel data; further rows are 0
  std::int64_t first_column_ = 0;
  std::int64_t columns_ = 0;
  std::vector<std::uint8_t> image_;  ///< all samples if is_read_whole_, else a row of 0
  std::optional<PngRows> rows_;      ///< nothing if the stored bytes are the pixels
};

}  // namespace gantry::inline GANTRY_ABI::detail
