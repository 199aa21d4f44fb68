// SPDX-License-Identifier: Apache-2.0
// The ops that average areas, by name.
#include <gantry/image/area.hpp>

#include "ops/image/op_parameters.hpp"
#include "ops/image/pyramid_levels.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr const char* kExactForAreas = "exact, for areas of up to 65793 pixels";

std::vector<OpParameter> normalize_parameters() {
  return {OpParameter::numbers("mean", {1, 3, 4}, "one, or one per channel").by_default(0),
          OpParameter::numbers("std", {1, 3, 4}, "one, or one per channel").not_zero().by_default(1)};
}

Stage<Image, Tensor> read_area_to_tensor(ParamReader& params) {
  image::AreaToTensor options;
  options.width = params.integer("width");
  options.height = params.integer("height");
  options.mean = params.floats("mean");
  options.std = params.floats("std");
  return image::area_to_tensor(options);
}

OpDescription area_to_tensor_description() {
  return {.summary = "makes a tensor of another size, of means of areas, its numbers normalised",
          .output = "f32[C, H, W]",
          .parameters = joined(side_parameters("of the tensor"), normalize_parameters()),
          .reference =
              "torch: `interpolate(mode=\"area\")` of the bytes as f32, then (mean of the area - mean) / std, "
              "each operation rounded to f32",
          .tolerance = kExactForAreas,
          .example = R"({"op": "image.area_to_tensor", "width": 24, "height": 24, "mean": 127.5, "std": 128})"};
}

Stage<Image, std::vector<Tensor>> read_pyramid(ParamReader& params) {
  image::Pyramid options;
  options.levels = read_levels(params);
  options.mean = params.floats("mean");
  options.std = params.floats("std");
  return image::pyramid(options);
}

OpDescription pyramid_description() {
  return {.summary = "makes tensors of falling size, of means of areas, for a model that looks for things of one size",
          .output = "f32[C, h, w] for each level",
          .parameters = joined(level_parameters(), normalize_parameters()),
          .reference = "facenet_pytorch: the pyramid of `detect_face`; each level as image.area_to_tensor",
          .tolerance = kExactForAreas,
          .example = R"({"op": "image.pyramid", "scale": 0.6, "factor": 0.709, "mean": 127.5, "std": 128})"};
}

}  // namespace

void add_area_ops(Registry& registry) {
  registry.add<Image, Tensor>("image.area_to_tensor", read_area_to_tensor, area_to_tensor_description);
  registry.add<Image, std::vector<Tensor>>("image.pyramid", read_pyramid, pyramid_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail
