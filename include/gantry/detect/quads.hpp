// SPDX-License-Identifier: Apache-2.0
// Quad and Quads: areas with four corners, such as lines of text at an angle.
//
//   auto tail = detector.stage<Tensor, Tensor>() | detect::db({}) | detect::quads_to_picture({});
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Four corners in pixels from the edge of the picture: top left, top right, bottom right and bottom left of the
/// content in reading direction. In a picture that is not mirrored they run clockwise.
struct Quad {
  struct Corner {
    float x = 0;
    float y = 0;

    friend bool operator==(const Corner& a, const Corner& b) { return a.x == b.x && a.y == b.y; }
    friend bool operator!=(const Corner& a, const Corner& b) { return !(a == b); }
  };
  std::array<Corner, 4> corners = {};

  friend bool operator==(const Quad& a, const Quad& b) { return a.corners == b.corners; }
  friend bool operator!=(const Quad& a, const Quad& b) { return !(a == b); }
};

struct FoundQuad {
  Quad quad;
  float score = 0;
};

/// Quads with their scores, in the order that their producer states.
///
/// Ownership: owns its entries.
/// Threads:   thread-compatible.
/// Errors:    none.
/// Cost:      one vector.
class Quads {
 public:
  Quads() = default;
  explicit Quads(std::vector<FoundQuad> entries) : entries_(std::move(entries)) {}
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  const FoundQuad& operator[](std::size_t index) const { return entries_[index]; }
  FoundQuad& operator[](std::size_t index) { return entries_[index]; }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  auto begin() { return entries_.begin(); }
  auto end() { return entries_.end(); }

 private:
  std::vector<FoundQuad> entries_;
};

namespace detect {

struct QuadsToPicture {
  bool round = false;   ///< rounds corners to whole pixels, halves to even; before `clip`
  bool clip = true;     ///< clamps each corner to the picture's edges
  double min_side = 0;  ///< quads with a shorter top or left side are dropped; in pixels of the picture, 0 or more
};
/// Quads in the picture's own pixels: undoes image ops before the model, whether they stretched, letterboxed, cropped,
/// mirrored or rotated. Corner 0 stays the top left in reading direction. Errors: failed_precondition if the picture is
/// unknown (see Frame), invalid_argument for options outside their limits.
GANTRY_API Stage<Quads, Quads> quads_to_picture(const QuadsToPicture& options);

}  // namespace detect

}  // namespace GANTRY_ABI
}  // namespace gantry
