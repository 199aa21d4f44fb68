// SPDX-License-Identifier: Apache-2.0
// RowStream: an image file as rows, from top to bottom, decoded when they are asked for. It can be limited to a
// rectangle.
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
/// Cost:      read_rows() does the work; holds only the pixels of a few rows.
class RowStream {
 public:
  RowStream() = default;
  virtual ~RowStream() = default;
  RowStream(const RowStream&) = delete;
  RowStream& operator=(const RowStream&) = delete;

  virtual ImageSize size() const = 0;
  /// The stored picture, which may be larger than size() (Decode::approx_size).
  virtual StoredPicture picture() const { return {size(), 1}; }
  /// The colour that image.decode gives for the file.
  virtual Colour colour() const = 0;
  /// As in EXIF; 1 unless it was asked for.
  virtual std::uint8_t orientation() const = 0;

  /// Selects the first row and the columns. Call it once, before read_rows(). Their pixels are bit for bit those of the
  /// whole image.
  virtual Result<void> select(std::int64_t first_row, std::int64_t first_column, std::int64_t columns) = 0;
  /// The bytes that read_rows() writes per row, and the offset of the first selected column in them.
  virtual std::size_t row_bytes() const = 0;
  virtual std::size_t offset_bytes() const = 0;
  /// Reads the next rows.
  virtual Result<void> read_rows(std::uint8_t* const* rows, std::size_t count) = 0;
  /// Call it once, at the end. Gives an error if decoding the whole image would give one.
  virtual Result<void> finish() = 0;
};

/// Opens a checked file (check_file()) and reads its header; nullptr for a file that has to be decoded whole. `call`
/// may be nullptr.
Result<std::unique_ptr<RowStream>> open_rows(const Bytes& file, const image::Decode& options, const CallContext* call);

/// Reads all rows into an image.
Result<Image> read_image(RowStream& stream);

}  // namespace gantry::inline GANTRY_ABI::detail
