// SPDX-License-Identifier: Apache-2.0
// The ops that mirror, turn and warp images, by name.
#include "ops/image/op_parameters.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr const char* kWarpTolerance = "bilinear: 1 in at most 0.2 % of the bytes, or in four";

std::vector<OpParameter> sampling_parameters(const char* filter) {
  return {OpParameter::choice("filter", {"bilinear", "nearest"}, "").by_default(filter),
          OpParameter::integer("fill", 0, 255, "what is outside, in every channel").or_else("none: edges fade to 0")};
}

image::Sampling read_sampling(ParamReader& params) {
  image::Sampling how;
  constexpr image::Filter kFilters[] = {image::Filter::kBilinear, image::Filter::kNearest};
  how.filter = kFilters[params.choice("filter")];
  if (!params.has("fill")) return how;
  const std::int64_t fill = params.integer("fill");
  if (auto ok = check_range("fill", fill, 0, 255); !ok) params.fail("fill", ok.error().message());
  how.fill = static_cast<std::uint8_t>(fill);
  return how;
}

Stage<Image, Image> read_affine(ParamReader& params) {
  image::Affine options;
  options.angle = params.number("angle");
  options.translate_x = params.number("translate_x");
  options.translate_y = params.number("translate_y");
  options.scale = params.number("scale");
  options.shear_x = params.number("shear_x");
  options.shear_y = params.number("shear_y");
  if (params.has("centre")) {
    const std::vector<double> centre = params.numbers("centre");
    if (centre.size() == 2)
      options.centre = {centre[0], centre[1]};
    else
      params.fail("centre", "expected [x, y]");
  }
  options.how = read_sampling(params);
  return image::affine(options);
}

OpDescription affine_description() {
  return {.summary = "turns, scales, shears and moves the image at its size",
          .parameters = joined({OpParameter::number("angle", "degrees, clockwise").by_default(0),
                                OpParameter::number("translate_x", "pixels").by_default(0),
                                OpParameter::number("translate_y", "pixels").by_default(0),
                                OpParameter::number("scale", "").above(0).by_default(1),
                                OpParameter::number("shear_x", "degrees").by_default(0),
                                OpParameter::number("shear_y", "degrees").by_default(0),
                                OpParameter::numbers("centre", {2}, "[x, y] in pixels").or_else("the image's")},
                               sampling_parameters("nearest")),
          .reference = "torchvision: `v2.functional.affine` on uint8 tensors",
          .tolerance = kWarpTolerance,
          .example = R"({"op": "image.affine", "angle": 15, "filter": "bilinear"})"};
}

image::Corners read_corners(ParamReader& params, const char* key) {
  image::Corners corners{};
  const std::vector<double> numbers = params.numbers(key);
  if (numbers.size() != 8) params.fail(key, "expected eight numbers, x and y of four corners");
  for (std::size_t i = 0; i < 8 && numbers.size() == 8; ++i) corners[i / 2][i % 2] = numbers[i];
  return corners;
}

Stage<Image, Image> read_perspective(ParamReader& params) {
  image::Perspective options;
  options.start = read_corners(params, "start");
  options.end = read_corners(params, "end");
  options.how = read_sampling(params);
  return image::perspective(options);
}

OpDescription perspective_description() {
  return {.summary = "moves four corners of the image, at its size; no three of them may lie on a line",
          .parameters = joined({OpParameter::numbers("start", {8}, "x and y of four corners"),
                                OpParameter::numbers("end", {8}, "where they go")},
                               sampling_parameters("bilinear")),
          .reference = "torchvision: `v2.functional.perspective`",
          .tolerance = kWarpTolerance,
          .example = R"({"op": "image.perspective", "start": [10, 5, 90, 0, 99, 95, 0, 99],)"
                     R"( "end": [0, 0, 99, 0, 99, 99, 0, 99]})"};
}

Stage<Image, Image> read_flip(ParamReader& params) {
  return image::flip(static_cast<image::FlipAxis>(params.choice("axis")));
}

OpDescription flip_description() {
  return {.summary = "mirrors the image",
          .parameters = {OpParameter::choice("axis", {"horizontal", "vertical"}, "horizontal: left to right")
                             .by_default("horizontal")},
          .reference = "pillow: `transpose`",
          .tolerance = "exact",
          .example = R"({"op": "image.flip", "axis": "vertical"})"};
}

Stage<Image, Image> read_rotate90(ParamReader& params) {
  return image::rotate90(params.integer("turns"));
}

OpDescription rotate90_description() {
  return {.summary = "turns the image by quarter turns",
          .parameters = {OpParameter::integer("turns", 0, 3, "counterclockwise").by_default(1)},
          .reference = "pillow: `transpose`; numpy: `rot90`",
          .tolerance = "exact",
          .example = R"({"op": "image.rotate90", "turns": 3})"};
}

}  // namespace

void add_warp_ops(Registry& registry) {
  registry.add<Image, Image>("image.flip", read_flip, flip_description);
  registry.add<Image, Image>("image.rotate90", read_rotate90, rotate90_description);
  registry.add<Image, Image>("image.affine", read_affine, affine_description);
  registry.add<Image, Image>("image.perspective", read_perspective, perspective_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail
