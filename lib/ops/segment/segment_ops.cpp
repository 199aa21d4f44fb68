// SPDX-License-Identifier: Apache-2.0
// The segmentation ops by name.
#include <gantry/registry.hpp>
#include <gantry/segmentation.hpp>

#include "ops/ops.hpp"
#include "ops/parameters.hpp"

namespace gantry::detail {

namespace {

Stage<Tensor, Tensor> read_segment(ParamReader& params) {
  Segment size;
  size.height = params.integer("height");
  size.width = params.integer("width");
  return segment(size);
}

OpDescription segment_description() {
  const std::string meaning = "of the result; both 0: those of the logits";
  return {.summary = "says which class each pixel is",
          .input = "f32[classes, h, w]",
          .output = "i32[height, width]",
          .parameters = {OpParameter::integer("height", 0, kMaxSide, meaning).by_default(0),
                         OpParameter::integer("width", 0, kMaxSide, meaning).by_default(0)},
          .reference = "torch: `interpolate(mode=\"bilinear\")`, then `argmax(0)`",
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
          .example = R"({"op": "segment_input"})",
          .domain = "segment"};
}

}  // namespace

void add_segment_ops(Registry& registry) {
  registry.add<Tensor, Tensor>("segment", read_segment, segment_description());
  registry.add<std::tuple<Tensor, Tensor>, Tensor>("segment_input", read_segment_input, segment_input_description());
}

}  // namespace gantry::detail
