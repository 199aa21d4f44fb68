// SPDX-License-Identifier: Apache-2.0
// Cascades: a model proposes, the next one looks at each proposal's crop and says what becomes of it.
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

/// A fully convolutional classifier of windows of one size, which has looked at each level of image::pyramid():
/// facenet_pytorch, models/utils/detect_face.py, the first stage of detect_face(). The cell (x, y) of a level of scale
/// s is the box floor((stride * x + 1) / s), floor((stride * y + 1) / s), floor((stride * x + window) / s),
/// floor((stride * y + window) / s), in float32.
struct SlidingWindow {
  image::PyramidLevels levels = {};  ///< those of the pyramid
  std::int64_t window = 12;          ///< pixels that a cell looks at, 1..65535
  std::int64_t stride = 2;           ///< pixels from cell to cell, 1..65535
  float score = 0.6f;                ///< the least score of a candidate; 0..1
  double level_iou = 0.5;            ///< suppression within each level, before anything is moved; 0..1
  double iou = 0.7;                  ///< suppression among all of them, before anything is moved; 0..1
  std::int64_t top = 30000;          ///< how many candidates at most, the best, of each level and then of all; 1..65536
  std::int64_t foreground = 1;       ///< the class that is looked for, 0..65535
  std::string scores = "scores";     ///< the tensor f32[C, h, w] of shares
  std::string boxes = "boxes";       ///< the tensor f32[4, h, w]: how far each side moves, in sides of the box
};
/// The image, and what the model gave for each level, to boxes in the pixels of the image, of class 0, the best first:
/// detect::to_picture(false) behind it, where the image was resized or cropped. Equal scores come in the order of
/// levels, then rows, then columns. Errors: invalid_argument for another number of levels than the pyramid of this
/// image has, or a tensor that is missing or of another shape; resource_exhausted; what interrupts the call. Cost:
/// looks at each score once; suppression takes half a nanosecond for two candidates, so at most top * top / 4 for each
/// level and once more: 0.2 s with 30000, where real pictures have a thousand.
GANTRY_API Stage<std::tuple<Image, std::vector<Tensors>>, Detections> sliding_window(const SlidingWindow& options);

/// What a model said of the crop of each detection (facenet_pytorch, models/utils/detect_face.py, the second and third
/// stage of detect_face()).
struct Refine {
  float score = 0.7f;              ///< scores above it stay; 0..1
  std::optional<double> iou = {};  ///< suppression before boxes are moved, 0..1; nothing: none
  bool inclusive = false;          ///< sides count the last pixel, x1 - x0 + 1, as MTCNN's do
  std::int64_t foreground = 1;     ///< the class that is looked for, 0..65535
  std::string scores = "scores";   ///< the tensor f32[C] of shares
  std::string boxes = "boxes";     ///< the tensor f32[4]: how far each side moves, in sides of the box
  std::string points = {};         ///< the tensor f32[2 * n] of keypoints: x of all, then y of all, as shares of the
                                   ///< box that the model saw; empty: none
};
/// The model's scores, keypoints and boxes in place of those before, the best first; of equal scores the first one.
/// Class and label stay. A keypoint's score is that of its detection. With `inclusive` keypoints are one pixel further
/// to the left and top, as MTCNN's. A score that is NaN does not stay. Errors: invalid_argument for another number of
/// answers than detections, or a tensor that is missing or of another shape, with the answer's number;
/// resource_exhausted; what interrupts the call. Cost: as nms().
GANTRY_API Stage<std::tuple<Detections, std::vector<Tensors>>, Detections> refine(const Refine& options);

/// Boxes grow to squares with the same centre and the longer side: facenet_pytorch, rerec(), in float32. They may end
/// outside the picture.
GANTRY_API Stage<Detections, Detections> square();

/// What becomes of scores where a classifier has looked at what was found.
enum class ClassifiedScore : std::uint8_t {
  kClass,      ///< the class's
  kDetection,  ///< the detection's stays
  kProduct,    ///< both multiplied
};
/// The best class of each detection's crop, its index and its label, in place of the detector's. They come in order of
/// their scores then, equal ones as before. Errors: invalid_argument for another number of answers than detections, or
/// an answer without a class.
GANTRY_API Stage<std::tuple<Detections, std::vector<Classes>>, Detections> classify(
    ClassifiedScore score = ClassifiedScore::kClass);

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry
