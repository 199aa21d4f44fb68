// SPDX-License-Identifier: Apache-2.0
// Detections: the results of a detector for a picture, and stages that process them.
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
  Keypoints keypoints;      ///< empty unless the detector has them: eyes and mouth, joints
  RunLengths mask = {};     ///< of the picture's own size; empty until detect::paste_masks() has run
  SoftMask soft_mask = {};  ///< the source of the mask; empty unless the detector has it
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

/// Clips boxes and keypoints to the edges of the picture, in pixels of the model's input: of a padded picture, to the
/// edge of the picture, not of the canvas. torchvision's clip_boxes_to_image(). Errors: failed_precondition if the
/// picture is unknown (see Frame).
GANTRY_API Stage<Detections, Detections> clip();
/// Boxes and keypoints in the picture's own pixels: undoes image ops before the model, whether they stretched,
/// letterboxed, cropped, mirrored or rotated; `clip` then clips them to its edges. Errors: failed_precondition if the
/// picture is unknown (see Frame).
GANTRY_API Stage<Detections, Detections> to_picture(bool clip = true);

/// Which detections to keep. Fields at their default keep everything.
struct Filter {
  std::optional<float> score;            ///< minimum score to keep; finite
  std::vector<std::int64_t> classes;     ///< classes to keep; empty: all
  float min_side = 0;                    ///< minimum width and height to keep; pixels, 0 or more
  std::int64_t max_count = 0;            ///< number to keep, from the front; 0: all
  std::vector<float> class_scores = {};  ///< minimum score of each class, finite; empty: no such limits
};
/// Errors: invalid_argument for a class without an entry in `class_scores`.
GANTRY_API Stage<Detections, Detections> filter(const Filter& filter);

/// Sets each detection's label from its class; invalid_argument for a class without a label.
GANTRY_API Stage<Detections, Detections> label(Labels labels);
/// The boxes only, in the same order.
GANTRY_API Stage<Detections, Boxes> boxes_of();

}  // namespace detect

}  // namespace GANTRY_ABI
}  // namespace gantry
