// SPDX-License-Identifier: Apache-2.0
// Registers the ops on keypoints.
#include <gantry/keypoints.hpp>
#include <gantry/registry.hpp>

#include "ops/detect/decoder_parameters.hpp"
#include "ops/ops.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

Stage<Tensor, Keypoints> read_heatmaps(ParamReader& params) {
  keypoints::Heatmaps options;
  options.stride = params.integer("stride");
  options.refine = params.choice("refine") == 0 ? keypoints::Refine::kQuarter : keypoints::Refine::kNone;
  options.activation = params.choice("activation") == 0 ? detect::Activation::kNone : detect::Activation::kSigmoid;
  return keypoints::heatmaps(options);
}

OpDescription heatmaps_description() {
  return {
      .summary = "takes the maximum of each heat map as a keypoint, in pixels of the model's input",
      .input = "f32[n, h, w]",
      .parameters = {OpParameter::integer("stride", 1, kMaxSide, "pixels of the model's input to a cell").by_default(4),
                     OpParameter::choice("refine", {"quarter", "none"},
                                         "quarter: of a cell, towards the larger neighbour along each axis")
                         .by_default("quarter"),
                     OpParameter::choice("activation", {"none", "sigmoid"}, "of the heat maps").by_default("none")},
      .reference = "HRNet: `get_max_preds()` and `get_final_preds()`",
      .tolerance = "exact; scores with sigmoid 2e-6 relative",
      .example = R"({"op": "keypoints.heatmaps", "stride": 4})"};
}

Stage<Tensor, Keypoints> read_points(ParamReader& params) {
  keypoints::Points options;
  options.relative = params.boolean("relative");
  options.width = params.integer("width");
  options.height = params.integer("height");
  options.y_first = params.boolean("y_first");
  return keypoints::points(options);
}

OpDescription points_description() {
  std::vector<OpParameter> parameters = picture_parameters();
  parameters.push_back(OpParameter::boolean("relative", "they are shares of width and height").by_default(false));
  parameters.push_back(OpParameter::boolean("y_first", "a row is y, x").by_default(false));
  return {.summary = "takes keypoints as a model gives them; without scores these are 1",
          .input = "f32[n, 2], or f32[n, 3] with scores",
          .parameters = std::move(parameters),
          .reference = "the same numbers; shares: `share * side` in float32",
          .tolerance = "exact",
          .example = R"({"op": "keypoints.points", "relative": true})"};
}

OpDescription keypoints_to_picture_description() {
  return {.summary = "gives keypoints in the picture's own pixels: what image ops did is undone",
          .parameters = {OpParameter::boolean("clip", "moves those outside to the picture's edges").by_default(true)},
          .reference = "ultralytics: `scale_coords`, for any image ops",
          .tolerance = "exact",
          .example = R"({"op": "keypoints.to_picture"})"};
}

}  // namespace

void add_keypoint_ops(Registry& registry) {
  registry.add<Tensor, Keypoints>("keypoints.heatmaps", read_heatmaps, heatmaps_description);
  registry.add<Tensor, Keypoints>("keypoints.points", read_points, points_description);
  registry.add<Keypoints, Keypoints>(
      "keypoints.to_picture", [](ParamReader& params) { return keypoints::to_picture(params.boolean("clip")); },
      keypoints_to_picture_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail
