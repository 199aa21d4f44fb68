// SPDX-License-Identifier: Apache-2.0
// The ops that resize, by name.
#include <optional>

#include "ops/image/op_parameters.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

std::optional<image::Box> read_box(ParamReader& params) {
  if (!params.has("box")) return std::nullopt;
  const std::vector<float> sides = params.floats("box");
  if (sides.size() == 4) return image::Box{sides[0], sides[1], sides[2], sides[3]};
  params.fail("box", "expected [left, top, right, bottom], got " + to_text(sides));
  return std::nullopt;
}

Stage<Image, Image> read_resize(ParamReader& params) {
  image::Resize options;
  options.width = params.integer("width");
  options.height = params.integer("height");
  options.how = read_resampling(params);
  options.box = read_box(params);
  options.reducing_gap = params.number("reducing_gap");
  return image::resize(options);
}

OpDescription resize_description() {
  return {
      .summary = "makes the image width x height; `box` and `reducing_gap` are for pillow only",
      .parameters = joined(
          side_parameters("of the result"),
          joined(resampling_parameters(),
                 {OpParameter::numbers("box", {4}, "[left, top, right, bottom] in float32, within the image, not empty")
                      .at_least(0)
                      .or_else("the whole"),
                  reducing_gap_parameter(image::Resize{}.reducing_gap)})),
      .reference = "pillow: `Image.resize`; torch_u8: `v2.Resize`; opencv: `cv2.resize`",
      .tolerance = "exact",
      .example = R"({"op": "image.resize", "width": 224, "height": 224, "filter": "bicubic"})"};
}

Stage<Image, Image> read_resize_short(ParamReader& params) {
  const std::int64_t size = params.integer("size");
  const image::Resampling how = read_resampling(params);
  const std::int64_t max_size = params.integer("max_size");
  return image::resize_short(size, how, max_size, read_rounding(params));
}

OpDescription resize_short_description() {
  return {.summary =
              "makes the shorter side `size` and keeps the ratio; refused where more than 65535 of the longer side "
              "are seen",
          .parameters = joined(
              {OpParameter::integer("size", 1, kMaxSide, "of the shorter side")},
              joined(resampling_parameters(),
                     {OpParameter::integer("max_size", 0, kMaxSide,
                                           "of the longer side, above `size`, with round from `size` on; 0: none")
                          .by_default(0),
                      rounding_parameter({"truncate", "round"}, "truncate",
                                         "of the shorter side where `max_size` limits")})),
          .reference =
              "torchvision: `Resize(int, max_size=int)`; round: transformers' `get_size_with_aspect_ratio`, DETR's",
          .tolerance = "exact",
          .example = R"({"op": "image.resize_short", "size": 256, "filter": "bicubic"})"};
}

Stage<Image, Image> read_resize_long(ParamReader& params) {
  const std::int64_t size = params.integer("size");
  const image::Resampling how = read_resampling(params);
  return image::resize_long(size, how, read_rounding(params));
}

OpDescription resize_long_description() {
  return {.summary = "makes the longer side `size` and keeps the ratio",
          .parameters = joined(
              {OpParameter::integer("size", 1, kMaxSide, "of the longer side")},
              joined(resampling_parameters(), {rounding_parameter({"truncate", "half_up"}, "truncate",
                                                                  "of the shorter side; truncated it is at least 1")})),
          .reference = "torchvision: v2 `Resize(None, max_size=int)`; half_up: transformers' SAM",
          .tolerance = "exact",
          .example = R"({"op": "image.resize_long", "size": 1024, "rounding": "half_up"})"};
}

Stage<Image, Image> read_resize_fit(ParamReader& params) {
  image::Fit options;
  options.width = params.integer("width");
  options.height = params.integer("height");
  options.fit = static_cast<image::FitTo>(params.choice("fit"));
  options.rounding = read_rounding(params);
  options.multiple = params.integer("multiple");
  options.how = read_resampling(params);
  return image::resize_fit(options);
}

OpDescription resize_fit_description() {
  return {
      .summary = "fits the image into, or around, width x height and keeps the ratio",
      .parameters = joined(
          side_parameters("what is fitted to"),
          joined(
              {OpParameter::choice("fit", {"inside", "cover", "nearest"}, "which side decides").by_default("inside"),
               rounding_parameter({"truncate", "round"}, "round", "of both sides"),
               OpParameter::integer("multiple", 0, kMaxSide, "of both sides, only with round; 0: any").by_default(0)},
              resampling_parameters())),
      .reference =
          "timm: `ResizeKeepRatio`, round(side / ratio); truncate: transformers' `max_height`, `max_width`, "
          "int(side * scale); multiple: transformers' DPT, round(scale * side / multiple) * multiple",
      .tolerance = "exact",
      .example = R"({"op": "image.resize_fit", "width": 384, "height": 384, "multiple": 32})"};
}

Stage<Image, Image> read_thumbnail(ParamReader& params) {
  image::Thumbnail options;
  const Size size = read_size(params);
  options.width = size.width;
  options.height = size.height;
  options.filter = read_filter(params);
  options.reducing_gap = params.number("reducing_gap");
  return image::thumbnail(options);
}

OpDescription thumbnail_description() {
  const image::Thumbnail defaults;
  return {.summary = "makes the image no larger than asked for and keeps the ratio; a smaller image stays as it is",
          .parameters = joined(size_parameters(), {pillow_filter_parameter(defaults.filter),
                                                   reducing_gap_parameter(defaults.reducing_gap)}),
          .one_of = size_alternatives(),
          .reference = "pillow: `Image.thumbnail` of an image in memory",
          .tolerance = "exact",
          .example = R"({"op": "image.thumbnail", "size": 128})"};
}

}  // namespace

void add_resize_ops(Registry& registry) {
  registry.add<Image, Image>("image.resize", read_resize, resize_description);
  registry.add<Image, Image>("image.resize_short", read_resize_short, resize_short_description);
  registry.add<Image, Image>("image.resize_long", read_resize_long, resize_long_description);
  registry.add<Image, Image>("image.resize_fit", read_resize_fit, resize_fit_description);
  registry.add<Image, Image>("image.thumbnail", read_thumbnail, thumbnail_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail
