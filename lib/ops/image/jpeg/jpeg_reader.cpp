// SPDX-License-Identifier: Apache-2.0
// libjpeg-turbo itself cuts out a part of an image. Rows above it are only entropy-decoded, and of the columns beside
// it only those in the same blocks are made.
#include "ops/image/jpeg/jpeg_reader.hpp"

#include <jerror.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "core/return_if_error.hpp"
#include "ops/image/decoder.hpp"
#include "ops/image/exif.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Smooth upsampling reads one more chroma sample on each side.
constexpr JDIMENSION kEdgeColumns = 4;
/// Pixels skipped at once; the call's deadline is checked in between.
constexpr JDIMENSION kPixelsAtOnce = 1 << 20;

std::string libjpeg_version() {
  constexpr int kVersion = LIBJPEG_TURBO_VERSION_NUMBER;
  return std::to_string(kVersion / 1000000) + "." + std::to_string(kVersion / 1000 % 1000) + "." +
         std::to_string(kVersion % 1000);
}

}  // namespace

JpegReader::JpegReader(const Bytes& file, const image::Decode& options, const CallContext* call)
    : file_(file), options_(options), call_(call), source_(file) {
  info_.err = jpeg_std_error(&errors_);
  errors_.error_exit = [](j_common_ptr info) { std::longjmp(self(info).target_, 1); };
  errors_.output_message = [](j_common_ptr) {};
  errors_.emit_message = [](j_common_ptr, int) {};  // Pillow ignores warnings too
  info_.client_data = this;
}

JpegReader::~JpegReader() {
  if (is_created_) jpeg_destroy_decompress(&info_);
}

Result<void> JpegReader::read_header() {
  GANTRY_RETURN_IF_ERROR(result(try_read_header()));
  GANTRY_ASSIGN_OR_RETURN(metadata_, read_jpeg_metadata(file_, call_));
  if (options_.truncated == image::Truncated::kAccept) source_.make_up_end();
  return {};
}

Result<void> JpegReader::start(J_COLOR_SPACE colours, JDIMENSION first_row, JDIMENSION first_column,
                               JDIMENSION columns) {
  info_.out_color_space = colours;
  return result(try_start(first_row, first_column, columns));
}

Result<void> JpegReader::read_rows(std::uint8_t* const* rows, std::size_t count) {
  return result(try_read_rows(rows, count));
}

JpegReader::Outcome JpegReader::try_read_header() {
  if (setjmp(target_)) return Outcome::kFailed;
  jpeg_create_decompress(&info_);
  info_.client_data = this;
  is_created_ = true;
  info_.src = &source_;
  // Called between blocks of the file, between scans, and between rows.
  progress_.progress_monitor = [](j_common_ptr info) {
    JpegReader& reader = self(info);
    if (reader.info_.input_scan_number > reader.options_.max_scans) reader.refuse(Refusal::kScans);
    if (reader.is_interrupted()) reader.refuse(Refusal::kInterrupted);
  };
  info_.progress = &progress_;
  int found = JPEG_HEADER_TABLES_ONLY;
  while (found == JPEG_HEADER_TABLES_ONLY) found = jpeg_read_header(&info_, FALSE);  // tables may come first
  if (found != JPEG_HEADER_OK) return Outcome::kTruncated;
  choose_scale();
  jpeg_calc_output_dimensions(&info_);
  height_ = info_.output_height;
  return Outcome::kOk;
}

JpegReader::Outcome JpegReader::try_start(JDIMENSION first_row, JDIMENSION first_column, JDIMENSION columns) {
  decoded_columns_ = info_.output_width;
  first_selected_ = first_column;
  if (setjmp(target_)) return Outcome::kFailed;
  if (!jpeg_start_decompress(&info_)) return Outcome::kTruncated;
  has_read_all_ = jpeg_has_multiple_scans(&info_) != FALSE;
  if (is_smoothed() && !is_smoothed_as_by_pillow()) refuse(Refusal::kSmoothing);
  if (columns < info_.output_width && info_.scale_denom == 1 && !is_smoothed()) crop(first_column, columns);
  skip_rows(first_row);
  return source_.ran_out() ? Outcome::kTruncated : Outcome::kOk;
}

JpegReader::Outcome JpegReader::try_read_rows(std::uint8_t* const* rows, std::size_t count) {
  if (setjmp(target_)) return Outcome::kFailed;
  for (JDIMENSION done = 0; done < count;) {
    const JDIMENSION read =
        jpeg_read_scanlines(&info_, const_cast<JSAMPARRAY>(rows) + done, static_cast<JDIMENSION>(count) - done);
    if (read == 0) return Outcome::kTruncated;
    done += read;
  }
  return Outcome::kOk;
}

JpegReader::Outcome JpegReader::try_skip_rows(JDIMENSION count) {
  if (setjmp(target_)) return Outcome::kFailed;
  skip_rows(count);
  return source_.ran_out() ? Outcome::kTruncated : Outcome::kOk;
}

/// libjpeg goes on to the end marker, but only within the block that it has. Pillow does the same, and does not check
/// that the marker is there. If the block ends in a second frame, libjpeg-turbo 3 does not wait for the rest of it.
JpegReader::Outcome JpegReader::try_finish() {
  if (setjmp(target_)) return Outcome::kFailed;
  source_.close();
  if (jpeg_finish_decompress(&info_) || !is_jpeg_frame(info_.unread_marker)) return Outcome::kOk;
  errors_.msg_code = JERR_SOF_DUPLICATE;
  return Outcome::kFailed;
}

/// If the end marker is next, nothing can be wrong: libjpeg makes up for errors in pixels.
Result<void> JpegReader::finish() {
  if (has_read_all_ || info_.unread_marker == JPEG_EOI) return {};
  if (info_.unread_marker == 0) {
    GANTRY_ASSIGN_OR_RETURN(const auto is_end, ends_next(source_.unread(), call_));
    if (is_end) return {};
  }
  GANTRY_RETURN_IF_ERROR(pass_rows_left());
  return result(try_finish());
}

/// libjpeg does not decode rows that it skips together with the last one, so the last one is read.
Result<void> JpegReader::pass_rows_left() {
  if (info_.output_scanline == height_) return {};
  GANTRY_RETURN_IF_ERROR(result(try_skip_rows(height_ - info_.output_scanline - 1)));
  std::vector<std::uint8_t> row(std::size_t{info_.output_width} * static_cast<std::size_t>(info_.output_components));
  std::uint8_t* const rows[] = {row.data()};
  return result(try_read_rows(rows, 1));
}

/// While it skips rows, libjpeg checks no deadline and does not report that it ran out of bytes.
void JpegReader::skip_rows(JDIMENSION count) {
  const JDIMENSION at_once = std::max<JDIMENSION>(kPixelsAtOnce / info_.output_width, 1);
  while (count > 0 && !source_.ran_out()) {
    if (is_interrupted()) refuse(Refusal::kInterrupted);
    const JDIMENSION skipped = std::min(count, at_once);
    jpeg_skip_scanlines(&info_, skipped);
    count -= skipped;
  }
}

/// As Pillow's draft(): the largest of 8, 4 and 2 by which both sides can be divided and still be approx_size or more.
void JpegReader::choose_scale() {
  if (options_.approx_size == 0) return;
  const std::int64_t ratio = std::min(info_.image_width, info_.image_height) / options_.approx_size;
  info_.scale_num = 1;
  info_.scale_denom = ratio >= 8 ? 8 : ratio >= 4 ? 4 : ratio >= 2 ? 2 : 1;
}

/// Adds a margin, because smooth upsampling reads neighbours: columns next to a cut differ.
void JpegReader::crop(JDIMENSION first_column, JDIMENSION columns) {
  JDIMENSION first = first_column > kEdgeColumns ? first_column - kEdgeColumns : 0;
  JDIMENSION width = std::min(first_column + columns + kEdgeColumns, info_.output_width) - first;
  jpeg_crop_scanline(&info_, &first, &width);  // moves `first` left to a whole block
  decoded_columns_ = width;
  first_selected_ = first_column - first;
}

