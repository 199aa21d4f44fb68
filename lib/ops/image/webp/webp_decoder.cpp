// SPDX-License-Identifier: Apache-2.0
// Decodes WebP by libwebp: lossy and lossless, with and without alpha. Of an animation it decodes the first frame, on a
// canvas of zeros, as Pillow does.
#include <webp/decode.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/decoder.hpp"
#include "ops/image/exif.hpp"
#include "ops/image/file_format.hpp"
#include "ops/image/webp/webp_container.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

Error to_error(VP8StatusCode status, std::size_t file_bytes) {
  switch (status) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      return truncated("WebP", file_bytes);
    case VP8_STATUS_OUT_OF_MEMORY:
      return Error(ErrorCode::kResourceExhausted, "no memory to decode a WebP image")
          .with_reason(ErrorReason::kOutOfMemory);
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return Error(ErrorCode::kUnsupported, "this WebP image uses a feature that libwebp cannot decode")
          .with_reason(ErrorReason::kMediaType);
    default:
      return corrupt("WebP", "libwebp cannot decode it (status " + std::to_string(static_cast<int>(status)) + ")");
  }
}

/// Decodes a frame step by step; finished rows are in the image.
class FrameDecoder {
 public:
  /// Decodes alpha if the image has it.
  FrameDecoder(const WebpContainer::Frame& frame, Image& image) {
    if (!WebPInitDecoderConfig(&config_)) return;
    const auto channels = static_cast<std::int64_t>(image.channels());
    WebPDecBuffer& output = config_.output;
    output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
    output.is_external_memory = 1;
    output.u.RGBA.rgba = image.mutable_row(frame.top) + frame.left * channels;
    output.u.RGBA.stride = static_cast<int>(image.row_stride_bytes());
    output.u.RGBA.size =
        static_cast<std::size_t>((frame.height - 1) * image.row_stride_bytes() + frame.width * channels);
    decoder_.reset(WebPIDecode(nullptr, 0, &config_));
  }
  FrameDecoder(const FrameDecoder&) = delete;  // the decoder points into it
  FrameDecoder& operator=(const FrameDecoder&) = delete;

  /// Decodes as far as `data` reaches; SUSPENDED if more is needed.
  VP8StatusCode decode(std::string_view data) {
    if (!decoder_) return VP8_STATUS_OUT_OF_MEMORY;
    return WebPIUpdate(decoder_.get(), reinterpret_cast<const std::uint8_t*>(data.data()), data.size());
  }

  bool has_rows() const {
    int rows = 0;
    return WebPIDecGetRGB(decoder_.get(), &rows, nullptr, nullptr, nullptr) != nullptr && rows > 0;
  }

 private:
  struct Deleter {
    void operator()(WebPIDecoder* decoder) const { WebPIDelete(decoder); }
  };

  WebPDecoderConfig config_{};
  std::unique_ptr<WebPIDecoder, Deleter> decoder_;
};

/// The bytes needed before the first pixels: all of the alpha, which precedes them.
std::size_t first_pixels(std::string_view data) {
  if (data.substr(0, 4) != "ALPH" || data.size() < kWebpChunkHeaderBytes) return 0;
  const std::size_t size = webp_chunk_size(data);
  return std::min(data.size(), kWebpChunkHeaderBytes + size + size % 2);
}

/// Decodes the frame to its place in the image. Hands over the data in slices, and checks the call between them. Each
/// slice but the last may make a lossless image decode up to eight rows again, so slices are large. What precedes its
/// pixels is read from the beginning again with each slice, so slices double until the first row comes.
Result<void> decode_frame(const WebpContainer::Frame& frame, Image& image, const CallContext* call,
                          std::size_t file_bytes) {
  constexpr std::int64_t kPixelsOfASlice = 2 << 20;
  const std::size_t size = frame.data.size(), begin = first_pixels(frame.data);
  const auto slices = static_cast<std::size_t>(frame.width * frame.height / kPixelsOfASlice + 1);
  const std::size_t slice = (size - begin) / slices + 1;
  const bool is_lossless = frame.data.substr(0, 4) == "VP8L";
  FrameDecoder decoder(frame, image);
  for (std::size_t given = begin;;) {
    if (call != nullptr) GANTRY_RETURN_IF_ERROR(call->interruption());
    const bool doubles = is_lossless && given > 0 && !decoder.has_rows();
    given = std::min(size, given + (doubles ? given : slice));
    const VP8StatusCode status = decoder.decode(frame.data.substr(0, given));
    if (status == VP8_STATUS_OK) return {};
    if (status != VP8_STATUS_SUSPENDED || given == size) return to_error(status, file_bytes);
  }
}

Result<Image> decode_pixels(const WebpContainer& container, const WebpHeader& header, const CallContext* call,
                            std::size_t file_bytes) {
  if (!container.is_complete()) return truncated("WebP", file_bytes);
  GANTRY_ASSIGN_OR_RETURN(const auto frame, container.first_frame());
  auto image = Image::make(header.width, header.height, header.colour);
  if (!image) return image;
  if (frame.left + frame.width > header.width || frame.top + frame.height > header.height)
    return corrupt("WebP", "the first frame is not on the canvas");
  if (frame.width != header.width || frame.height != header.height)
    std::fill_n(image->mutable_row(0), image->pixels().size_bytes(), std::uint8_t{0});
  GANTRY_RETURN_IF_ERROR(decode_frame(frame, *image, call, file_bytes));
  return image;
}

/// Reads the file's header without the demuxer.
Result<WebpHeader> read_features(const Bytes& file, const image::Decode& options) {
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(file.data(), file.size(), &features);
  if (status != VP8_STATUS_OK) return to_error(status, file.size());
  GANTRY_RETURN_IF_ERROR(check_dimensions("WebP", static_cast<std::uint64_t>(features.width),
                                          static_cast<std::uint64_t>(features.height), options));
  const bool keeps_alpha = options.colour == image::ColourMode::kUnchanged && features.has_alpha;
  return WebpHeader{features.width, features.height, keeps_alpha ? Colour::kRgba : Colour::kRgb, 1};
}

void read_orientation(const WebpContainer& container, const image::Decode& options, WebpHeader& header) {
  if (options.exif_orientation) header.orientation = orientation_of(container.chunk("EXIF"), container.chunk("XMP "));
}

}  // namespace

Result<WebpHeader> read_webp_header(const Bytes& file, const image::Decode& options) {
  auto header = read_features(file, options);
  if (!header) return header;
  GANTRY_ASSIGN_OR_RETURN(const auto container, WebpContainer::open(file_text(file)));
  read_orientation(container, options, *header);
  return header;
}

Result<Decoded> decode_webp(const Bytes& file, const image::Decode& options, const CallContext* call) {
  GANTRY_ASSIGN_OR_RETURN(auto header, read_features(file, options));
  GANTRY_ASSIGN_OR_RETURN(const auto container, WebpContainer::open(file_text(file)));
  read_orientation(container, options, header);
  GANTRY_ASSIGN_OR_RETURN(auto image, decode_pixels(container, header, call, file.size()));
  return Decoded{std::move(image), header.orientation, {{header.width, header.height}, 1}};
}

}  // namespace gantry::inline GANTRY_ABI::detail
