// SPDX-License-Identifier: Apache-2.0
// Cascades: a model proposes boxes; the next model processes each proposal's crop and decides about it.
//
//   auto proposals = fork(pass<Image>(), image::pyramid(levels) | each(pnet)) | detect::sliding_window({});
//   auto refined = fork(proposals, crop | each(rnet)) | detect::refine({}) | detect::square();
//   auto named = fork(found, crop | each(classifier)) | detect::classify();
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <gantry/classify.hpp>
#include <gantry/detect/detections.hpp>
#include <gantry/image/area.hpp>
#include <gantry/image/image.hpp>
#include <gantry/stage.hpp>
#include <gantry/tensor.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detect {

/// A fully convolutional classifier of windows of one size, run on each level of image::pyramid(): facenet_pytorch,
/// models/utils/detect_face.py, the first stage of detect_face(). The cell (x, y) of a level of scale s is the box
/// floor((stride * x + 1) / s), floor((stride * y + 1) / s), floor((stride * x + window) / s), floor((stride * y +
/// window) / s), in float32.
struct SlidingWindow {
  image::PyramidLevels levels = {};  ///< those of the pyramid
  std::int64_t window = 12;          ///< pixels that a cell covers, 1..65535
  std::int64_t stride = 2;           ///< pixels from cell to cell, 1..65535
  float score = 0.6f;                ///< the lowest score of a candidate; 0..1
  double level_iou = 0.5;            ///< suppression within each level, before boxes are moved; 0..1
  double iou = 0.7;                  ///< suppression among all levels, before boxes are moved; 0..1
  std::int64_t top = 30000;          ///< maximum candidates, the best, of each level and then of all; 1..65536
  std::int64_t foreground = 1;       ///< the class to find, 0..65535
  std::string scores = "scores";     ///< the tensor f32[C, h, w] of probabilities
  std::string boxes = "boxes";       ///< the tensor f32[4, h, w]: how far each side moves, in sides of the box
};
/// From the image and the model's output for each level to boxes in pixels of the image, of class 0, the best first;
/// add detect::to_picture(false) if the image was resized or cropped. Equal scores are ordered by level, then row, then
/// column. Errors: invalid_argument if the number of levels differs from that of this image's pyramid, and for a
/// missing tensor or one of another shape; resource_exhausted; deadline_exceeded, cancelled. Cost: reads each score
/// once; suppression takes half a nanosecond per pair of candidates, so at most top * top / 4 for each level and once
/// more: 0.2 s with 30000, where real pictures have a thousand.
GANTRY_API Stage<std::tuple<Image, std::vector<Tensors>>, Detections> sliding_window(const SlidingWindow& options);

/// A model's output for the crop of each detection (facenet_pytorch, models/utils/detect_face.py, the second and third
/// stage of detect_face()).
struct Refine {
  float score = 0.7f;              ///< detections with a higher score are kept; 0..1
  std::optional<double> iou = {};  ///< suppression before boxes are moved, 0..1; unset: none
  bool inclusive = false;          ///< sides count the last pixel, x1 - x0 + 1, as MTCNN's do
  std::int64_t foreground = 1;     ///< the class to find, 0..65535
  std::string scores = "scores";   ///< the tensor f32[C] of probabilities
  std::string boxes = "boxes";     ///< the tensor f32[4]: how far each side moves, in sides of the box
  std::string points = {};         ///< the tensor f32[2 * n] of keypoints: x of all, then y of all, as shares of the
                                   ///< box that the model saw; empty: none
};
/// Replaces scores, keypoints and boxes by the model's, the best first; of equal scores the first one. Class and label
/// stay. A keypoint's score is that of its detection. With `inclusive`, keypoints are one pixel further to the left and
/// top, as MTCNN's. Drops scores that are NaN. Errors: invalid_argument if the numbers of outputs and detections
/// differ, and for a missing tensor or one of another shape, with the output's number; resource_exhausted;
/// deadline_exceeded, cancelled. Cost: as nms().
GANTRY_API Stage<std::tuple<Detections, std::vector<Tensors>>, Detections> refine(const Refine& options);

/// Grows boxes to squares with the same centre and the longer side: facenet_pytorch, rerec(), in float32. They may
/// extend beyond the picture.
GANTRY_API Stage<Detections, Detections> square();

/// The score of a detection that a classifier has processed.
enum class ClassifiedScore : std::uint8_t {
  kClass,      ///< the class's score
  kDetection,  ///< the detection's score stays
  kProduct,    ///< the product of both
};
/// Replaces the detector's class by the best class of each detection's crop, with index and label. Orders the result by
/// score, equal scores as before. Errors: invalid_argument if the numbers of outputs and detections differ, or an
/// output has no class.
GANTRY_API Stage<std::tuple<Detections, std::vector<Classes>>, Detections> classify(
    ClassifiedScore score = ClassifiedScore::kClass);

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry
