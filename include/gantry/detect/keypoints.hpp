// SPDX-License-Identifier: Apache-2.0
// Keypoint and Keypoints: points with a meaning in a picture, such as eyes and joints.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <gantry/version.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

struct Keypoint {
  float x = 0;  ///< pixels from the edge
  float y = 0;
  float score = 0;

  friend bool operator==(const Keypoint& a, const Keypoint& b) {
    return a.x == b.x && a.y == b.y && a.score == b.score;
  }
  friend bool operator!=(const Keypoint& a, const Keypoint& b) { return !(a == b); }
};

/// The keypoints of one object, in the model's order.
///
/// Ownership: owns its points.
/// Threads:   thread-compatible.
/// Errors:    none.
/// Cost:      one vector.
class Keypoints {
 public:
  Keypoints() = default;
  explicit Keypoints(std::vector<Keypoint> points) : points_(std::move(points)) {}
  std::size_t size() const { return points_.size(); }
  bool empty() const { return points_.empty(); }
  const Keypoint& operator[](std::size_t index) const { return points_[index]; }
  Keypoint& operator[](std::size_t index) { return points_[index]; }
  auto begin() const { return points_.begin(); }
  auto end() const { return points_.end(); }
  auto begin() { return points_.begin(); }
  auto end() { return points_.end(); }

 private:
  std::vector<Keypoint> points_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
