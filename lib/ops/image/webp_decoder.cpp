// SPDX-License-Identifier: Apache-2.0
// WebP by libwebp: lossy and lossless, with and without alpha; of an animation the first frame, on a canvas of zeros,
// as Pillow shows it.
#include <webp/decode.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "ops/image/decoder.hpp"
#include "ops/image/exif.hpp"

namespace gantry::detail {
namespace {

constexpr std::size_t kRiffHeaderBytes = 12;
constexpr std::size_t kChunkHeaderBytes = 8;

std::size_t little_endian(std::string_view bytes) {
  std::size_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

/// The content of the first RIFF chunk of this name; empty if there is none.
std::string_view find_chunk(std::string_view file, std::string_view name) {
  std::string_view rest = file.substr(kRiffHeaderBytes);
  while (rest.size() >= kChunkHeaderBytes) {
    const std::size_t size = little_endian(rest.substr(4, 4));
    const std::string_view content = rest.substr(kChunkHeaderBytes, size);
    if (rest.substr(0, 4) == name) return content;
    rest.remove_prefix(kChunkHeaderBytes + content.size());
    rest.remove_prefix(content.size() % 2 == 1 && !rest.empty() ? 1 : 0);  // chunks are padded to even sizes
  }
  return {};
}

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

/// A still image: where it is in the file, and where on the canvas.
struct Frame {
  std::string_view data;
  std::int64_t left = 0;
  std::int64_t top = 0;
  std::int64_t width = 0;
  std::int64_t height = 0;
};

/// The first frame of an animation. Its data begins with an ALPH, VP8 or VP8L chunk, as libwebp takes it.
Result<Frame> first_frame(std::string_view file, const WebpHeader& canvas) {
  constexpr std::size_t kFrameHeaderBytes = 16;
  if (little_endian(file.substr(4, 4)) > file.size() - kChunkHeaderBytes) return truncated("WebP", file.size());
  const std::string_view chunk = find_chunk(file, "ANMF");
  if (chunk.size() <= kFrameHeaderBytes) return corrupt("WebP", "an animation without a frame");
  const auto field = [&](std::size_t index) {
    return static_cast<std::int64_t>(little_endian(chunk.substr(index * 3, 3)));
  };
  const Frame frame = {chunk.substr(kFrameHeaderBytes), 2 * field(0), 2 * field(1), field(2) + 1, field(3) + 1};
  if (frame.left + frame.width > canvas.width || frame.top + frame.height > canvas.height)
    return corrupt("WebP", "the first frame is not on the canvas");
  return frame;
}

/// Decodes the frame to its place in the image, whose colours decide about alpha.
VP8StatusCode decode_frame(const Frame& frame, Image& image) {
  WebPDecoderConfig config;
  const auto* data = reinterpret_cast<const std::uint8_t*>(frame.data.data());
  if (!WebPInitDecoderConfig(&config)) return VP8_STATUS_INVALID_PARAM;
  if (const VP8StatusCode status = WebPGetFeatures(data, frame.data.size(), &config.input); status != VP8_STATUS_OK)
    return status;
  if (config.input.width != frame.width || config.input.height != frame.height) return VP8_STATUS_BITSTREAM_ERROR;
  const std::int64_t channels = static_cast<std::int64_t>(image.channels());
  const std::int64_t row_bytes = frame.width * channels;
  config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = image.mutable_row(frame.top) + frame.left * channels;
  config.output.u.RGBA.stride = static_cast<int>(image.row_stride_bytes());
  config.output.u.RGBA.size = static_cast<std::size_t>((frame.height - 1) * image.row_stride_bytes() + row_bytes);
  const VP8StatusCode status = WebPDecode(data, frame.data.size(), &config);
  WebPFreeDecBuffer(&config.output);
  return status;
}

Result<Image> decode_pixels(std::string_view file, const WebpHeader& header) {
  Frame frame = {file, 0, 0, header.width, header.height};
  if (header.is_animated) {
    auto first = first_frame(file, header);
    if (!first) return std::move(first).error();
    frame = *first;
  }
  auto image = Image::make(header.width, header.height, header.colour);
  if (!image) return image;
  if (header.is_animated) std::fill_n(image->mutable_row(0), image->pixels().size_bytes(), std::uint8_t{0});
  const VP8StatusCode status = decode_frame(frame, *image);
  if (status != VP8_STATUS_OK) return to_error(status, file.size());
  return image;
}

}  // namespace

Result<WebpHeader> read_webp_header(const Bytes& bytes, const image::Decode& options) {
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(bytes.data(), bytes.size(), &features);
  if (status != VP8_STATUS_OK) return to_error(status, file.size());
  if (auto ok = check_dimensions("WebP", static_cast<std::uint64_t>(features.width),
                                 static_cast<std::uint64_t>(features.height), options);
      !ok)
    return std::move(ok).error();
  const bool keeps_alpha = options.colour == image::ColourMode::kUnchanged && features.has_alpha;
  WebpHeader header = {features.width, features.height, keeps_alpha ? Colour::kRgba : Colour::kRgb, 1,
                       features.has_animation != 0};
  if (options.exif_orientation) header.orientation = orientation_of(find_chunk(file, "EXIF"), find_chunk(file, "XMP "));
  return header;
}

Result<Decoded> decode_webp(const Bytes& bytes, const image::Decode& options) {
  const auto header = read_webp_header(bytes, options);
  if (!header) return header.error();
  auto image = decode_pixels({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, *header);
  if (!image) return std::move(image).error();
  return Decoded{*std::move(image), header->orientation};
}

}  // namespace gantry::detail
