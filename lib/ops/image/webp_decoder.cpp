// SPDX-License-Identifier: Apache-2.0
// WebP by libwebp: still images, lossy and lossless, with and without alpha.
#include <webp/decode.h>

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

Error to_error(VP8StatusCode status, const Bytes& file) {
  switch (status) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      return truncated("WebP", file.size());
    case VP8_STATUS_OUT_OF_MEMORY:
      return Error(ErrorCode::kResourceExhausted, "no memory to decode a WebP image");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return Error(ErrorCode::kUnsupported, "this WebP image uses a feature that libwebp cannot decode");
    default:
      return corrupt("WebP", "libwebp cannot decode it (status " + std::to_string(static_cast<int>(status)) + ")");
  }
}

Result<Image> decode_pixels(const Bytes& file, const WebPBitstreamFeatures& features, Colour colour) {
  auto image = Image::make(features.width, features.height, colour);
  if (!image) return image;
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) return Error(ErrorCode::kInternal, "libwebp has another ABI than its header");
  config.output.colorspace = colour == Colour::kRgba ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = image->mutable_row(0);
  config.output.u.RGBA.stride = static_cast<int>(image->row_stride_bytes());
  config.output.u.RGBA.size = image->pixels().size_bytes();
  const VP8StatusCode status = WebPDecode(file.data(), file.size(), &config);
  WebPFreeDecBuffer(&config.output);
  if (status != VP8_STATUS_OK) return to_error(status, file);
  return image;
}

}  // namespace

Result<Decoded> decode_webp(const Bytes& file, const image::Decode& options) {
  WebPBitstreamFeatures features;
  const VP8StatusCode status = WebPGetFeatures(file.data(), file.size(), &features);
  if (status != VP8_STATUS_OK) return to_error(status, file);
  if (auto ok = check_dimensions("WebP", static_cast<std::uint64_t>(features.width),
                                 static_cast<std::uint64_t>(features.height), options);
      !ok)
    return std::move(ok).error();
  if (features.has_animation) return Error(ErrorCode::kUnsupported, "animated WebP");
  const bool keeps_alpha = options.colour == image::ColourMode::kUnchanged && features.has_alpha;
  auto image = decode_pixels(file, features, keeps_alpha ? Colour::kRgba : Colour::kRgb);
  if (!image) return std::move(image).error();
  std::uint8_t orientation = 1;
  if (options.exif_orientation) {
    const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
    orientation = orientation_of(find_chunk(text, "EXIF"), find_chunk(text, "XMP "));
  }
  return Decoded{*std::move(image), orientation};
}

}  // namespace gantry::detail
