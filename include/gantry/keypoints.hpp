// SPDX-License-Identifier: Apache-2.0
// Keypoints of one object, such as the joints of a person, from a model's output for a picture or a crop of it.
//
//   auto tail = pose.stage<Tensor, Tensor>() | keypoints::heatmaps({}) | keypoints::to_picture();
//
// Detectors with keypoints beside boxes fill Detection::keypoints: detect::boxes(), detect::yolov8().
#pragma once

#include <cstdint>

#include <gantry/detect/decoders.hpp>
#include <gantry/detect/keypoints.hpp>
#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace keypoints {

/// How to refine the position of a peak within its cell.
enum class Refine : std::uint8_t {
  kNone,
  kQuarter,  ///< a quarter of a cell towards the larger neighbour, along each axis
};

/// The position of each heat map's maximum, as in HRNet and Simple Baselines (HRNet, lib/core/inference.py,
/// get_max_preds() and get_final_preds()).
struct Heatmaps {
  std::int64_t stride = 4;  ///< pixels of the model's input per cell, 1..65535
  Refine refine = Refine::kQuarter;
  /// For the heat maps, kNone or kSigmoid; the score of a keypoint is the activated maximum.
  detect::Activation activation = detect::Activation::kNone;
};
/// f32[n, h, w], a heat map for each keypoint -> n keypoints in pixels of the model's input: cell * stride. The first
/// of equal maxima counts. kQuarter does not refine peaks in the first two, or the last, rows or columns. A heat map
/// whose maximum is not above 0, or that holds a NaN, gives the keypoint (0, 0), with that score. Errors:
/// invalid_argument for another tensor, or one without cells; deadline_exceeded, cancelled. Cost: reads each cell once.
GANTRY_API Stage<Tensor, Keypoints> heatmaps(const Heatmaps& options = {});

/// Keypoints as the model outputs them.
struct Points {
  bool relative = false;   ///< values are fractions of width and height, not pixels
  std::int64_t width = 0;  ///< the size for `relative` values, as detect::Detr::width; 0 unless `relative`
  std::int64_t height = 0;
  bool y_first = false;  ///< rows are y, x
};
/// f32[n, 2], or f32[n, 3] with scores last -> n keypoints in pixels of the model's input; without scores, score 1.
/// Errors: invalid_argument for another tensor; failed_precondition for fractions of an unknown picture.
GANTRY_API Stage<Tensor, Keypoints> points(const Points& options = {});

/// Keypoints in the picture's own pixels: undoes image ops before the model, including crops; `clip` then moves points
/// outside the picture to its edges. Errors: failed_precondition if the picture is unknown (see Frame).
GANTRY_API Stage<Keypoints, Keypoints> to_picture(bool clip = true);

}  // namespace keypoints
}  // namespace GANTRY_ABI
}  // namespace gantry
