// SPDX-License-Identifier: Apache-2.0
// Registers the segmentation ops.
#include <gantry/registry.hpp>
#include <gantry/segmentation.hpp>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ops/detect/decoder_parameters.hpp"
#include "ops/ops.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {

namespace {

constexpr std::int64_t kMaxLabel = (std::int64_t{1} << 31) - 1;

Segment read_size(ParamReader& params) {
  Segment size;
  size.height = params.integer("height");
  size.width = params.integer("width");
  size.size = static_cast<SegmentSize>(params.choice("size"));
  size.stride = params.integer("stride");
  size.outside = static_cast<std::int32_t>(params.integer("outside"));
  return size;
}

std::vector<OpParameter> with_size(std::vector<OpParameter> own) {
  const std::string meaning = "of the result; both 0: those of what it is given";
  own.push_back(OpParameter::integer("height", 0, kMaxSide, meaning).by_default(0));
  own.push_back(OpParameter::integer("width", 0, kMaxSide, meaning).by_default(0));
  own.push_back(OpParameter::choice("size", {"given", "picture"},
                                    "picture: the picture's own, what image ops did before the model is undone")
                    .by_default("given"));
  own.push_back(OpParameter::integer("stride", 1, kMaxSide, "of `picture`: pixels of the model's input to a value")
                    .by_default(1));
  own.push_back(
      OpParameter::integer("outside", -1, kMaxLabel, "of `picture`: the label of what the model was not shown of it")
          .by_default(-1));
  return own;
}

Stage<Tensor, Tensor> read_segment(ParamReader& params) {
  return segment(read_size(params));
}

OpDescription segment_description() {
  return {.summary = "says which class each pixel is",
          .input = "f32[classes, h, w]",
          .output = "i32[height, width]",
          .parameters = with_size({}),
          .reference =
              "torch: `interpolate(mode=\"bilinear\")` of the logits, or of the picture's part of them, then "
              "`argmax(0)`",
          .tolerance = "exact but where the two best logits differ by rounding",
          .example = R"({"op": "segment", "height": 512, "width": 512})",
          .domain = "segment"};
}

Stage<std::tuple<Tensor, Tensor>, Tensor> read_segment_input(ParamReader&) {
  return segment_input();
}

OpDescription segment_input_description() {
  return {.summary = "says which class each pixel of the model's input is",
          .input = "the input [.., height, width] and the logits f32[classes, h, w]",
          .output = "i32[height, width]",
          .reference = "torch: `interpolate(mode=\"bilinear\")`, then `argmax(0)`",
          .tolerance = "exact but where the two best logits differ by rounding",
          .example = R"({"op": "segment.input"})",
          .domain = "segment"};
}

Stage<Tensor, Tensor> read_binary(ParamReader& params) {
  SegmentBinary options;
  options.threshold = params.number("threshold");
  options.logits = params.choice("values") == 0;
  options.size = read_size(params);
  return segment_binary(options);
}

OpDescription binary_description() {
  return {.summary = "says which pixels are inside: 1, and 0 outside",
          .input = "f32[1, h, w] or f32[h, w]",
          .output = "i32[height, width]",
          .parameters = with_size(
              {OpParameter::number("threshold", "what is above it is inside; of logits 0..1").by_default(0.5),
               OpParameter::choice("values", {"logits", "probabilities"}, "what is given").by_default("logits")}),
          .reference = "torch: `interpolate(mode=\"bilinear\")`, then `> threshold`, of logits `> logit(threshold)`",
          .tolerance = "exact but where a value is within rounding of the threshold",
          .example = R"({"op": "segment.binary", "size": "picture"})"};
}

Stage<Tensor, Masks> read_masks(ParamReader& params) {
  return label_masks(read_integers(params, "classes", false));
}

OpDescription masks_description() {
  return {.summary = "gives a mask for each class",
          .input = "labels i32[h, w]",
          .parameters = {OpParameter::numbers("classes", {}, "of these, in this order, also if no pixel has it")
                             .whole()
                             .at_least(0)
                             .at_most(static_cast<double>(kMaxLabel))
                             .or_else("those from 0 on that are there, in ascending order")},
          .reference = "torch: `labels == class`",
          .tolerance = "exact",
          .example = R"({"op": "segment.masks", "classes": [7, 8]})"};
}

OpParameter background_parameter(const char* meaning) {
  return OpParameter::integer("background", -1, kMaxLabel, meaning).by_default(0);
}

Stage<Tensor, Image> read_to_image(ParamReader& params) {
  const auto colours = static_cast<LabelColours>(params.choice("colours"));
  return label_image(colours, params.integer("background"));
}

OpDescription to_image_description() {
  return {.summary = "makes an image of labels, which `image.encode` makes a PNG of",
          .input = "i32[h, w]",
          .parameters = {OpParameter::choice("colours", {"numbers", "palette"},
                                             "numbers: gray, the labels themselves; palette: as detect.draw colours")
                             .by_default("numbers"),
                         background_parameter("of `palette`: the class that is black, as is what is below 0")},
          .reference = "the same numbers, or the colours of detect.draw",
          .tolerance = "exact",
          .example = R"({"op": "segment.to_image", "colours": "palette"})"};
}

Stage<std::tuple<Image, Tensor>, Image> read_overlay(ParamReader& params) {
  Overlay options;
  options.alpha = params.number("alpha");
  options.background = params.integer("background");
  return overlay(options);
}

OpDescription overlay_description() {
  return {.summary = "blends labels over a copy of the image in the colours of their classes",
          .input = "labels i32[height, width] of the image's size",
          .output = "RGB",
          .parameters =
              {OpParameter::number("alpha", "how much of a colour is seen").at_least(0).at_most(1).by_default(0.5),
               background_parameter("the class that is left out, as is what is below 0")},
          .reference = "torchvision: `draw_segmentation_masks` with the colours of detect.draw",
          .tolerance = "exact",
          .example = R"({"op": "segment.overlay", "alpha": 0.6})"};
}

}  // namespace

void add_segment_ops(Registry& registry) {
  registry.add<Tensor, Tensor>("segment", read_segment, segment_description);
  registry.add<std::tuple<Tensor, Tensor>, Tensor>("segment.input", read_segment_input, segment_input_description);
  registry.add<Tensor, Tensor>("segment.binary", read_binary, binary_description);
  registry.add<Tensor, Masks>("segment.masks", read_masks, masks_description);
  registry.add<Tensor, Image>("segment.to_image", read_to_image, to_image_description);
  registry.add<std::tuple<Image, Tensor>, Image>("segment.overlay", read_overlay, overlay_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail
