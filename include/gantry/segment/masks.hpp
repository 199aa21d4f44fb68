// SPDX-License-Identifier: Apache-2.0
// Masks: binary masks of one picture, one for each thing or class in it.
//
//   for (const RunLengths& mask : masks) std::int64_t pixels = mask.area();
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <gantry/segment/run_lengths.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Masks, in an order that whoever made them says. In JSON {"masks": [{"size": [height, width], "counts": "..."}]}, as
/// COCO writes them; as a tensor u8[n, height, width] of 0 and 1, which masks of one size have. Under a tolerance of
/// atol and rtol an outline may be off by atol + rtol * (the longer side) pixels: of each mask as many pixels may
/// differ as that times the outline's length, rounded up, but no more than a quarter of its own. The length is that of
/// the bounding box of the mask expected.
///
/// Ownership: owns its masks.
/// Threads:   thread-compatible.
/// Errors:    none.
/// Cost:      one vector.
class Masks {
 public:
  Masks() = default;
  explicit Masks(std::vector<RunLengths> masks) : masks_(std::move(masks)) {}
  std::size_t size() const { return masks_.size(); }
  bool empty() const { return masks_.empty(); }
  const RunLengths& operator[](std::size_t index) const { return masks_[index]; }
  RunLengths& operator[](std::size_t index) { return masks_[index]; }
  auto begin() const { return masks_.begin(); }
  auto end() const { return masks_.end(); }
  auto begin() { return masks_.begin(); }
  auto end() { return masks_.end(); }

 private:
  std::vector<RunLengths> masks_;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
