// SPDX-License-Identifier: Apache-2.0
// RowStream: an image file as rows, from top to bottom, decoded as they are asked for; only those of a rectangle if
// that is all that is needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/call_context.hpp>
#include <gantry/image.hpp>
#include <memory>

#include "ops/image/decoder.hpp"
#include "ops/image/geometry.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: shares the file's bytes, owns the decoder; borrows the call.
/// Threads:   one thread.
/// Errors:    as image.decode: invalid_argument (truncated, corrupt), unsupported, resource_exhausted (a limit);
///            cancelled and deadline_exceeded where a call was given.
/// Cost:      read_rows() does the work; no pixels are held but those of a few rows.
class RowStream {
 public:
  RowStream() = default;
  virtual ~RowStream() = default;
  RowStream(const RowStream&) = delete;
  RowStream& operator=(const RowStream&) = delete;

  virtual ImageSize size() const = 0;
  /// The file's, of which size() may be a part of the resolution (Decode::approx_size).
  virtual StoredPicture picture() const { return {size(), 1}; }
  /// What image.decode makes of the file.
  virtual Colour colour() const = 0;
  /// As in EXIF, 1 if it was not asked for.
  virtual std::uint8_t orientation() const = 0;

  /// Once, before read_rows(): the first row and the columns that are needed. They are bit for bit those of the whole
  /// image.
  virtual Result<void> select(std::int64_t first_row, std::int64_t first_column, std::int64_t columns) = 0;
  /// What read_rows() writes to each row, and where in it the first selected column is.
  virtual std::size_t row_bytes() const = 0;
  virtual std::size_t offset_bytes() const = 0;
  /// The next rows.
  virtual Result<void> read_rows(std::uint8_t* const* rows, std::size_t count) = 0;
  /// Once, at the end: an error if decoding the whole image would have ended with one.
  virtual Result<void> finish() = 0;
};

/// A checked file (check_file()) whose header has been read; nullptr for one that has to be decoded whole. `call` may
/// be nullptr.
Result<std::unique_ptr<RowStream>> open_rows(const Bytes& file, const image::Decode& options, const CallContext* call);

/// All rows of it.
Result<Image> read_image(RowStream& stream);

}  // namespace gantry::inline GANTRY_ABI::detail
