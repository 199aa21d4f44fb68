// SPDX-License-Identifier: Apache-2.0
// Masks: binary masks of one picture, one for each object or class.
//
//   for (const RunLengths& mask : masks) std::int64_t pixels = mask.area();
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include <gantry/segment/run_lengths.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Masks, in the order that their producer states. In JSON {"masks": [{"size": [height, width], "counts": "..."}]}, as
/// in COCO; as a tensor u8[n, height, width] of 0 and 1, if all masks have one size. A tolerance of atol and rtol
/// allows an outline to be off by atol + rtol * (the longer side) pixels: in each mask that many pixels times the
/// outline's length may differ, rounded up, but at most a quarter of the mask's own pixels. The length is that of the
/// expected mask's bounding box.
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
