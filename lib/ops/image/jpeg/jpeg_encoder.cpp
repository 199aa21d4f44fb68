// SPDX-License-Identifier: Apache-2.0
// Encodes JPEG by libjpeg-turbo with its defaults, which are Pillow's: accurate integer DCT, 4:2:0, the standard's
// Huffman tables.
//
// libjpeg reports errors by longjmp (jpeg_reader.hpp). One member function calls it, which has no local with a
// destructor; all resources are members.
#include <csetjmp>
#include <cstdio>
// jpeglib.h needs the two above.
#include <jpeglib.h>
// jerror.h needs jpeglib.h.
#include <jerror.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ops/image/encoder.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Ownership: borrows the image and the call, owns the compressor.
/// Threads:   one thread.
/// Errors:    as image.encode.
/// Cost:      a few microseconds to make.
class JpegEncoder {
 public:
  JpegEncoder(const Image& image, int quality, const CallContext& call);
  ~JpegEncoder() {
    if (is_created_) jpeg_destroy_compress(&info_);
  }
  JpegEncoder(const JpegEncoder&) = delete;
  JpegEncoder& operator=(const JpegEncoder&) = delete;

  Result<Bytes> encode();

 private:
  enum class Outcome { kOk, kFailed, kNoMemory, kInterrupted };

  template <class Info>
  static JpegEncoder& self(Info info) {
    return *static_cast<JpegEncoder*>(info->client_data);
  }
  Outcome try_encode();
  void grow();
  Error library_error() const;

  const Image& image_;
  const int quality_;
  const CallContext& call_;
  jpeg_compress_struct info_{};
  jpeg_error_mgr errors_{};
  jpeg_destination_mgr destination_{};
  std::jmp_buf target_;
  std::vector<std::uint8_t> file_;  ///< larger than its content
  bool is_created_ = false;
  bool lacks_memory_ = false;
};

JpegEncoder::JpegEncoder(const Image& image, int quality, const CallContext& call)
    : image_(image), quality_(quality), call_(call) {
  constexpr std::size_t kLeast = 4096;
  const std::size_t pixel_bytes =
      static_cast<std::size_t>(image.width()) * static_cast<std::size_t>(image.height()) * image.channels();
  file_.resize(kLeast + pixel_bytes / 8);  // enough for most pictures
  info_.err = jpeg_std_error(&errors_);
  errors_.error_exit = [](j_common_ptr info) { std::longjmp(self(info).target_, 1); };
  errors_.output_message = [](j_common_ptr) {};
  errors_.emit_message = [](j_common_ptr, int) {};
  info_.client_data = this;
  destination_.next_output_byte = file_.data();
  destination_.free_in_buffer = file_.size();
  destination_.init_destination = [](j_compress_ptr) {};
  destination_.empty_output_buffer = [](j_compress_ptr info) -> boolean {
    self(info).grow();
    return TRUE;
  };
  destination_.term_destination = [](j_compress_ptr) {};
}

/// libjpeg calls this when file_ is full. No exception may pass through libjpeg.
void JpegEncoder::grow() {
  const std::size_t full = file_.size();
  try {
    file_.resize(2 * full);
  } catch (...) {
    lacks_memory_ = true;
  }
  if (lacks_memory_) std::longjmp(target_, 1);  // after the handler: a jump out of it would never end it
  destination_.next_output_byte = file_.data() + full;
  destination_.free_in_buffer = file_.size() - full;
}

JpegEncoder::Outcome JpegEncoder::try_encode() {
  if (setjmp(target_)) return lacks_memory_ ? Outcome::kNoMemory : Outcome::kFailed;
  jpeg_create_compress(&info_);
  info_.client_data = this;
  is_created_ = true;
  info_.dest = &destination_;
  info_.image_width = static_cast<JDIMENSION>(image_.width());
  info_.image_height = static_cast<JDIMENSION>(image_.height());
  info_.input_components = static_cast<int>(image_.channels());
  info_.in_color_space = image_.colour() == Colour::kGray ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info_);
  jpeg_set_quality(&info_, quality_, TRUE);
  jpeg_start_compress(&info_, TRUE);
  const auto rows_at_once = static_cast<JDIMENSION>(rows_between_looks(image_));
  while (info_.next_scanline < info_.image_height) {
    if (info_.next_scanline % rows_at_once == 0 && call_.is_interrupted()) return Outcome::kInterrupted;
    JSAMPROW row[] = {const_cast<JSAMPROW>(image_.row(info_.next_scanline))};  // libjpeg does not write to it
    jpeg_write_scanlines(&info_, row, 1);
  }
  jpeg_finish_compress(&info_);
  return Outcome::kOk;
}

Result<Bytes> JpegEncoder::encode() {
  switch (try_encode()) {
    case Outcome::kOk:
      return Bytes::copy(file_.data(), file_.size() - destination_.free_in_buffer);
    case Outcome::kInterrupted:
      return *call_.interruption();
    case Outcome::kFailed:
      if (errors_.msg_code != JERR_OUT_OF_MEMORY) return library_error();
      [[fallthrough]];
    case Outcome::kNoMemory:
      break;
  }
  return Error(ErrorCode::kResourceExhausted, "no memory to encode a JPEG image")
      .with_reason(ErrorReason::kOutOfMemory);
}

Error JpegEncoder::library_error() const {
  char message[JMSG_LENGTH_MAX];
  errors_.format_message(reinterpret_cast<j_common_ptr>(const_cast<jpeg_compress_struct*>(&info_)), message);
  return Error(ErrorCode::kInternal, "libjpeg cannot encode the image: " + std::string(message));
}

}  // namespace

Result<Bytes> encode_jpeg(const Image& image, int quality, const CallContext& call) {
  return JpegEncoder(image, quality, call).encode();
}

}  // namespace gantry::inline GANTRY_ABI::detail
