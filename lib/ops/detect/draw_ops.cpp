// SPDX-License-Identifier: Apache-2.0
// Registers detect.draw.
#include <gantry/detect/draw.hpp>
#include <gantry/registry.hpp>

#include "ops/detect/draw_sizes.hpp"
#include "ops/ops.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

Stage<std::tuple<Image, Detections>, Image> read_draw(ParamReader& params) {
  detect::Draw options;
  options.line_width = params.integer("line_width");
  options.text_scale = params.integer("text_scale");
  options.labels = params.boolean("labels");
  options.scores = params.boolean("scores");
  options.keypoint_score = params.number("keypoint_score");
  options.mask_alpha = params.number("mask_alpha");
  return detect::draw(options);
}

OpDescription draw_description() {
  return {
      .summary =
          "draws masks, boxes, labels, scores and keypoints on a copy of the picture, for people to look at; boxes are "
          "in "
          "pixels of this image",
      .output = "RGB",
      .parameters =
          {OpParameter::integer("line_width", 0, kMaxLineWidth, "in pixels; 0: by the picture's size").by_default(0),
           OpParameter::integer("text_scale", 0, kMaxTextScale,
                                "pixels of a dot of the 6x10 letters; 0: by the picture's size")
               .by_default(0),
           OpParameter::boolean("labels", "of a detection without one its class").by_default(true),
           OpParameter::boolean("scores", "behind the label").by_default(true),
           OpParameter::number("keypoint_score", "keypoints with a smaller one are left out").by_default(0),
           OpParameter::number("mask_alpha", "how much of a mask's colour is seen; 0: masks are left out")
               .at_least(0)
               .at_most(1)
               .by_default(0.5)},
      .reference = "none, so golden cases do not hold it",
      .tolerance = "none",
      .example = R"({"op": "detect.draw", "line_width": 3})"};
}

}  // namespace

void add_draw_ops(Registry& registry) {
  registry.add<std::tuple<Image, Detections>, Image>("detect.draw", read_draw, draw_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail
