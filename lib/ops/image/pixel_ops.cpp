// SPDX-License-Identifier: Apache-2.0
// The ops that change the values of pixels, not their positions, by name.
#include "ops/image/op_parameters.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

Stage<Image, Tensor> read_to_tensor(ParamReader& params) {
  image::Normalize normalize;
  normalize.mode = static_cast<image::Normalize::Mode>(params.choice("mode"));
  normalize.scale = params.number("scale");
  normalize.mean = params.floats("mean");
  normalize.std = params.floats("std");
  constexpr DType kTypes[] = {DType::kF32, DType::kF16, DType::kBF16, DType::kU8, DType::kI8};
  image::TensorFormat format;
  format.dtype = kTypes[params.choice("dtype")];
  format.layout = static_cast<image::Layout>(params.choice("layout"));
  format.reverse_channels = params.boolean("reverse_channels");
  return image::to_tensor(normalize, format);
}

OpDescription to_tensor_description() {
  return {
      .summary = "makes the tensor that a model takes, its numbers normalised",
      .output = "[C, H, W]",
      .parameters =
          {OpParameter::choice("mode", {"torchvision", "affine", "hf_numpy", "scaled"}, "whose arithmetic")
               .by_default("torchvision"),
           OpParameter::numbers("mean", {1, 3, 4}, "one, or one per channel of the tensor").by_default(0),
           OpParameter::numbers("std", {1, 3, 4}, "one, or one per channel of the tensor").not_zero().by_default(1),
           OpParameter::number("scale", "of the modes hf_numpy and scaled; 1 / 255")
               .not_zero()
               .by_default(image::Normalize{}.scale),
           OpParameter::choice("dtype", {"f32", "f16", "bf16", "u8", "i8"}, "rounded half to even, u8 and i8 saturated")
               .by_default("f32"),
           OpParameter::choice("layout", {"chw", "hwc"}, "of the tensor").by_default("chw"),
           OpParameter::boolean("reverse_channels", "BGR, alpha stays last").by_default(false)},
      .reference =
          "torchvision: `ToTensor`, `Normalize`; affine: (u8 - mean) / std, each operation rounded to f32; "
          "hf_numpy: transformers' `rescale`, `normalize` on numpy arrays; scaled: u8 * float32(scale) instead "
          "of / 255, as v2's `ToDtype(scale=True)`, and transformers' `rescale`, `normalize` on torch tensors",
      .tolerance = "exact",
      .example = R"({"op": "image.to_tensor", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]})"};
}

OpDescription to_gray_description() {
  return {
      .summary = "makes one channel; alpha is dropped",
      .parameters = {OpParameter::choice("reference", {"pillow", "opencv"}, "whose arithmetic").by_default("pillow")},
      .reference = "pillow: `convert(\"L\")`; opencv: `COLOR_RGB2GRAY`",
      .tolerance = "exact",
      .example = R"({"op": "image.to_gray"})"};
}

OpDescription plain(const char* summary, const char* reference, const char* example) {
  return {.summary = summary, .reference = reference, .tolerance = "exact", .example = example};
}

OpDescription to_rgb_description() {
  return plain("makes three channels; alpha is dropped, not blended", "pillow: `convert(\"RGB\")`",
               R"({"op": "image.to_rgb"})");
}

OpDescription premultiply_description() {
  return plain("multiplies colours by alpha; only RGBA changes", "pillow: mode `RGBa`",
               R"({"op": "image.premultiply"})");
}

OpDescription unpremultiply_description() {
  return plain("divides colours by alpha; only RGBA changes", "pillow: mode `RGBA` from `RGBa`",
               R"({"op": "image.unpremultiply"})");
}

}  // namespace

void add_pixel_ops(Registry& registry) {
  registry.add<Image, Tensor>("image.to_tensor", read_to_tensor, to_tensor_description);
  registry.add<Image, Image>(
      "image.to_gray", [](ParamReader& params) { return image::to_gray(read_reference(params)); }, to_gray_description);
  registry.add<Image, Image>(
      "image.to_rgb", [](ParamReader&) { return image::to_rgb(); }, to_rgb_description);
  registry.add<Image, Image>(
      "image.premultiply", [](ParamReader&) { return image::premultiply(); }, premultiply_description);
  registry.add<Image, Image>(
      "image.unpremultiply", [](ParamReader&) { return image::unpremultiply(); }, unpremultiply_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail
