// SPDX-License-Identifier: Apache-2.0
// image.decode: checks limits and calls the decoder of the format.
#include <algorithm>
#include <gantry/image.hpp>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "ops/image/decoder.hpp"
#include "ops/image/file_format.hpp"
#include "ops/image/frames.hpp"
#include "ops/image/image_op.hpp"
#include "ops/image/jpeg/jpeg_stream.hpp"
#include "ops/image/orientation.hpp"
#include "ops/image/png/png_stream.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI {
namespace detail {
namespace {

template <class Stream>
Result<Decoded> decode_rows(Result<std::unique_ptr<Stream>> stream) {
  GANTRY_RETURN_IF_ERROR(stream);
  GANTRY_ASSIGN_OR_RETURN(auto image, read_image(**stream));
  return Decoded{std::move(image), (*stream)->orientation(), (*stream)->picture()};
}

Result<Decoded> decode_by_content(const Bytes& file, const image::Decode& options, const CallContext* call) {
  if (is_jpeg(file)) return decode_rows(JpegStream::open(file, options, call));
  if (is_png(file)) return decode_rows(PngStream::open(file, options, call));
  if (is_webp(file)) return decode_webp(file, options, call);
  return not_read(file);
}

}  // namespace

Result<void> check_dimensions(const char* format, std::uint64_t width, std::uint64_t height,
                              const image::Decode& options) {
  const std::string size =
      std::string(format) + " image of " + std::to_string(width) + "x" + std::to_string(height) + " pixels";
  if (width == 0 || height == 0) return Error(ErrorCode::kInvalidArgument, "corrupt " + size);
  if (std::max(width, height) > static_cast<std::uint64_t>(kMaxSide))
    return Error(ErrorCode::kResourceExhausted, size + " has a side of more than " + std::to_string(kMaxSide))
        .with_reason(ErrorReason::kInputTooLarge);
  if (width * height > static_cast<std::uint64_t>(options.max_pixels))
    return Error(ErrorCode::kResourceExhausted, size + " exceeds max_pixels=" + std::to_string(options.max_pixels))
        .with_reason(ErrorReason::kInputTooLarge);
  return {};
}

Result<void> check_file(const Bytes& file, const image::Decode& options) {
  if (file.empty()) return Error(ErrorCode::kInvalidArgument, "no image: 0 bytes");
  if (file.size() <= static_cast<std::size_t>(options.max_bytes)) return {};
  return Error(ErrorCode::kResourceExhausted, "image file of " + std::to_string(file.size()) +
                                                  " bytes exceeds max_bytes=" + std::to_string(options.max_bytes))
      .with_reason(ErrorReason::kInputTooLarge);
}

Result<Image> decode_image(const Bytes& file, const image::Decode& options, const CallContext* call) {
  GANTRY_ASSIGN_OR_RETURN(auto decoded, decode_by_content(file, options, call));
  return oriented(decoded.image, static_cast<Orientation>(decoded.orientation));
}

Result<Image> decode_framed(const Bytes& file, const image::Decode& options, const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(auto decoded, decode_by_content(file, options, &call));
  call.set_frame(decoded_frame(decoded.picture, decoded.orientation));
  return oriented(decoded.image, static_cast<Orientation>(decoded.orientation));
}

}  // namespace detail

namespace image {
namespace {

Result<void> check(const Decode& options) {
  if (options.colour != ColourMode::kRgb && options.colour != ColourMode::kUnchanged)
    return Error(ErrorCode::kInvalidArgument, "unknown colour");
  if (options.truncated != Truncated::kRefuse && options.truncated != Truncated::kAccept)
    return Error(ErrorCode::kInvalidArgument, "unknown truncated");
  GANTRY_RETURN_IF_ERROR(detail::check_range("approx_size", options.approx_size, 0, detail::kMaxSide));
  GANTRY_RETURN_IF_ERROR(detail::check_range("max_scans", options.max_scans, 1, detail::kMaxImageSize));
  GANTRY_RETURN_IF_ERROR(detail::check_range("max_pixels", options.max_pixels, 1, detail::kMaxImageSize));
  return detail::check_range("max_bytes", options.max_bytes, 1, detail::kMaxImageSize);
}

/// Checks the call's deadline while it decodes.
Result<Image> decode_one(const Decode& options, const Bytes& file, const CallContext& call) {
  GANTRY_RETURN_IF_ERROR(detail::check_file(file, options));
  return detail::decode_framed(file, options, call);
}

std::string text_of(const Decode& options) {
  std::string text = options.colour == ColourMode::kRgb ? "colour=rgb" : "colour=unchanged";
  text += options.exif_orientation ? ", exif_orientation=true" : ", exif_orientation=false";
  text += options.truncated == Truncated::kRefuse ? ", truncated=refuse" : ", truncated=accept";
  if (options.approx_size > 0) text += ", approx_size=" + std::to_string(options.approx_size);
  return text + ", max_pixels=" + std::to_string(options.max_pixels) +
         ", max_bytes=" + std::to_string(options.max_bytes) + ", max_scans=" + std::to_string(options.max_scans);
}

}  // namespace

Stage<Bytes, Image> decode(const Decode& options) {
  return detail::fusible(
      detail::make_op<Bytes, Image>("image.decode", options, text_of(options), check(options), decode_one));
}

}  // namespace image
}  // namespace gantry::inline GANTRY_ABI
