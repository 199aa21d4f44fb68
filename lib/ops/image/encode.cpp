// SPDX-License-Identifier: Apache-2.0
// image.encode: checks what the format can hold and calls its encoder.
#include <algorithm>
#include <gantry/image.hpp>
#include <gantry/translate_exception.hpp>
#include <string>

#include "core/return_if_error.hpp"
#include "ops/image/encoder.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::image {
namespace {

Result<void> check(const Encode& options) {
  if (options.format != FileFormat::kPng && options.format != FileFormat::kJpeg)
    return Error(ErrorCode::kInvalidArgument,
                 std::string("encode writes PNG and JPEG, not ") + to_string(options.format));
  return detail::check_range("quality", options.quality, 1, 95);
}

Result<void> check_fits_jpeg(const Image& image) {
  if (image.colour() == Colour::kRgba)
    return Error(ErrorCode::kInvalidArgument,
                 "a JPEG holds no alpha: put image.to_rgb in front of it, which drops it, or write a PNG");
  if (std::max(image.width(), image.height()) <= detail::kMaxJpegSide) return {};
  return Error(ErrorCode::kInvalidArgument, "the sides of a JPEG have at most " + std::to_string(detail::kMaxJpegSide) +
                                                " pixels, and the image is " + std::to_string(image.width()) + "x" +
                                                std::to_string(image.height()) + "; write a PNG");
}

Result<Bytes> encode_one(const Encode& options, const Image& image, const CallContext& call) {
  if (options.format == FileFormat::kPng) return detail::encode_png(image, call);
  GANTRY_RETURN_IF_ERROR(check_fits_jpeg(image));
  return detail::encode_jpeg(image, static_cast<int>(options.quality), call);
}

std::string text_of(const Encode& options) {
  return std::string("format=") + (options.format == FileFormat::kJpeg ? "jpeg" : "png") +
         ", quality=" + std::to_string(options.quality);
}

}  // namespace

Stage<Image, Bytes> encode(const Encode& options) {
  return detail::make_op<Image, Bytes>("image.encode", options, text_of(options), check(options), encode_one);
}

Result<Bytes> encode(const Image& image, const Encode& options) {
  try {
    GANTRY_RETURN_IF_ERROR(check(options));
    return encode_one(options, image, CallContext::none());
  } catch (...) {
    return detail::translate_exception();
  }
}

}  // namespace gantry::inline GANTRY_ABI::image
