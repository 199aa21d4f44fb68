// SPDX-License-Identifier: Apache-2.0
// Registers the ops of cascades.
#include <gantry/detect/cascade.hpp>
#include <gantry/registry.hpp>
#include <tuple>
#include <utility>
#include <vector>

#include "ops/detect/candidates.hpp"
#include "ops/detect/decoder_parameters.hpp"
#include "ops/image/pyramid_levels.hpp"
#include "ops/ops.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using Levels = std::tuple<Image, std::vector<Tensors>>;
using RefinerAnswers = std::tuple<Detections, std::vector<Tensors>>;
using Named = std::tuple<Detections, std::vector<Classes>>;

OpParameter share_parameter(const char* name, const char* meaning) {
  return OpParameter::number(name, meaning).at_least(0).at_most(1);
}

OpParameter foreground_parameter() {
  return OpParameter::integer("foreground", 0, kMaxSide, "the class that is looked for").by_default(1);
}

Stage<Levels, Detections> read_sliding_window(ParamReader& params) {
  detect::SlidingWindow options;
  options.levels = read_levels(params);
  options.window = params.integer("window");
  options.stride = params.integer("stride");
  options.score = static_cast<float>(params.number("score"));
  options.level_iou = params.number("level_iou");
  options.iou = params.number("iou");
  options.top = params.integer("top");
  options.foreground = params.integer("foreground");
  options.scores = params.string("scores");
  options.boxes = params.string("boxes");
  return detect::sliding_window(options);
}

OpDescription sliding_window_description() {
  std::vector<OpParameter> parameters = level_parameters();
  for (OpParameter& one : std::vector<OpParameter>{
           OpParameter::integer("window", 1, kMaxSide, "pixels that a cell looks at").by_default(12),
           OpParameter::integer("stride", 1, kMaxSide, "pixels from cell to cell").by_default(2),
           share_parameter("score", "the least score of a candidate").by_default(0.6),
           share_parameter("level_iou", "overlaps above it are suppressed within a level").by_default(0.5),
           share_parameter("iou", "overlaps above it are suppressed among all").by_default(0.7),
           OpParameter::integer("top", 1, kMaxCandidates, "how many at most, the best of each level, then of all")
               .by_default(30000),
           foreground_parameter(), tensor_parameter("scores", "the tensor f32[classes, h, w] of shares"),
           tensor_parameter("boxes", "the tensor f32[4, h, w] of how far sides move, in sides of the box")})
    parameters.push_back(std::move(one));
  return {.summary = "decodes what a fully convolutional classifier of windows gave for each level of image.pyramid",
          .input = "the image, and scores f32[classes, h, w], boxes f32[4, h, w] for each level",
          .output = "boxes in the image's pixels",
          .parameters = std::move(parameters),
          .reference = "facenet_pytorch: the first stage of `detect_face`",
          .tolerance = "exact",
          .example = R"({"op": "detect.sliding_window"})"};
}

Stage<RefinerAnswers, Detections> read_refine(ParamReader& params) {
  detect::Refine options;
  options.score = static_cast<float>(params.number("score"));
  if (params.has("iou")) options.iou = params.number("iou");
  options.inclusive = params.boolean("inclusive");
  options.foreground = params.integer("foreground");
  options.scores = params.string("scores");
  options.boxes = params.string("boxes");
  if (params.has("points")) options.points = params.string("points");
  return detect::refine(options);
}

OpDescription refine_description() {
  return {.summary = "takes scores, boxes and keypoints from what a model said of the crop of each detection",
          .input = "the detections, and scores f32[classes], boxes f32[4], perhaps points f32[2 * n] for each",
          .parameters =
              {share_parameter("score", "scores above it stay").by_default(0.7),
               share_parameter("iou", "overlaps above it are suppressed before boxes are moved").or_else("none are"),
               OpParameter::boolean("inclusive", "sides count the last pixel, as MTCNN's do").by_default(false),
               foreground_parameter(), tensor_parameter("scores", "the tensor f32[classes] of shares"),
               tensor_parameter("boxes", "the tensor f32[4] of how far sides move, in sides of the box"),
               OpParameter::of(OpParameter::Type::kString, "points",
                               "the tensor f32[2 * n]: x, then y, as shares of the box")
                   .or_else("no keypoints")},
          .reference = "facenet_pytorch: the second and third stage of `detect_face`",
          .tolerance = "exact",
          .example = R"({"op": "detect.refine", "score": 0.7, "iou": 0.7, "inclusive": true})"};
}

OpDescription square_description() {
  return {.summary = "makes boxes squares with the same centre and the longer side",
          .reference = "facenet_pytorch: `rerec`",
          .tolerance = "exact",
          .example = R"({"op": "detect.square"})"};
}

Stage<Named, Detections> read_classify(ParamReader& params) {
  return detect::classify(static_cast<detect::ClassifiedScore>(params.choice("score")));
}

OpDescription classify_description() {
  return {.summary = "gives each detection the best class of its crop, its index and label; in order of score then",
          .parameters = {OpParameter::choice("score", {"class", "detection", "product"}, "whose score is kept")
                             .by_default("class")},
          .reference = "the same numbers; product: of float32",
          .tolerance = "exact",
          .example = R"({"op": "detect.classify"})"};
}

}  // namespace

void add_cascade_ops(Registry& registry) {
  registry.add<Levels, Detections>("detect.sliding_window", read_sliding_window, sliding_window_description);
  registry.add<RefinerAnswers, Detections>("detect.refine", read_refine, refine_description);
  registry.add<Detections, Detections>(
      "detect.square", [](ParamReader&) { return detect::square(); }, square_description);
  registry.add<Named, Detections>("detect.classify", read_classify, classify_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail
