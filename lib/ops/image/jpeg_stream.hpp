// SPDX-License-Identifier: Apache-2.0
// JpegStream: a JPEG file as rows, from top to bottom, decoded as they are asked for; only those of a rectangle if that
// is all that is needed. Rows below it are never decoded, rows above and columns beside it only as far as the format
// makes that necessary: entropy coding cannot be skipped, the transform and the colours can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/image.hpp>
#include <memory>

#include "ops/image/geometry.hpp"

namespace gantry::detail {

/// Ownership: shares the file's bytes, owns the decoder.
/// Threads:   one thread.
/// Errors:    as image.decode: invalid_argument (truncated, corrupt), unsupported, resource_exhausted (a limit).
/// Cost:      read_rows() does the work; no pixels are held but those of one row of blocks.
class JpegStream {
 public:
  /// Reads the header and checks it against the limits.
  static Result<std::unique_ptr<JpegStream>> open(const Bytes& file, const image::Decode& options);
  ~JpegStream();
  JpegStream(const JpegStream&) = delete;
  JpegStream& operator=(const JpegStream&) = delete;

  std::int64_t width() const;
  std::int64_t height() const;
  /// What image.decode makes of it: kRgb or kGray.
  Colour colour() const;
  /// As in EXIF, 1 if it was not asked for.
  std::uint8_t orientation() const;

  /// Once, before read_rows(): the first row and the columns that are needed. They are bit for bit those of the whole
  /// image.
  Result<void> select(std::int64_t first_row, std::int64_t first_column, std::int64_t columns);
  /// What read_rows() writes, and where in it the first selected column is.
  std::size_t row_bytes() const;
  std::size_t offset_bytes() const;
  /// The next rows.
  Result<void> read_rows(std::uint8_t* const* rows, std::size_t count);

 private:
  class Reader;
  explicit JpegStream(std::unique_ptr<Reader> reader);

  std::unique_ptr<Reader> reader_;
};

}  // namespace gantry::detail
