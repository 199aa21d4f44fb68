// SPDX-License-Identifier: Apache-2.0
// Registers the decoders.
#include <gantry/detect/decoders.hpp>
#include <gantry/detect/grid.hpp>
#include <gantry/registry.hpp>
#include <utility>

#include "ops/detect/candidates.hpp"
#include "ops/detect/decoder_parameters.hpp"
#include "ops/ops.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using detect::Activation;

constexpr const char* kExact = "exact";
/// exp() rounds differently from torch's.
constexpr const char* kRounded = "2e-6 relative, of a box to its largest number";
constexpr const char* kAnchorInput = "boxes f32[n, 4], scores f32[n, classes], anchors f32[n, 4]";

// ---- heads with anchors

std::vector<OpParameter> anchor_parameters(bool has_levels) {
  std::vector<OpParameter> parameters = {tensor_parameter("boxes", "the tensor of what is regressed"),
                                         tensor_parameter("scores", "the tensor of logits"), anchors_parameter()};
  if (has_levels) parameters.push_back(levels_parameter());
  return parameters;
}

detect::AnchorHead read_anchor_head(ParamReader& params) {
  detect::AnchorHead head;
  head.boxes = params.string("boxes");
  head.scores = params.string("scores");
  head.anchors = read_anchors(params);
  return head;
}

Stage<Tensors, Detections> read_ssd(ParamReader& params) {
  const detect::Candidates candidates = read_candidates(params);
  return detect::ssd({candidates, read_anchor_head(params)});
}

OpDescription ssd_description() {
  return {.summary = "decodes the head of an SSD: softmax with the background as class 0, the best of each class",
          .input = kAnchorInput,
          .parameters = with_candidates(anchor_parameters(false), 0.01, 400, " of each class"),
          .reference = "torchvision: `SSD.postprocess_detections()` up to its clipping",
          .tolerance = kRounded,
          .example = R"({"op": "detect.ssd"})"};
}

Stage<Tensors, Detections> read_retinanet(ParamReader& params) {
  const detect::Candidates candidates = read_candidates(params);
  const detect::AnchorHead head = read_anchor_head(params);
  return detect::retinanet({candidates, head, read_integers(params, "levels", false)});
}

OpDescription retinanet_description() {
  return {.summary = "decodes the head of a RetinaNet: sigmoids, the best of each level",
          .input = std::string(kAnchorInput) + ", perhaps levels i64[levels]",
          .parameters = with_candidates(anchor_parameters(true), 0.05, 1000, " of each level"),
          .reference = "torchvision: `RetinaNet.postprocess_detections()` up to its clipping",
          .tolerance = kRounded,
          .example = R"({"op": "detect.retinanet"})"};
}

Stage<Tensors, Detections> read_fcos(ParamReader& params) {
  const detect::Candidates candidates = read_candidates(params);
  const detect::AnchorHead head = read_anchor_head(params);
  const std::string centerness = params.string("centerness");
  return detect::fcos({candidates, head, centerness, read_integers(params, "levels", false)});
}

OpDescription fcos_description() {
  auto parameters = anchor_parameters(true);
  parameters.push_back(tensor_parameter("centerness", "the tensor f32[n, 1] of logits"));
  return {.summary = "decodes the head of an FCOS: sqrt(class * centerness), the best of each level",
          .input = std::string(kAnchorInput) + ", centerness f32[n, 1], perhaps levels i64[levels]",
          .parameters = with_candidates(std::move(parameters), 0.2, 1000, " of each level"),
          .reference = "torchvision: `FCOS.postprocess_detections()` up to its clipping",
          .tolerance = kRounded,
          .example = R"({"op": "detect.fcos"})"};
}

// ---- heads that give boxes

Stage<Tensors, Detections> read_detr(ParamReader& params) {
  detect::Detr options;
  options.candidates = read_candidates(params);
  options.activation = params.choice("activation") == 0 ? Activation::kSoftmax : Activation::kSigmoid;
  options.boxes = params.string("boxes");
  options.scores = params.string("scores");
  options.width = params.integer("width");
  options.height = params.integer("height");
  return detect::detr(options);
}

