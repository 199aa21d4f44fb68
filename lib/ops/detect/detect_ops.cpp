// SPDX-License-Identifier: Apache-2.0
// Registers the ops on detections.
#include <gantry/detect.hpp>
#include <gantry/registry.hpp>
#include <tuple>
#include <utility>
#include <vector>

#include "ops/classify/read_labels.hpp"
#include "ops/detect/decoder_parameters.hpp"
#include "ops/ops.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

OpDescription clip_description() {
  return {.summary = "cuts boxes and keypoints off where the picture ends, in the pixels of the model's input",
          .reference = "torchvision: `clip_boxes_to_image`, with the picture's size before it was padded",
          .tolerance = "exact",
          .example = R"({"op": "detect.clip"})"};
}

OpDescription boxes_to_picture_description() {
  return {.summary = "gives boxes and keypoints in the picture's own pixels: what image ops did is undone",
          .parameters = {OpParameter::boolean("clip", "cuts them off at the picture's edges").by_default(true)},
          .reference = "ultralytics: `scale_boxes` and `clip_boxes`, for any image ops",
          .tolerance = "exact",
          .example = R"({"op": "detect.to_picture"})"};
}

Stage<Detections, Detections> read_nms(ParamReader& params) {
  detect::Nms options;
  options.iou = params.number("iou");
  options.suppress = static_cast<detect::Suppress>(params.choice("suppress"));
  options.max_count = params.integer("max_count");
  options.overlap = static_cast<detect::Overlap>(params.choice("overlap"));
  options.inclusive = params.boolean("inclusive");
  return detect::nms(options);
}

OpParameter iou_parameter(const char* meaning, double standard) {
  return OpParameter::number("iou", meaning).at_least(0).at_most(1).by_default(standard);
}

OpParameter max_count_parameter() {
  return OpParameter::integer("max_count", 1, kMaxK, "how many stay").by_default(300);
}

OpDescription nms_description() {
  return {.summary = "drops what overlaps a better detection; what stays is in order of score, then of index",
          .parameters = {iou_parameter("the overlap above which the worse one is dropped", 0.5),
                         OpParameter::choice("suppress", {"per_class", "any", "torchvision"},
                                             "which suppress each other: those of one class; all; those of one class "
                                             "as `batched_nms` does it, which moves up to 1000 boxes apart by class")
                             .by_default("per_class"),
                         max_count_parameter(),
                         OpParameter::choice("overlap", {"union", "smaller"},
                                             "intersection / union, or / the area of the smaller one")
                             .by_default("union"),
                         OpParameter::boolean("inclusive", "sides count the last pixel").by_default(false)},
          .reference =
              "torchvision: `nms` in each class, or `batched_nms`; inclusive: Fast R-CNN's `nms.py`, with "
              "`smaller` facenet_pytorch's `nms_numpy`",
          .tolerance = "exact; equal scores in order of index, which `batched_nms` leaves open above 1000 boxes",
          .example = R"({"op": "detect.nms", "iou": 0.45})"};
}

Stage<Detections, Detections> read_soft_nms(ParamReader& params) {
  detect::SoftNms options;
  options.decay = static_cast<detect::Decay>(params.choice("decay"));
  options.iou = params.number("iou");
  options.sigma = params.number("sigma");
  options.score = params.number("score");
  options.suppress = static_cast<detect::Suppress>(params.choice("suppress"));
  options.max_count = params.integer("max_count");
  return detect::soft_nms(options);
}

OpDescription soft_nms_description() {
  return {.summary = "lowers the score of what overlaps a better detection",
          .parameters =
              {OpParameter::choice("decay", {"linear", "gaussian"}, "by 1 - overlap, or by exp(-overlap^2 / sigma)")
                   .by_default("gaussian"),
               iou_parameter("of `linear`: the overlap above which it is lowered", 0.3),
               OpParameter::number("sigma", "of `gaussian`").above(0).by_default(0.5),
               OpParameter::number("score", "what falls below is dropped").at_least(0).at_most(1).by_default(0.001),
               OpParameter::choice("suppress", {"per_class", "any"}, "which lower each other").by_default("per_class"),
               max_count_parameter()},
          .reference = "Bodla et al., Soft-NMS, 2017",
          .tolerance = "1e-6 relative",
          .example = R"({"op": "detect.soft_nms", "decay": "gaussian", "sigma": 0.5})"};
}

