// SPDX-License-Identifier: Apache-2.0
// Detections: what a detector found in a picture, and the stages that take it further.
//
//   auto tail = detector.stage<Tensor, Tensors>() | detect::retinanet({}) | detect::clip() | detect::nms({})
//             | detect::to_picture() | detect::label(Labels::load("labels.txt").value());
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gantry/classify.hpp>
#include <gantry/detect/box.hpp>
#include <gantry/detect/keypoints.hpp>
#include <gantry/detect/soft_mask.hpp>
#include <gantry/segment/run_lengths.hpp>
#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

struct Detection {
  std::int64_t index = 0;  ///< of the class
  std::string label;       ///< empty until detect::label() has run
  float score = 0;
  Box box;
  Keypoints keypoints;      ///< empty unless the detector gives them: eyes and mouth, joints
  RunLengths mask = {};     ///< of the picture's own size; empty until detect::paste_masks() has run
  SoftMask soft_mask = {};  ///< what the mask is made of; empty unless the detector gives it
};

/// Detections, the best first.
///
/// Ownership: owns its entries.
/// Threads:   thread-compatible.
/// Errors:    none.
/// Cost:      one vector.
class Detections {
 public:
  Detections() = default;
  explicit Detections(std::vector<Detection> entries) : entries_(std::move(entries)) {}
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  const Detection& operator[](std::size_t index) const { return entries_[index]; }
  Detection& operator[](std::size_t index) { return entries_[index]; }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  auto begin() { return entries_.begin(); }
  auto end() { return entries_.end(); }

 private:
  std::vector<Detection> entries_;
};

namespace detect {

/// Cuts boxes and keypoints off at the edges of the picture, in the pixels of the model's input: of a picture that was
/// padded, at the picture's edge, not the canvas's. torchvision's clip_boxes_to_image(). Errors: failed_precondition
/// where nobody knows the picture (see Frame).
GANTRY_API Stage<Detections, Detections> clip();
/// Boxes and keypoints in the picture's own pixels: what image ops before the model did is undone, whether they
/// stretched, letterboxed, cropped, mirrored or turned; `clip` then cuts them off at its edges. Errors:
/// failed_precondition where nobody knows the picture (see Frame).
GANTRY_API Stage<Detections, Detections> to_picture(bool clip = true);

/// Which detections stay. What is left at its default lets everything through.
struct Filter {
  std::optional<float> score;            ///< the least score that stays; finite
  std::vector<std::int64_t> classes;     ///< these classes stay; empty: all
  float min_side = 0;                    ///< the least width and height that stay; pixels, 0 or more
  std::int64_t max_count = 0;            ///< how many stay, from the front; 0: all
  std::vector<float> class_scores = {};  ///< the least score of each class that stays, finite; empty: no such limits
};
/// Errors: invalid_argument for a class that `class_scores` has no score for.
GANTRY_API Stage<Detections, Detections> filter(const Filter& filter);

/// Writes the label of each class into its detections; invalid_argument for a class without a label.
GANTRY_API Stage<Detections, Detections> label(Labels labels);
/// The boxes alone, in the same order.
GANTRY_API Stage<Detections, Boxes> boxes_of();

}  // namespace detect

}  // namespace GANTRY_ABI
}  // namespace gantry