OpDescription detr_description() {
  std::vector<OpParameter> parameters = picture_parameters();
  parameters.push_back(OpParameter::choice("activation", {"softmax", "sigmoid"},
                                           "softmax: the last class is no object, a query has one class; "
                                           "sigmoid: it may have several")
                           .by_default("softmax"));
  parameters.push_back(tensor_parameter("boxes", "the tensor of centres, widths and heights, as shares"));
  parameters.push_back(tensor_parameter("scores", "the tensor of logits"));
  return {.summary = "decodes the head of a DETR",
          .input = "boxes f32[n, 4], scores f32[n, classes]",
          .parameters = with_candidates(std::move(parameters), 0.5, 300),
          .reference = "DETR: `PostProcess`; Deformable DETR: `PostProcess`",
          .tolerance = kRounded,
          .example = R"({"op": "detect.detr", "boxes": "pred_boxes", "scores": "pred_logits"})"};
}

Stage<Tensors, Detections> read_boxes(ParamReader& params) {
  detect::BoxHead options;
  options.candidates = read_candidates(params);
  options.format = static_cast<detect::BoxFormat>(params.choice("format"));
  options.relative = params.boolean("relative");
  options.width = params.integer("width");
  options.height = params.integer("height");
  options.boxes = params.string("boxes");
  options.scores = params.string("scores");
  options.labels = params.string("labels");
  options.activation = static_cast<Activation>(params.choice("activation"));
  options.background = params.integer("background");
  options.multi_label = params.boolean("multi_label");
  options.keypoints = params.string("keypoints");
  options.keypoint_scores = params.string("keypoint_scores");
  if (params.has("masks")) options.masks = params.string("masks");
  return detect::boxes(options);
}

OpDescription boxes_description() {
  std::vector<OpParameter> parameters = picture_parameters();
  parameters.push_back(OpParameter::choice("format", {"xyxy", "xywh", "cxcywh"},
                                           "the four numbers of a box: corners, "
                                           "top left and size, centre and size")
                           .by_default("xyxy"));
  parameters.push_back(
      OpParameter::boolean("relative", "boxes are shares of width and height, not pixels").by_default(false));
  parameters.push_back(tensor_parameter("boxes", "the tensor of boxes"));
  parameters.push_back(tensor_parameter("scores", "the tensor of scores"));
  parameters.push_back(tensor_parameter("labels", "the tensor of classes, where scores are f32[n]; empty: all are 0"));
  parameters.push_back(
      OpParameter::choice("activation", {"none", "softmax", "sigmoid"}, "what makes scores, along the classes")
          .by_default("none"));
  parameters.push_back(
      OpParameter::integer("background", -1, kMaxClass, "the class that is no candidate; -1: none").by_default(-1));
  parameters.push_back(multi_label_parameter(false));
  const auto optional_tensor = [](const char* name, const char* meaning) {
    return OpParameter::of(OpParameter::Type::kString, name, meaning).by_default("");
  };
  parameters.push_back(
      optional_tensor("keypoints", "the tensor f32[n, k, 2], or f32[n, k, 3] with scores; empty: none"));
  parameters.push_back(optional_tensor("keypoint_scores", "the tensor f32[n, k] of their scores; empty: none"));
  parameters.push_back(OpParameter::of(OpParameter::Type::kString, "masks",
                                       "the tensor of probabilities over each box, for `detect.paste_masks`")
                           .or_else("there is none"));
  return {.summary = "takes boxes as a head gives them",
          .input =
              "boxes f32[n, 4], scores f32[n, classes], or scores f32[n] and labels i64[n] or i32[n]; perhaps "
              "masks f32[n, h, w] or f32[n, 1, h, w]",
          .parameters = with_candidates(std::move(parameters), 0.25, 30000),
          .reference = "torch: `max(1)` of the scores, or all of them, then a stable descending sort",
          .tolerance = "exact; with softmax or sigmoid 2e-6 relative",
          .example = R"({"op": "detect.boxes", "format": "cxcywh", "score": 0.5})"};
}

// ---- heads of grids

template <class P>
P read_grid(ParamReader& params) {
  P options;
  options.width = params.integer("width");
  options.height = params.integer("height");
  options.strides = read_integers(params, "strides", true);
  options.candidates = read_candidates(params);
  options.multi_label = params.boolean("multi_label");
  return options;
}

OpParameter layout_parameter() {
  return OpParameter::choice("layout", {"channels_first", "channels_last"}, "how the axes lie")
      .by_default("channels_first");
}

Stage<Tensor, Detections> read_yolov5(ParamReader& params) {
  const detect::Candidates candidates = read_candidates(params);
  const bool multi_label = params.boolean("multi_label");
  return detect::yolov5({candidates, multi_label, params.integer("class_count")});
}

