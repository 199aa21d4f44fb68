// SPDX-License-Identifier: Apache-2.0
// JpegStream: a JPEG file as rows. Rows below the last one read are never decoded. Rows above and columns beside the
// selection are decoded only as far as needed: entropy decoding cannot be skipped; the transform and the colours can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/image.hpp>
#include <memory>
#include <vector>

#include "ops/image/row_stream.hpp"

namespace gantry::inline GANTRY_ABI::detail {

class JpegReader;

/// See RowStream.
class JpegStream final : public RowStream {
 public:
  /// Reads the header and checks it against the limits.
  static Result<std::unique_ptr<JpegStream>> open(const Bytes& file, const image::Decode& options,
                                                  const CallContext* call = nullptr);
  ~JpegStream() override;

  ImageSize size() const override;
  StoredPicture picture() const override;
  Colour colour() const override { return colour_; }
  std::uint8_t orientation() const override;
  Result<void> select(std::int64_t first_row, std::int64_t first_column, std::int64_t columns) override;
  std::size_t row_bytes() const override;
  std::size_t offset_bytes() const override;
  Result<void> read_rows(std::uint8_t* const* rows, std::size_t count) override;
  Result<void> finish() override;

 private:
  JpegStream(std::unique_ptr<JpegReader> reader, const image::Decode& options);
  bool is_accepted(const Error& error);
  Result<void> read_some(std::uint8_t* const* rows, std::size_t count);

  std::unique_ptr<JpegReader> reader_;
  const bool accepts_truncated_;
  bool is_cmyk_ = false;
  bool is_started_ = false;
  bool is_broken_ = false;  ///< by an accepted error: further rows are 0, which is white in CMYK
  Colour colour_ = Colour::kRgb;
  std::vector<std::uint8_t> cmyk_row_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
