// SPDX-License-Identifier: Apache-2.0
// Quad and Quads: places with four corners, such as lines of text that lie at an angle.
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

/// Four corners in pixels from the edge of the picture: top left, top right, bottom right and bottom left of what is
/// there, as it is read. In a picture that is not mirrored they go around clockwise.
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

/// Quads with their scores, in an order that whoever made them says.
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
  bool round = false;   ///< corners at whole pixels, halves to even ones; before they are cut off
  bool clip = true;     ///< each corner is cut off at the picture's edges
  double min_side = 0;  ///< quads whose top or left side is shorter are dropped; pixels of the picture, 0 or more
};
/// Quads in the picture's own pixels: what image ops before the model did is undone, whether they stretched,
/// letterboxed, cropped, mirrored or turned. Corner 0 stays the top left of what is read. Errors: failed_precondition
/// where nobody knows the picture (see Frame), invalid_argument for options outside their limits.
GANTRY_API Stage<Quads, Quads> quads_to_picture(const QuadsToPicture& options);

}  // namespace detect

}  // namespace GANTRY_ABI
}  // namespace gantry