OpDescription yolov5_description() {
  return {.summary = "decodes the head of YOLOv5, v6 or v7 as it is exported",
          .input = "f32[n, 5 + classes]",
          .parameters = with_candidates({multi_label_parameter(false), class_count_parameter()}, 0.25, 30000),
          .reference = "ultralytics/yolov5: `non_max_suppression()` up to its suppression",
          .tolerance = kExact,
          .example = R"({"op": "detect.yolov5"})"};
}

Stage<Tensor, Detections> read_yolov8(ParamReader& params) {
  detect::Yolov8 options;
  options.candidates = read_candidates(params);
  options.layout = static_cast<detect::HeadLayout>(params.choice("layout"));
  options.multi_label = params.boolean("multi_label");
  options.class_count = params.integer("class_count");
  options.keypoints = params.integer("keypoints");
  options.keypoint_scores = params.boolean("keypoint_scores");
  return detect::yolov8(options);
}

OpDescription yolov8_description() {
  return {.summary = "decodes the head of YOLOv8, 9, 11 or 12 as it is exported",
          .input = "f32[4 + classes + 3 * keypoints, n], or with the axes exchanged",
          .parameters = with_candidates(
              {layout_parameter(), multi_label_parameter(false), class_count_parameter(),
               OpParameter::integer("keypoints", 0, 1024, "of a pose head, how many").by_default(0),
               OpParameter::boolean("keypoint_scores", "a keypoint is x, y and score, not x and y").by_default(true)},
              0.25, 30000),
          .reference = "ultralytics: `non_max_suppression()` up to its suppression",
          .tolerance = kExact,
          .example = R"({"op": "detect.yolov8"})"};
}

Stage<Tensors, Detections> read_yolov8_seg(ParamReader& params) {
  detect::Yolov8Seg options;
  options.candidates = read_candidates(params);
  options.layout = static_cast<detect::HeadLayout>(params.choice("layout"));
  options.multi_label = params.boolean("multi_label");
  options.stride = params.integer("stride");
  options.head = params.string("head");
  options.prototypes = params.string("prototypes");
  return detect::yolov8_seg(options);
}

OpDescription yolov8_seg_description() {
  std::vector<OpParameter> parameters = {
      layout_parameter(), multi_label_parameter(false),
      OpParameter::integer("stride", 1, kMaxSide, "pixels of the model's input to a prototype's value").by_default(4),
      OpParameter::of(OpParameter::Type::kString, "head", "the tensor of boxes, classes and coefficients")
          .by_default("output0"),
      OpParameter::of(OpParameter::Type::kString, "prototypes", "the tensor f32[k, h, w] of prototypes")
          .by_default("output1")};
  return {.summary = "decodes the head of YOLOv8-seg or 11-seg as it is exported, with what `detect.paste_masks` needs",
          .input = "output0 f32[4 + classes + k, n], or f32[n, 4 + classes + k], and output1 f32[k, h, w]",
          .parameters = with_candidates(std::move(parameters), 0.25, 30000),
          .reference = "ultralytics: `non_max_suppression()` up to its suppression",
          .tolerance = kExact,
          .example = R"({"op": "detect.yolov8_seg"})"};
}

Stage<Tensor, Detections> read_yolov8_raw(ParamReader& params) {
  auto options = read_grid<detect::Yolov8Raw>(params);
  options.bins = params.integer("bins");
  options.layout = static_cast<detect::HeadLayout>(params.choice("layout"));
  options.class_count = params.integer("class_count");
  return detect::yolov8_raw(options);
}

OpDescription yolov8_raw_description() {
  std::vector<OpParameter> parameters = grid_parameters({8, 16, 32});
  parameters.push_back(OpParameter::integer("bins", 2, 256, "of each side's distribution, `reg_max`").by_default(16));
  parameters.push_back(layout_parameter());
  parameters.push_back(multi_label_parameter(false));
  parameters.push_back(class_count_parameter());
  return {.summary = "decodes the head of YOLOv8, 9, 11 or 12 before it is decoded: distributions and logits",
          .input = "f32[4 * bins + classes, n], or f32[n, 4 * bins + classes]",
          .parameters = with_candidates(std::move(parameters), 0.25, 30000),
          .reference = "ultralytics: `Detect` and `dist2bbox()`, then `non_max_suppression()` up to its suppression",
          .tolerance = kRounded,
          .example = R"({"op": "detect.yolov8_raw", "width": 640, "height": 640})"};
}

Stage<Tensor, Detections> read_yolox(ParamReader& params) {
  auto options = read_grid<detect::Yolox>(params);
  options.class_count = params.integer("class_count");
  return detect::yolox(options);
}

OpDescription yolox_description() {
  std::vector<OpParameter> parameters = grid_parameters({8, 16, 32});
  parameters.push_back(multi_label_parameter(false));
  parameters.push_back(class_count_parameter());
  return {.summary = "decodes the head of YOLOX",
          .input = "f32[n, 5 + classes]",
          .parameters = with_candidates(std::move(parameters), 0.1, 30000),
          .reference = "YOLOX: `demo_postprocess()`, then `multiclass_nms()` up to its suppression",
          .tolerance = kRounded,
          .example = R"({"op": "detect.yolox", "width": 640, "height": 640})"};
}

Stage<Tensors, Detections> read_centernet(ParamReader& params) {
  detect::Centernet options;
  options.candidates = read_candidates(params);
  options.stride = params.integer("stride");
  options.activation = params.choice("activation") == 0 ? Activation::kSigmoid : Activation::kNone;
  options.heatmap = params.string("heatmap");
  options.sizes = params.string("sizes");
  options.offset = params.string("offset");
  return detect::centernet(options);
}

OpDescription centernet_description() {
  std::vector<OpParameter> parameters = {
      OpParameter::integer("stride", 1, kMaxSide, "pixels of the model's input to a cell").by_default(4),
      OpParameter::choice("activation", {"sigmoid", "none"}, "of the heat map").by_default("sigmoid"),
      tensor_parameter("heatmap", "the tensor of scores"),
      OpParameter::of(OpParameter::Type::kString, "sizes", "the tensor of widths and heights, in cells")
          .by_default("wh"),
      tensor_parameter("offset", "the tensor from the cell's corner, x and y; empty: none, 0.5")};
  return {.summary = "decodes the head of a CenterNet: the peaks of its heat map",
          .input = "heatmap f32[classes, h, w], wh f32[2, h, w], offset f32[2, h, w]",
          .parameters = with_candidates(std::move(parameters), 0.3, 100),
          .reference = "CenterNet: `ctdet_decode()`",
          .tolerance = kRounded,
          .example = R"({"op": "detect.centernet"})"};
}

Stage<Tensors, Detections> read_picodet(ParamReader& params) {
  auto options = read_grid<detect::Picodet>(params);
  options.activation = params.choice("activation") == 0 ? Activation::kNone : Activation::kSigmoid;
  return detect::picodet(options);
}

OpDescription picodet_description() {
  std::vector<OpParameter> parameters = grid_parameters({8, 16, 32, 64});
  parameters.push_back(OpParameter::choice("activation", {"none", "sigmoid"}, "of the scores").by_default("none"));
  parameters.push_back(multi_label_parameter(true));
  return {.summary = "decodes the head of a PicoDet, or of another that was trained with Generalized Focal Loss",
          .input = "for each stride f32[cells, classes], then for each f32[cells, 4 * bins]",
          .parameters = with_candidates(std::move(parameters), 0.4, 1000, " cells of each level"),
          .reference = "PaddleDetection: `PicoDetPostProcess` up to its suppression",
          .tolerance = kRounded,
          .example = R"({"op": "detect.picodet", "width": 320, "height": 320})"};
}

}  // namespace

void add_decoder_ops(Registry& registry) {
  registry.add<Tensors, Detections>("detect.ssd", read_ssd, ssd_description);
  registry.add<Tensors, Detections>("detect.retinanet", read_retinanet, retinanet_description);
  registry.add<Tensors, Detections>("detect.fcos", read_fcos, fcos_description);
  registry.add<Tensors, Detections>("detect.detr", read_detr, detr_description);
  registry.add<Tensors, Detections>("detect.boxes", read_boxes, boxes_description);
  registry.add<Tensor, Detections>("detect.yolov5", read_yolov5, yolov5_description);
  registry.add<Tensor, Detections>("detect.yolov8", read_yolov8, yolov8_description);
  registry.add<Tensors, Detections>("detect.yolov8_seg", read_yolov8_seg, yolov8_seg_description);
  registry.add<Tensor, Detections>("detect.yolov8_raw", read_yolov8_raw, yolov8_raw_description);
  registry.add<Tensor, Detections>("detect.yolox", read_yolox, yolox_description);
  registry.add<Tensors, Detections>("detect.centernet", read_centernet, centernet_description);
  registry.add<Tensors, Detections>("detect.picodet", read_picodet, picodet_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail
