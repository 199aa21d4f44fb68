// SPDX-License-Identifier: Apache-2.0
// BoxSides: moves a box, and places points in it, by fractions of its sides, in float32 (facenet_pytorch,
// models/utils/detect_face.py, bbreg()).
#pragma once

#include <gantry/detect/box.hpp>
#include <gantry/detect/keypoints.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Borrows the box, which must outlive this.
class BoxSides {
 public:
  /// `inclusive`: sides count the last pixel, as MTCNN's do.
  BoxSides(const Box& box, bool inclusive)
      : box_(box),
        extra_(inclusive ? 1.0f : 0.0f),
        width_(box.x1 - box.x0 + extra_),
        height_(box.y1 - box.y0 + extra_) {}

  /// `by`: fractions for x0, y0, x1, y1.
  Box moved(const float* by) const {
    return {box_.x0 + by[0] * width_, box_.y0 + by[1] * height_, box_.x1 + by[2] * width_, box_.y1 + by[3] * height_};
  }
  Keypoint point(float x, float y, float score) const {
    return {width_ * x + box_.x0 - extra_, height_ * y + box_.y0 - extra_, score};
  }

 private:
  const Box& box_;
  float extra_;
  float width_;
  float height_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
