// SPDX-License-Identifier: Apache-2.0
// JPEG by libjpeg-turbo with its defaults, which are Pillow's: accurate integer DCT and smooth upsampling.
//
// libjpeg reports errors by not returning: error_exit must leave by longjmp. So every call into it happens in a member
// of JpegReader that holds nothing with a destructor, sets its own jump target, and returns false after a jump; all
// resources are members.
#include <csetjmp>
#include <cstddef>
#include <cstdio>
// jpeglib.h needs the two above.
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

/// Where the decoder is when it stops.
enum class Outcome { kOk, kTruncated, kFailed };

class JpegReader {
 public:
  explicit JpegReader(const Bytes& file) : file_(file) {
    info_.err = jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr info) { std::longjmp(self(info).target_, 1); };
    errors_.output_message = [](j_common_ptr) {};
    errors_.emit_message = [](j_common_ptr, int) {};  // warnings are what Pillow ignores as well
    info_.client_data = this;
  }
  ~JpegReader() {
    if (is_created_) jpeg_destroy_decompress(&info_);
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

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

  Outcome start(J_COLOR_SPACE colour_space) {
    if (setjmp(target_)) return Outcome::kFailed;
    info_.out_color_space = colour_space;
    return jpeg_start_decompress(&info_) ? Outcome::kOk : Outcome::kTruncated;
  }

  Outcome read_row(std::uint8_t* row) {
    if (setjmp(target_)) return Outcome::kFailed;
    JSAMPROW rows[] = {row};
    return jpeg_read_scanlines(&info_, rows, 1) == 1 ? Outcome::kOk : Outcome::kTruncated;
  }

  const jpeg_decompress_struct& info() const { return info_; }

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
  static JpegReader& self(j_common_ptr info) { return *static_cast<JpegReader*>(info->client_data); }

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
  bool is_created_ = false;
  bool has_too_many_scans_ = false;
};

struct Format {
  Colour colour;
  J_COLOR_SPACE decoded;
};

Result<Format> format_of(const jpeg_decompress_struct& info, const image::Decode& options) {
  switch (info.num_components) {
    case 1:
      if (options.colour == image::ColourMode::kUnchanged) return Format{Colour::kGray, JCS_GRAYSCALE};
      return Format{Colour::kRgb, JCS_RGB};
    case 3:
      return Format{Colour::kRgb, JCS_RGB};
    case 4:
      return Format{Colour::kRgb, JCS_CMYK};
    default:
      return Error(ErrorCode::kUnsupported, "JPEG with " + std::to_string(info.num_components) + " components");
  }
}

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

Outcome read_pixels(JpegReader& reader, Image& image) {
  const bool is_cmyk = reader.info().out_color_space == JCS_CMYK;
  const auto width = static_cast<std::size_t>(image.width());
  std::vector<std::uint8_t> cmyk(is_cmyk ? width * 4 : 0);
  for (std::int64_t y = 0; y < image.height(); ++y) {
    std::uint8_t* row = image.mutable_row(y);
    const Outcome outcome = reader.read_row(is_cmyk ? cmyk.data() : row);
    if (outcome != Outcome::kOk) return outcome;
    if (is_cmyk) inverted_cmyk_to_rgb(cmyk.data(), row, width);
  }
  return Outcome::kOk;
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

Result<Decoded> decode_jpeg(const Bytes& file, const image::Decode& options) {
  JpegReader reader(file);
  if (const Outcome outcome = reader.read_header(options.exif_orientation); outcome != Outcome::kOk)
    return reader.error(outcome);
  const jpeg_decompress_struct& info = reader.info();
  if (auto ok = check_dimensions("JPEG", info.image_width, info.image_height, options); !ok)
    return std::move(ok).error();
  auto format = format_of(info, options);
  if (!format) return std::move(format).error();
  auto image = Image::make(info.image_width, info.image_height, format->colour);
  if (!image) return std::move(image).error();
  if (const Outcome outcome = reader.start(format->decoded); outcome != Outcome::kOk) return reader.error(outcome);
  if (const Outcome outcome = read_pixels(reader, *image); outcome != Outcome::kOk) return reader.error(outcome);
  return Decoded{*std::move(image), options.exif_orientation ? orientation_in(info) : std::uint8_t{1}};
}

}  // namespace gantry::detail