Stage<Detections, Detections> read_detection_filter(ParamReader& params) {
  detect::Filter filter;
  if (params.has("score")) filter.score = static_cast<float>(params.number("score"));
  if (params.has("class_scores")) {
    filter.class_scores = params.floats("class_scores");
    if (filter.class_scores.empty()) params.fail("class_scores", "expected a number, or a list of them, got none");
  }
  filter.classes = read_integers(params, "classes", false);
  filter.min_side = static_cast<float>(params.number("min_side"));
  filter.max_count = params.integer("max_count");
  return detect::filter(filter);
}

OpDescription filter_description() {
  return {
      .summary = "keeps some of the detections, in their order",
      .parameters =
          {OpParameter::number("score", "the least score that stays").or_else("any"),
           OpParameter::numbers("class_scores", {}, "the same for each class").or_else("any"),
           OpParameter::numbers("classes", {}, "which stay").whole().at_least(0).or_else("all"),
           OpParameter::number("min_side", "the least width and height that stay, in pixels").at_least(0).by_default(0),
           OpParameter::integer("max_count", 0, kMaxK, "how many stay, from the front; 0: all").by_default(0)},
      .reference = "comparisons of float32",
      .tolerance = "exact",
      .example = R"({"op": "detect.filter", "score": 0.5, "classes": [0, 2]})"};
}

OpDescription label_detections_description() {
  return {.summary = "gives detections the labels of their classes",
          .parameters = {OpParameter::file("labels", "a line for each class")},
          .reference = "a line of the file for each index",
          .tolerance = "exact",
          .example = R"({"op": "detect.label", "labels": "labels.txt"})"};
}

OpDescription boxes_of_description() {
  return {.summary = "gives the boxes of detections alone, in their order",
          .reference = "the same numbers",
          .tolerance = "exact",
          .example = R"({"op": "detect.boxes_of"})"};
}

Stage<std::tuple<Image, Detections>, std::vector<Image>> read_detection_crop(ParamReader& params) {
  detect::Crop options;
  options.margin = params.number("margin");
  options.square = params.boolean("square");
  options.rounding = static_cast<detect::CropRounding>(params.choice("rounding"));
  return detect::crop(options);
}

OpDescription detection_crop_description() {
  return {.summary = "cuts the boxes of detections out of the image, one crop for each; what is outside is cut off",
          .input = "boxes in the picture's own pixels",
          .parameters = {OpParameter::number("margin", "added at each side, as a share of the box's")
                             .at_least(-0.45)
                             .at_most(10)
                             .by_default(0),
                         OpParameter::boolean("square", "the shorter side grows to the longer one").by_default(false),
                         OpParameter::choice("rounding", {"nearest", "facenet"},
                                             "to whole pixels; facenet: towards zero, the first pixel counted as 1")
                             .by_default("nearest")},
          .reference = "pillow: `Image.crop` within the image; facenet: facenet_pytorch's `pad`",
          .tolerance = "exact",
          .example = R"({"op": "detect.crop", "margin": 0.1, "square": true})"};
}

}  // namespace

void add_detect_ops(Registry& registry) {
  registry.add<Detections, Detections>(
      "detect.clip", [](ParamReader&) { return detect::clip(); }, clip_description);
  registry.add<Detections, Detections>(
      "detect.to_picture", [](ParamReader& params) { return detect::to_picture(params.boolean("clip")); },
      boxes_to_picture_description);
  registry.add<Detections, Detections>("detect.nms", read_nms, nms_description);
  registry.add<Detections, Detections>("detect.soft_nms", read_soft_nms, soft_nms_description);
  registry.add<Detections, Detections>("detect.filter", read_detection_filter, filter_description);
  registry.add<Detections, Detections>(
      "detect.label", [](ParamReader& params) { return detect::label(read_labels(params, true)); },
      label_detections_description);
  registry.add<std::tuple<Image, Detections>, std::vector<Image>>("detect.crop", read_detection_crop,
                                                                  detection_crop_description);
  registry.add<Detections, Boxes>(
      "detect.boxes_of", [](ParamReader&) { return detect::boxes_of(); }, boxes_of_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail
