// SPDX-License-Identifier: Apache-2.0
// Box and Boxes: axis-aligned rectangles, in pixels.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <gantry/version.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// The top left and bottom right corners, in pixels from the edge of the picture: the first pixel extends from 0 to 1.
/// Every op accepts a box with swapped corners, and treats it as empty.
struct Box {
  float x0 = 0;
  float y0 = 0;
  float x1 = 0;
  float y1 = 0;

  float width() const { return x1 - x0; }
  float height() const { return y1 - y0; }
  friend bool operator==(const Box& a, const Box& b) {
    return a.x0 == b.x0 && a.y0 == b.y0 && a.x1 == b.x1 && a.y1 == b.y1;
  }
  friend bool operator!=(const Box& a, const Box& b) { return !(a == b); }
};

/// Boxes, in the order that their producer states.
///
/// Ownership: owns its boxes.
/// Threads:   thread-compatible.
/// Errors:    none.
/// Cost:      one vector.
class Boxes {
 public:
  Boxes() = default;
  explicit Boxes(std::vector<Box> boxes) : boxes_(std::move(boxes)) {}
  std::size_t size() const { return boxes_.size(); }
  bool empty() const { return boxes_.empty(); }
  const Box& operator[](std::size_t index) const { return boxes_[index]; }
  Box& operator[](std::size_t index) { return boxes_[index]; }
  auto begin() const { return boxes_.begin(); }
  auto end() const { return boxes_.end(); }
  auto begin() { return boxes_.begin(); }
  auto end() { return boxes_.end(); }

 private:
  std::vector<Box> boxes_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
