// SPDX-License-Identifier: Apache-2.0
// image.encode by name.
#include "ops/image/op_parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

Stage<Image, Bytes> read_encode(ParamReader& params) {
  constexpr image::FileFormat kFormats[] = {image::FileFormat::kPng, image::FileFormat::kJpeg};
  image::Encode options;
  options.format = kFormats[params.choice("format")];
  options.quality = params.integer("quality");
  return image::encode(options);
}

OpDescription encode_description() {
  return {.summary = "makes the bytes of a file; a JPEG holds no alpha, and RGBA as one is refused",
          .parameters = {OpParameter::choice("format", {"png", "jpeg"}, "png keeps every pixel").by_default("png"),
                         OpParameter::integer("quality", 1, 95, "of a JPEG").by_default(image::Encode{}.quality)},
          .reference = "pillow: `Image.save`",
          .tolerance = "jpeg: exact; png: the pixels",
          .example = R"({"op": "image.encode", "format": "jpeg", "quality": 90})"};
}

}  // namespace

void add_encode_ops(Registry& registry) {
  registry.add<Image, Bytes>("image.encode", read_encode, encode_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail
