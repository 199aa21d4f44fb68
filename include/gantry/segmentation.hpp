// SPDX-License-Identifier: Apache-2.0
// Semantic segmentation: from a model's logits to a label for each pixel, and to COCO's run lengths.
//
//   auto chain = ... | model.stage() | segment({1080, 1920});
//   Tensor labels = compile(chain).value().run(photo).value();
//   std::string road = run_lengths(labels, 7).value().to_string();
#pragma once

#include <cstdint>
#include <tuple>

#include <gantry/segment/masks.hpp>
#include <gantry/segment/run_lengths.hpp>
#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>

namespace gantry {

/// The size of the result, each side 1..65535; both 0: that of the logits.
struct Segment {
  std::int64_t height = 0;
  std::int64_t width = 0;
};
/// f32[classes, h, w] -> i32[height, width], the class of the largest logit at each pixel of the logits resized
/// bilinearly: torch's interpolate(mode="bilinear", align_corners=False) in float32, then argmax(0), without making the
/// resized logits. The first of equal logits wins; NaN is larger than all. A label can differ from torch's only where
/// the two best resized logits differ by rounding, a few units in the last place. Errors: invalid_argument for another
/// tensor. Cost: 2 multiplications a class and pixel, two rows of resized logits as scratch memory.
GANTRY_API Stage<Tensor, Tensor> segment(const Segment& size = {});
/// The same at the size of the model's input: that input, [.., height, width], and the logits that the model gave for
/// it. Errors: also invalid_argument for an input without two sides, or of another size than 1..65535.
///
///   const auto same = stage("input", [](const Tensor& input) { return input; });
///   auto chain = image::decode() | image::to_tensor() | fork(same, model.stage()) | segment_input();
GANTRY_API Stage<std::tuple<Tensor, Tensor>, Tensor> segment_input();

}  // namespace gantry