/// As smoothing_ok() in jdcoefct.c: if a progressive file lacks scans, libjpeg guesses coefficients from blocks around,
/// and near the edge of a crop from other blocks than in the whole image.
bool JpegReader::is_smoothed() const {
  if (!info_.progressive_mode || info_.coef_bits == nullptr) return false;
  constexpr int kGuessed[] = {0, 1, 8, 16, 9, 2, 3, 10, 17, 24};  // indices in a quantization table
  bool is_useful = false;
  for (int c = 0; c < info_.num_components; ++c) {
    const JQUANT_TBL* table = info_.comp_info[c].quant_table;
    if (table == nullptr || info_.coef_bits[c][0] < 0) return false;
    for (const int i : kGuessed)
      if (table->quantval[i] == 0) return false;
    const int* bits = info_.coef_bits[c];
    is_useful = is_useful || std::any_of(bits + 1, bits + std::size(kGuessed), [](int b) { return b != 0; });
  }
  return is_useful;
}

/// libjpeg-turbo 2.1 changed how it guesses. 3.0.1 changed which blocks it reads in images that are two blocks wide or
/// whose blocks lie in several rows. Pillow 13 comes with 3.2.
bool JpegReader::is_smoothed_as_by_pillow() const {
#if LIBJPEG_TURBO_VERSION_NUMBER >= 3000001
  return true;
#elif LIBJPEG_TURBO_VERSION_NUMBER >= 2001000
  const jpeg_component_info* const first = info_.comp_info;
  return std::none_of(first, first + info_.num_components, [](const jpeg_component_info& component) {
    return component.v_samp_factor > 1 || component.width_in_blocks == 2;
  });
#else
  return false;
#endif
}

/// Makes no Error: libjpeg calls this, and no exception may pass through libjpeg.
bool JpegReader::is_interrupted() const {
  return call_ != nullptr && call_->is_interrupted();
}

void JpegReader::refuse(Refusal refusal) {
  refusal_ = refusal;
  std::longjmp(target_, 1);
}

std::uint8_t JpegReader::orientation() const {
  if (!options_.exif_orientation) return 1;
  return orientation_of(metadata_.exif, metadata_.xmp);
}

Result<void> JpegReader::result(Outcome outcome) const {
  if (outcome == Outcome::kOk) return {};
  if (outcome == Outcome::kTruncated) return truncated("JPEG", file_.size());
  if (refusal_ == Refusal::kInterrupted) return *call_->interruption();
  if (refusal_ == Refusal::kScans)
    return Error(ErrorCode::kResourceExhausted,
                 "JPEG with more than " + std::to_string(options_.max_scans) + " scans, which is max_scans")
        .with_reason(ErrorReason::kInputTooLarge);
  if (refusal_ == Refusal::kSmoothing)
    return Error(ErrorCode::kUnsupported,
                 "progressive JPEG without its last scans, whose pixels libjpeg-turbo " + libjpeg_version() +
                     " guesses otherwise than Pillow's; write the file with all its scans, or build with "
                     "libjpeg-turbo 3.0.1 or later")
        .with_reason(ErrorReason::kMediaType);
  return library_error();
}

Error JpegReader::library_error() const {
  char message[JMSG_LENGTH_MAX];
  errors_.format_message(reinterpret_cast<j_common_ptr>(const_cast<jpeg_decompress_struct*>(&info_)), message);
  switch (errors_.msg_code) {
    case JERR_OUT_OF_MEMORY:
      return Error(ErrorCode::kResourceExhausted, "no memory to decode a JPEG image")
          .with_reason(ErrorReason::kOutOfMemory);
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_ARITH_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_FRACT_SAMPLE_NOTIMPL:
      return Error(ErrorCode::kUnsupported, "JPEG: " + std::string(message)).with_reason(ErrorReason::kMediaType);
    default:
      return corrupt("JPEG", message);
  }
}

}  // namespace gantry::inline GANTRY_ABI::detail
