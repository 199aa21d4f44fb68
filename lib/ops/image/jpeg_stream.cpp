// SPDX-License-Identifier: Apache-2.0
// JPEG by libjpeg-turbo with its defaults, which are Pillow's: accurate integer DCT and smooth upsampling.
//
// libjpeg reports errors by not returning: error_exit must leave by longjmp. So every call into it happens in a member
// of Reader that holds nothing with a destructor, sets its own jump target, and returns after a jump; all resources are
// members.
#include "ops/image/jpeg_stream.hpp"

#include <csetjmp>
#include <cstdio>
// jpeglib.h needs cstddef and the two above.
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ops/image/decoder.hpp"
#include "ops/image/exif.hpp"

namespace gantry::detail {
namespace {

/// A progressive file may have any number of scans, each of which costs as much as the first.
constexpr int kMaxScans = 500;
constexpr int kExifMarker = JPEG_APP0 + 1;
/// Smooth upsampling looks at one more chroma sample to each side.
constexpr JDIMENSION kMargin = 4;

/// Where the decoder is when it stops.
enum class Outcome { kOk, kTruncated, kFailed };

/// What is selected.
struct Part {
  JDIMENSION first_row;
  JDIMENSION first_column;
  JDIMENSION columns;
};

/// Pillow's "CMYK;I" (Adobe stores CMYK inverted) and then cmyk2rgb (src/libImaging/Convert.c).
void inverted_cmyk_to_rgb(const std::uint8_t* cmyk, std::uint8_t* rgb, std::size_t pixels) {
  for (std::size_t i = 0; i < pixels; ++i, cmyk += 4, rgb += 3) {
    const std::uint32_t white = cmyk[3];
    for (int c = 0; c < 3; ++c) {
      const std::uint32_t product = (255u - cmyk[c]) * white + 128u;
      rgb[c] = static_cast<std::uint8_t>(white - (((product >> 8) + product) >> 8));
    }
  }
}

std::uint8_t orientation_in(const jpeg_decompress_struct& info) {
  constexpr std::string_view kExif("Exif\0\0", 6);
  constexpr std::string_view kXmp("http://ns.adobe.com/xap/1.0/\0", 29);
  std::string exif;  // may be split over several segments
  std::string_view xmp;
  for (const jpeg_marker_struct* marker = info.marker_list; marker != nullptr; marker = marker->next) {
    const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (data.substr(0, kExif.size()) == kExif) exif += data.substr(kExif.size());
    if (data.substr(0, kXmp.size()) == kXmp) xmp = data.substr(kXmp.size());
  }
  return orientation_of(exif, xmp);
}

}  // namespace

class JpegStream::Reader {
 public:
  explicit Reader(const Bytes& file) : file_(file) {
    info_.err = jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr info) { std::longjmp(self(info).target_, 1); };
    errors_.output_message = [](j_common_ptr) {};
    errors_.emit_message = [](j_common_ptr, int) {};  // warnings are what Pillow ignores as well
    info_.client_data = this;
  }
  ~Reader() {
    if (is_created_) jpeg_destroy_decompress(&info_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Outcome read_header(bool keeps_metadata) {
    if (setjmp(target_)) return Outcome::kFailed;
    jpeg_create_decompress(&info_);
    info_.client_data = this;
    is_created_ = true;
    set_source();
    progress_.progress_monitor = [](j_common_ptr info) { self(info).check_scans(); };
    info_.progress = &progress_;
    if (keeps_metadata) jpeg_save_markers(&info_, kExifMarker, 0xFFFF);
    return jpeg_read_header(&info_, TRUE) == JPEG_HEADER_OK ? Outcome::kOk : Outcome::kTruncated;
  }

  Outcome start(const Part& part) {
    if (setjmp(target_)) return Outcome::kFailed;
    info_.out_color_space = colour_space_;
    if (!jpeg_start_decompress(&info_)) return Outcome::kTruncated;
    decoded_columns_ = info_.output_width;
    first_selected_ = part.first_column;
    if (part.columns < info_.output_width && !is_smoothed()) crop(part);
    if (part.first_row > 0 && jpeg_skip_scanlines(&info_, part.first_row) != part.first_row) return Outcome::kTruncated;
    return Outcome::kOk;
  }

  Outcome read_rows(std::uint8_t* const* rows, std::size_t count) {
    if (setjmp(target_)) return Outcome::kFailed;
    for (JDIMENSION done = 0; done < count;) {
      const JDIMENSION read =
          jpeg_read_scanlines(&info_, const_cast<JSAMPARRAY>(rows) + done, static_cast<JDIMENSION>(count) - done);
      if (read == 0) return Outcome::kTruncated;
      done += read;
    }
    return Outcome::kOk;
  }

  const jpeg_decompress_struct& info() const { return info_; }
  Colour colour() const { return colour_space_ == JCS_GRAYSCALE ? Colour::kGray : Colour::kRgb; }
  bool is_cmyk() const { return colour_space_ == JCS_CMYK; }
  std::size_t decoded_columns() const { return decoded_columns_; }
  std::size_t first_selected() const { return first_selected_; }
  std::vector<std::uint8_t>& cmyk_row() { return cmyk_row_; }

  Result<void> choose_colours(const image::Decode& options) {
    switch (info_.num_components) {
      case 1:
        colour_space_ = options.colour == image::ColourMode::kUnchanged ? JCS_GRAYSCALE : JCS_RGB;
        return {};
      case 3:
        colour_space_ = JCS_RGB;
        return {};
      case 4:
        colour_space_ = JCS_CMYK;
        return {};
      default:
        return Error(ErrorCode::kUnsupported, "JPEG with " + std::to_string(info_.num_components) + " components");
    }
  }

  /// The end marker, somewhere behind the header: entropy-coded data cannot contain it. Without it the data ends early.
  bool has_end() const {
    const std::uint8_t* begin = source_.next_input_byte;
    for (const std::uint8_t* end = begin + source_.bytes_in_buffer; end - begin >= 2; --end)
      if (end[-2] == 0xFF && end[-1] == JPEG_EOI) return true;
    return false;
  }

  Error error(Outcome outcome) const {
    if (outcome == Outcome::kTruncated) return truncated("JPEG", file_.size());
    if (has_too_many_scans_)
      return Error(ErrorCode::kResourceExhausted, "JPEG with more than " + std::to_string(kMaxScans) + " scans");
    char message[JMSG_LENGTH_MAX];
    const auto common = reinterpret_cast<j_common_ptr>(const_cast<jpeg_decompress_struct*>(&info_));
    errors_.format_message(common, message);
    switch (errors_.msg_code) {
      case JERR_OUT_OF_MEMORY:
        return Error(ErrorCode::kResourceExhausted, "no memory to decode a JPEG image");
      case JERR_BAD_PRECISION:
      case JERR_SOF_UNSUPPORTED:
      case JERR_ARITH_NOTIMPL:
      case JERR_CONVERSION_NOTIMPL:
      case JERR_NOTIMPL:
      case JERR_NOT_COMPILED:
      case JERR_FRACT_SAMPLE_NOTIMPL:
        return Error(ErrorCode::kUnsupported, "JPEG: " + std::string(message));
      default:
        return corrupt("JPEG", message);
    }
  }

 private:
  /// A progressive file that lacks scans: libjpeg guesses the coefficients from blocks around, near the edge of a crop
  /// from other ones than in the whole image.
  bool is_smoothed() const {
    if (!info_.progressive_mode || info_.coef_bits == nullptr) return false;
    const auto is_unfinished = [](int bits) { return bits != 0; };
    for (int c = 0; c < info_.num_components; ++c)
      if (std::any_of(info_.coef_bits[c], info_.coef_bits[c] + DCTSIZE2, is_unfinished)) return true;
    return false;
  }

  /// Smooth upsampling looks at neighbours: columns within the margin of a cut differ.
  void crop(const Part& part) {
    JDIMENSION first = part.first_column > kMargin ? part.first_column - kMargin : 0;
    JDIMENSION columns = std::min(part.first_column + part.columns + kMargin, info_.output_width) - first;
    jpeg_crop_scanline(&info_, &first, &columns);  // moves `first` left to a whole block
    decoded_columns_ = columns;
    first_selected_ = part.first_column - first;
  }

  static Reader& self(j_common_ptr info) { return *static_cast<Reader*>(info->client_data); }

  /// All bytes are there from the start. When they run out the decoder is told to wait for more, and returns.
  void set_source() {
    source_.init_source = [](j_decompress_ptr) {};
    source_.term_source = [](j_decompress_ptr) {};
    source_.fill_input_buffer = [](j_decompress_ptr) -> boolean { return FALSE; };
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

  void check_scans() {
    if (info_.input_scan_number <= kMaxScans) return;
    has_too_many_scans_ = true;
    std::longjmp(target_, 1);
  }

  Bytes file_;
  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  jpeg_source_mgr source_{};
  jpeg_progress_mgr progress_{};
  std::jmp_buf target_;
  J_COLOR_SPACE colour_space_ = JCS_RGB;
  std::size_t decoded_columns_ = 0;
  std::size_t first_selected_ = 0;
  std::vector<std::uint8_t> cmyk_row_;
  bool is_created_ = false;
  bool has_too_many_scans_ = false;
};

JpegStream::JpegStream(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
JpegStream::~JpegStream() = default;

Result<std::unique_ptr<JpegStream>> JpegStream::open(const Bytes& file, const image::Decode& options) {
  auto reader = std::make_unique<Reader>(file);
  if (const Outcome outcome = reader->read_header(options.exif_orientation); outcome != Outcome::kOk)
    return reader->error(outcome);
  const jpeg_decompress_struct& info = reader->info();
  if (auto ok = check_dimensions("JPEG", info.image_width, info.image_height, options); !ok)
    return std::move(ok).error();
  if (auto ok = reader->choose_colours(options); !ok) return std::move(ok).error();
  if (auto ok = check_image_bytes({info.image_width, info.image_height}, channels_of(reader->colour())); !ok)
    return std::move(ok).error();
  if (!reader->has_end()) return reader->error(Outcome::kTruncated);
  return std::unique_ptr<JpegStream>(new JpegStream(std::move(reader)));
}

std::int64_t JpegStream::width() const {
  return reader_->info().image_width;
}
std::int64_t JpegStream::height() const {
  return reader_->info().image_height;
}
Colour JpegStream::colour() const {
  return reader_->colour();
}
std::uint8_t JpegStream::orientation() const {
  return orientation_in(reader_->info());
}

Result<void> JpegStream::select(std::int64_t first_row, std::int64_t first_column, std::int64_t columns) {
  const Part part = {static_cast<JDIMENSION>(first_row), static_cast<JDIMENSION>(first_column),
                     static_cast<JDIMENSION>(columns)};
  if (const Outcome outcome = reader_->start(part); outcome != Outcome::kOk) return reader_->error(outcome);
  if (reader_->is_cmyk()) reader_->cmyk_row().resize(reader_->decoded_columns() * 4);
  return {};
}

std::size_t JpegStream::row_bytes() const {
  return reader_->decoded_columns() * channels_of(colour());
}
std::size_t JpegStream::offset_bytes() const {
  return reader_->first_selected() * channels_of(colour());
}

Result<void> JpegStream::read_rows(std::uint8_t* const* rows, std::size_t count) {
  if (!reader_->is_cmyk()) {
    const Outcome outcome = reader_->read_rows(rows, count);
    return outcome == Outcome::kOk ? Result<void>() : Result<void>(reader_->error(outcome));
  }
  std::uint8_t* const cmyk = reader_->cmyk_row().data();
  for (std::size_t i = 0; i < count; ++i) {
    if (const Outcome outcome = reader_->read_rows(&cmyk, 1); outcome != Outcome::kOk) return reader_->error(outcome);
    inverted_cmyk_to_rgb(cmyk, rows[i], reader_->decoded_columns());
  }
  return {};
}

}  // namespace gantry::detail
