// SPDX-License-Identifier: Apache-2.0
// Semantic segmentation: from a model's logits to a label for each pixel, and to COCO's run lengths.
//
//   auto chain = ... | model.stage() | segment({1080, 1920});
//   Tensor labels = compile(chain).value().run(photo).value();
//   std::string road = run_lengths(labels, 7).value().to_string();
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gantry/result.hpp>
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

/// The pixels of one label in COCO's run-length encoding: column by column, runs of other pixels and of these in turn,
/// beginning with the others (pycocotools, common/maskApi.c).
///
/// Ownership: owns its counts.
/// Threads:   thread-compatible.
/// Errors:    none.
/// Cost:      proportional to the number of runs.
class GANTRY_API RunLengths {
 public:
  RunLengths(std::int64_t height, std::int64_t width, std::vector<std::uint32_t> counts)
      : height_(height), width_(width), counts_(std::move(counts)) {}

  std::int64_t height() const { return height_; }
  std::int64_t width() const { return width_; }
  const std::vector<std::uint32_t>& counts() const { return counts_; }
  /// What COCO's JSON has as "counts".
  std::string to_string() const;
  /// Pixels that have the label.
  std::int64_t area() const;
  /// {left, top, width, height} around them; zeros if there are none.
  std::array<std::int64_t, 4> bounding_box() const;

 private:
  std::int64_t height_;
  std::int64_t width_;
  std::vector<std::uint32_t> counts_;
};

/// `labels`: contiguous i32[height, width] on the CPU, else invalid_argument. Cost: reads every label.
GANTRY_API Result<RunLengths> run_lengths(const Tensor& labels, std::int32_t label);

}  // namespace gantry
