// SPDX-License-Identifier: Apache-2.0
// The ops that crop and pad, by name.
#include "ops/image/op_parameters.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

Stage<Image, Image> read_letterbox(ParamReader& params) {
  image::Letterbox options;
  const Size size = read_size(params);
  options.width = size.width;
  options.height = size.height;
  options.value = read_fill(params, options.value);
  options.scale_up = params.boolean("scale_up");
  options.how = read_resampling(params);
  return image::letterbox(options);
}

OpDescription letterbox_description() {
  const image::Letterbox defaults;
  return {.summary = "makes the image as large as fits and centres it on a canvas",
          .parameters = joined(size_parameters(),
                               joined({fill_parameter(defaults.value[0]),
                                       OpParameter::boolean("scale_up", "whether small images grow").by_default(true)},
                                      resampling_parameters(defaults.how.reference))),
          .one_of = size_alternatives(),
          .reference = "ultralytics: `LetterBox(auto=False)`",
          .tolerance = "exact",
          .example = R"({"op": "image.letterbox", "size": 640})"};
}

OpDescription unletterbox_description() {
  return {.summary =
              "takes boxes (x0, y0, x1, y1; further columns stay) back to the pixels of the picture they are of, "
              "whatever resized, cropped, mirrored or padded it before the model",
          .parameters = {OpParameter::boolean("clip", "whether boxes end at the picture's edges").by_default(true)},
          .reference = "ultralytics: `scale_boxes`, `clip_boxes`",
          .tolerance = "exact",
          .example = R"({"op": "image.unletterbox"})"};
}

Stage<Image, Image> read_crop(ParamReader& params) {
  const std::int64_t left = params.integer("left");
  const std::int64_t top = params.integer("top");
  const std::int64_t width = params.integer("width");
  return image::crop(left, top, width, params.integer("height"));
}

OpDescription crop_description() {
  return {.summary = "cuts a part out; what is outside the image is 0",
          .parameters = joined({OpParameter::integer("left", -kMaxSide, kMaxSide, ""),
                                OpParameter::integer("top", -kMaxSide, kMaxSide, "")},
                               side_parameters("")),
          .reference = "pillow: `Image.crop`",
          .tolerance = "exact",
          .example = R"({"op": "image.crop", "left": 16, "top": 16, "width": 224, "height": 224})"};
}

Stage<Image, Image> read_center_crop(ParamReader& params) {
  const Size size = read_size(params);
  const image::Centre centre = read_centre(params);
  return image::center_crop(size.width, size.height, centre, read_fill(params));
}

OpDescription center_crop_description() {
  return {.summary = "cuts the middle out; a smaller image gets a border",
          .parameters = joined(size_parameters(), {centre_parameter(), fill_parameter(0)}),
          .one_of = size_alternatives(),
          .reference =
              "torchvision: `CenterCrop`; with a value timm's `CenterCropOrPad`; floor: transformers' `center_crop` "
              "on numpy arrays; truncate: on torch tensors",
          .tolerance = "exact",
          .example = R"({"op": "image.center_crop", "size": 224})"};
}

Stage<Image, Image> read_crop_short(ParamReader& params) {
  const double fraction = params.number("fraction");
  return image::crop_short(fraction, read_centre(params));
}

OpDescription crop_short_description() {
  return {.summary = "cuts a square out of the middle",
          .parameters = {OpParameter::number("fraction", "of the shorter side").above(0).at_most(1).by_default(1),
                         centre_parameter()},
          .reference = "transformers: Perceiver's `center_crop`",
          .tolerance = "exact",
          .example = R"({"op": "image.crop_short", "fraction": 0.875})"};
}

Stage<Image, std::vector<Image>> read_five_crop(ParamReader& params) {
  const Size size = read_size(params);
  return image::five_crop(size.width, size.height);
}

OpDescription five_crop_description() {
  return {.summary = "cuts out the four corners and the middle; a smaller image is refused",
          .parameters = size_parameters(),
          .one_of = size_alternatives(),
          .reference = "torchvision: `FiveCrop`",
          .tolerance = "exact",
          .example = R"({"op": "image.five_crop", "size": 224})"};
}

Stage<Image, Image> read_pad(ParamReader& params) {
  image::Pad options;
  options.left = params.integer("left");
  options.top = params.integer("top");
  options.right = params.integer("right");
  options.bottom = params.integer("bottom");
  options.value = read_fill(params);
  options.mode = static_cast<image::PadMode>(params.choice("mode"));
  return image::pad(options);
}

OpDescription pad_description() {
  std::vector<OpParameter> parameters;
  for (const char* side : {"left", "top", "right", "bottom"})
    parameters.push_back(OpParameter::integer(side, 0, kMaxSide, "pixels").by_default(0));
  return {
      .summary = "puts a border around the image",
      .parameters = joined(
          std::move(parameters),
          {fill_parameter(0),
           OpParameter::choice("mode", {"constant", "edge", "reflect"}, "constant: `value`").by_default("constant")}),
      .reference = "torchvision: `Pad`",
      .tolerance = "exact",
      .example = R"({"op": "image.pad", "left": 8, "right": 8, "mode": "reflect"})"};
}

Stage<Image, Image> read_pad_to(ParamReader& params) {
  image::PadTo options;
  if (params.has("size") || params.has("width") || params.has("height")) {
    const Size size = read_size(params);
    options.width = size.width;
    options.height = size.height;
    if (size.width == 0 && size.height == 0)  // PadTo takes 0x0 for no size
      params.fail(params.has("size") ? "size" : "width", "must be 1..65535, got 0");
  }
  options.multiple = params.integer("multiple");
  options.square = params.boolean("square");
  options.anchor = static_cast<image::Anchor>(params.choice("anchor"));
  options.value = read_fill(params);
  return image::pad_to(options);
}

OpDescription pad_to_description() {
  return {.summary = "puts a border on the image that makes it larger; one that is larger already is refused",
          .parameters = joined(
              size_parameters(),
              {OpParameter::integer("multiple", 0, kMaxSide, "of both sides; 0: not by a multiple").by_default(0),
               OpParameter::boolean("square", "both sides as the longer one").by_default(false),
               OpParameter::choice("anchor", {"centre", "top_left"}, "where the image lies").by_default("centre"),
               fill_parameter(0)}),
          .one_of = {{"size"}, {"width", "height"}, {"multiple"}, {"square"}},
          .reference = "LLaVA: `expand2square`; transformers: `pad`",
          .tolerance = "exact",
          .example = R"({"op": "image.pad_to", "square": true, "value": [122, 116, 104]})"};
}

}  // namespace

void add_crop_ops(Registry& registry) {
  registry.add<Image, Image>("image.letterbox", read_letterbox, letterbox_description);
  registry.add<Tensor, Tensor>(
      "image.unletterbox", [](ParamReader& params) { return image::unletterbox({params.boolean("clip")}); },
      unletterbox_description);
  registry.add<Image, Image>("image.crop", read_crop, crop_description);
  registry.add<Image, Image>("image.center_crop", read_center_crop, center_crop_description);
  registry.add<Image, Image>("image.crop_short", read_crop_short, crop_short_description);
  registry.add<Image, std::vector<Image>>("image.five_crop", read_five_crop, five_crop_description);
  registry.add<Image, Image>("image.pad", read_pad, pad_description);
  registry.add<Image, Image>("image.pad_to", read_pad_to, pad_to_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail
