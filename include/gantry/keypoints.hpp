// SPDX-License-Identifier: Apache-2.0
// Keypoints of one thing, such as the joints of a person, from what a model gives for a picture or a crop of it.
//
//   auto tail = pose.stage<Tensor, Tensor>() | keypoints::heatmaps({}) | keypoints::to_picture();
//
// Detectors that give keypoints beside boxes fill in Detection::keypoints: detect::boxes(), detect::yolov8().
#pragma once

#include <cstdint>

#include <gantry/detect/decoders.hpp>
#include <gantry/detect/keypoints.hpp>
#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace keypoints {

/// How the place of a peak is refined within its cell.
enum class Refine : std::uint8_t {
  kNone,
  kQuarter,  ///< a quarter of a cell towards the larger neighbour, along each axis
};

/// Where the maximum of each heat map is, as HRNet and Simple Baselines find it (HRNet, lib/core/inference.py,
/// get_max_preds() and get_final_preds()).
struct Heatmaps {
  std::int64_t stride = 4;  ///< pixels of the model's input to a cell, 1..65535
  Refine refine = Refine::kQuarter;
  /// Of the heat maps, kNone or kSigmoid; the score of a keypoint is the activated maximum.
  detect::Activation activation = detect::Activation::kNone;
};
/// f32[n, h, w], a heat map for each keypoint -> n keypoints in pixels of the model's input: cell * stride. Of equal
/// maxima the first counts. kQuarter leaves peaks alone that lie in the first two, or the last, rows or columns. A heat
/// map whose maximum is not above 0, or that holds a NaN, has its keypoint at (0, 0), with that score. Errors:
/// invalid_argument for another tensor, or one without cells; deadline_exceeded, cancelled. Cost: reads each cell once.
GANTRY_API Stage<Tensor, Keypoints> heatmaps(const Heatmaps& options = {});

/// Keypoints as a model gives them.
struct Points {
  bool relative = false;   ///< shares of width and height, not pixels
  std::int64_t width = 0;  ///< what shares are of, as detect::Detr::width; 0 unless `relative`
  std::int64_t height = 0;
  bool y_first = false;  ///< rows are y, x
};
/// f32[n, 2], or f32[n, 3] with scores behind -> n keypoints in pixels of the model's input; without scores these are
/// 1. Errors: invalid_argument for another tensor; failed_precondition for shares of a picture that nobody knows.
GANTRY_API Stage<Tensor, Keypoints> points(const Points& options = {});

/// Keypoints in the picture's own pixels: what image ops before the model did is undone, crops included; `clip` then
/// moves those that lie outside to its edges. Errors: failed_precondition where nobody knows the picture (see Frame).
GANTRY_API Stage<Keypoints, Keypoints> to_picture(bool clip = true);

}  // namespace keypoints
}  // namespace GANTRY_ABI
}  // namespace gantry
