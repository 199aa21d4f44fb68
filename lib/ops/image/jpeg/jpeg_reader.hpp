// SPDX-License-Identifier: Apache-2.0
// JpegReader: libjpeg-turbo's decompressor with its defaults, which are Pillow's: accurate integer DCT and smooth
// upsampling.
//
// libjpeg reports errors by longjmp: error_exit must not return. So every call into it is in a try_... member function
// that has no local with a destructor, sets its own jump target, and returns after a jump. All resources are members.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <gantry/call_context.hpp>
#include <gantry/image.hpp>

#include "ops/image/jpeg/jpeg_segments.hpp"
#include "ops/image/jpeg/jpeg_source.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Ownership: shares the file's bytes, owns the decompressor; borrows the call.
/// Threads:   one thread.
/// Errors:    as image.decode.
/// Cost:      a few microseconds to open, so no decompressor is kept for the next file.
class JpegReader {
 public:
  JpegReader(const Bytes& file, const image::Decode& options, const CallContext* call);
  ~JpegReader();
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  /// Reads the header. Call it first, and once.
  Result<void> read_header();
  /// The size of the result: smaller than the image's if options.approx_size allows it.
  JDIMENSION width() const { return info_.output_width; }
  JDIMENSION height() const { return info_.output_height; }
  JDIMENSION stored_width() const { return info_.image_width; }
  JDIMENSION stored_height() const { return info_.image_height; }
  /// How many stored pixels in a row become one.
  unsigned shrunk_by() const { return info_.scale_denom; }
  int components() const { return info_.num_components; }
  std::uint8_t orientation() const;

  /// Begins to decode from `first_row` on. The given columns are exact; columns beside them need not be.
  Result<void> start(J_COLOR_SPACE colours, JDIMENSION first_row, JDIMENSION first_column, JDIMENSION columns);
  /// The number of columns that read_rows() gives, and the index of the first one asked for.
  std::size_t decoded_columns() const { return decoded_columns_; }
  std::size_t first_selected() const { return first_selected_; }
  Result<void> read_rows(std::uint8_t* const* rows, std::size_t count);
  /// Gives what Pillow finds wrong below the rows that were read and behind the image.
  Result<void> finish();

 private:
  /// How a call into the decompressor ended.
  enum class Outcome { kOk, kTruncated, kFailed };
  enum class Refusal { kNone, kScans, kInterrupted, kSmoothing };

  static JpegReader& self(j_common_ptr info) { return *static_cast<JpegReader*>(info->client_data); }
  Outcome try_read_header();
  Outcome try_start(JDIMENSION first_row, JDIMENSION first_column, JDIMENSION columns);
  Outcome try_read_rows(std::uint8_t* const* rows, std::size_t count);
  Outcome try_skip_rows(JDIMENSION count);
  Outcome try_finish();
  Result<void> pass_rows_left();
  void skip_rows(JDIMENSION count);
  void choose_scale();
  void crop(JDIMENSION first_column, JDIMENSION columns);
  bool is_smoothed() const;
  bool is_smoothed_as_by_pillow() const;
  bool is_interrupted() const;
  [[noreturn]] void refuse(Refusal refusal);
  Result<void> result(Outcome outcome) const;
  Error library_error() const;

  Bytes file_;
  const image::Decode options_;
  const CallContext* call_;
  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  JpegSource source_;
  jpeg_progress_mgr progress_{};
  std::jmp_buf target_;
  JpegMetadata metadata_;
  JDIMENSION height_ = 0;
  std::size_t decoded_columns_ = 0;
  std::size_t first_selected_ = 0;
  Refusal refusal_ = Refusal::kNone;
  bool is_created_ = false;
  bool has_read_all_ = false;  ///< a file with several scans is read to its end before its first row
};

}  // namespace gantry::inline GANTRY_ABI::detail
