// SPDX-License-Identifier: Apache-2.0
// A part of an image is cut out by libjpeg-turbo itself: rows above are skipped, which leaves only the entropy
// decoding, and of the other columns only those of the same blocks are made.
#include "ops/image/jpeg_reader.hpp"

#include <jerror.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "ops/image/decoder.hpp"
#include "ops/image/exif.hpp"

namespace gantry::detail {
namespace {

constexpr int kExifMarker = JPEG_APP0 + 1;
/// Smooth upsampling looks at one more chroma sample to each side.
constexpr JDIMENSION kMargin = 4;
/// What a decoder is given when the bytes run out and that is accepted.
constexpr JOCTET kEnd[] = {0xFF, JPEG_EOI};

}  // namespace

JpegReader::JpegReader(const Bytes& file, const image::Decode& options, const RunOptions* call)
    : file_(file), options_(options), call_(call) {
  info_.err = jpeg_std_error(&errors_);
  errors_.error_exit = [](j_common_ptr info) { std::longjmp(self(info).target_, 1); };
  errors_.output_message = [](j_common_ptr) {};
  errors_.emit_message = [](j_common_ptr, int) {};  // warnings are what Pillow ignores as well
  info_.client_data = this;
}

JpegReader::~JpegReader() {
  if (is_created_) jpeg_destroy_decompress(&info_);
}

Result<void> JpegReader::read_header() {
  if (auto ok = result(try_read_header()); !ok) return ok;
  data_ = source_.next_input_byte;
  may_make_up_end_ = options_.truncated == image::Truncated::kAccept;
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
  set_source();
  // Called between scans, and between rows.
  progress_.progress_monitor = [](j_common_ptr info) {
    JpegReader& reader = self(info);
    if (reader.info_.input_scan_number > reader.options_.max_scans) reader.refuse(Refusal::kScans);
    if (reader.is_interrupted()) reader.refuse(Refusal::kInterrupted);
  };
  info_.progress = &progress_;
  if (options_.exif_orientation) jpeg_save_markers(&info_, kExifMarker, 0xFFFF);
  int found = JPEG_HEADER_TABLES_ONLY;
  while (found == JPEG_HEADER_TABLES_ONLY) found = jpeg_read_header(&info_, FALSE);  // tables may come in front
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
  if (columns < info_.output_width && info_.scale_denom == 1 && !is_smoothed()) crop(first_column, columns);
  if (first_row > 0 && jpeg_skip_scanlines(&info_, first_row) != first_row) return Outcome::kTruncated;
  return Outcome::kOk;
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

/// All bytes are there from the start. When they run out the decoder is told to wait for more, and returns; or that
/// this is the end, and fills in.
void JpegReader::set_source() {
  source_.init_source = [](j_decompress_ptr) {};
  source_.term_source = [](j_decompress_ptr) {};
  source_.fill_input_buffer = [](j_decompress_ptr info) -> boolean {
    JpegReader& reader = self(reinterpret_cast<j_common_ptr>(info));
    if (!reader.may_make_up_end_) return FALSE;
    reader.may_make_up_end_ = false;
    info->src->next_input_byte = kEnd;
    info->src->bytes_in_buffer = sizeof kEnd;
    return TRUE;
  };
  source_.resync_to_restart = jpeg_resync_to_restart;
  source_.skip_input_data = [](j_decompress_ptr info, long count) {
    if (count <= 0) return;
    jpeg_source_mgr& source = *info->src;
    const std::size_t skipped = std::min(static_cast<std::size_t>(count), source.bytes_in_buffer);
    source.next_input_byte += skipped;
    source.bytes_in_buffer -= skipped;
  };
  source_.next_input_byte = file_.data();
  source_.bytes_in_buffer = file_.size();
  info_.src = &source_;
}

/// As Pillow's draft(): the largest of 8, 4 and 2 by which both sides can be divided and not become too small.
void JpegReader::choose_scale() {
  if (options_.approx_size == 0) return;
  const std::int64_t ratio = std::min(info_.image_width, info_.image_height) / options_.approx_size;
  info_.scale_num = 1;
  info_.scale_denom = ratio >= 8 ? 8 : ratio >= 4 ? 4 : ratio >= 2 ? 2 : 1;
}

/// Smooth upsampling looks at neighbours: columns within the margin of a cut differ.
void JpegReader::crop(JDIMENSION first_column, JDIMENSION columns) {
  JDIMENSION first = first_column > kMargin ? first_column - kMargin : 0;
  JDIMENSION width = std::min(first_column + columns + kMargin, info_.output_width) - first;
  jpeg_crop_scanline(&info_, &first, &width);  // moves `first` left to a whole block
  decoded_columns_ = width;
  first_selected_ = first_column - first;
}

/// A progressive file that lacks scans: libjpeg guesses the coefficients from blocks around, near the edge of a crop
/// from other ones than in the whole image.
bool JpegReader::is_smoothed() const {
  if (!info_.progressive_mode || info_.coef_bits == nullptr) return false;
  const auto is_unfinished = [](int bits) { return bits != 0; };
  for (int c = 0; c < info_.num_components; ++c)
    if (std::any_of(info_.coef_bits[c], info_.coef_bits[c] + DCTSIZE2, is_unfinished)) return true;
  return false;
}

bool JpegReader::has_end() const {
  for (const std::uint8_t* end = file_.end(); end - data_ >= 2; --end)
    if (end[-2] == 0xFF && end[-1] == JPEG_EOI) return true;
  return false;
}

/// Makes no Error: this is called from within libjpeg, through which nothing may be thrown.
bool JpegReader::is_interrupted() const {
  if (call_ == nullptr) return false;
  return call_->cancel.is_cancelled() || (call_->deadline && std::chrono::steady_clock::now() >= *call_->deadline);
}

void JpegReader::refuse(Refusal refusal) {
  refusal_ = refusal;
  std::longjmp(target_, 1);
}

std::uint8_t JpegReader::orientation() const {
  constexpr std::string_view kExif("Exif\0\0", 6);
  constexpr std::string_view kXmp("http://ns.adobe.com/xap/1.0/\0", 29);
  std::string exif;  // may be split over several segments
  std::string_view xmp;
  for (const jpeg_marker_struct* marker = info_.marker_list; marker != nullptr; marker = marker->next) {
    const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (data.substr(0, kExif.size()) == kExif) exif += data.substr(kExif.size());
    if (data.substr(0, kXmp.size()) == kXmp) xmp = data.substr(kXmp.size());
  }
  return orientation_of(exif, xmp);
}

Result<void> JpegReader::result(Outcome outcome) const {
  if (outcome == Outcome::kOk) return {};
  if (outcome == Outcome::kTruncated) return truncated("JPEG", file_.size());
  if (refusal_ == Refusal::kInterrupted) return *call_->interruption();
  if (refusal_ == Refusal::kScans)
    return Error(ErrorCode::kResourceExhausted,
                 "JPEG with more than " + std::to_string(options_.max_scans) + " scans, which is max_scans")
        .with_reason(ErrorReason::kInputTooLarge);
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

}  // namespace gantry::detail
