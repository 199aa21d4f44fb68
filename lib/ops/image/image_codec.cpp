// SPDX-License-Identifier: Apache-2.0
// The codec of Image: files of the formats that image.decode reads, and pixels u8[height, width, channels].
#include <gantry/image.hpp>
#include <gantry/registry.hpp>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "core/tensor_difference.hpp"
#include "ops/image/decoder.hpp"
#include "ops/ops.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Gray pixels may come without a channel axis.
Result<Image> from_pixels(Tensors tensors) {
  const auto mismatch = [&](const std::string& got) {
    return Error(ErrorCode::kInvalidArgument, "an image is u8[height, width, 1, 3 or 4], got " + got);
  };
  if (tensors.size() != 1) return mismatch(std::to_string(tensors.size()) + " tensors");
  Tensor pixels = std::move(tensors[0].tensor);
  if (pixels.rank() == 2) {
    GANTRY_ASSIGN_OR_RETURN(pixels, pixels.reshape({pixels.shape()[0], pixels.shape()[1], 1}));
  }
  for (const Colour colour : {Colour::kGray, Colour::kRgb, Colour::kRgba})
    if (pixels.rank() == 3 && pixels.dtype() == DType::kU8 &&
        pixels.shape()[2] == static_cast<std::int64_t>(channels_of(colour)))
      return Image::from(std::move(pixels), colour);
  return mismatch(pixels.to_string());
}

}  // namespace

void add_image_codec(Registry& registry) {
  Codec<Image> codec;
  codec.name = "image";
  codec.write_json = [](const Image& image, JsonWriter& json) {
    json.begin_object().field("width", image.width()).field("height", image.height());
    json.field("colour", to_string(image.colour())).end_object();
  };
  codec.to_tensors = [](const Image& image) -> Result<Tensors> { return Tensors{{"pixels", image.pixels()}}; };
  codec.from_tensors = from_pixels;
  codec.from_bytes = [](const Bytes& file, std::string_view) -> Result<Image> {
    const image::Decode options;
    GANTRY_RETURN_IF_ERROR(check_file(file, options));
    return decode_image(file, options, nullptr);
  };
  codec.difference = [](const Image& expected, const Image& got, const Tolerance& tolerance) {
    return tensor_difference(got.pixels(), expected.pixels(), tolerance);
  };
  codec.line = [](const Image& image) {
    return std::to_string(image.width()) + "x" + std::to_string(image.height()) + " " + to_string(image.colour());
  };
  registry.add_codec(std::move(codec));
}

}  // namespace gantry::inline GANTRY_ABI::detail
