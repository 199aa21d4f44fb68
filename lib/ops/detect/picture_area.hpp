// SPDX-License-Identifier: Apache-2.0
// The area that relative boxes refer to, in pixels of the model's input.
#pragma once

#include <cstdint>
#include <gantry/call_context.hpp>
#include <gantry/detect/box.hpp>
#include <gantry/result.hpp>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

struct PictureArea {
  float left = 0;
  float top = 0;
  float width = 1;
  float height = 1;

  Box of(const Box& shares) const {
    return {left + shares.x0 * width, top + shares.y0 * height, left + shares.x1 * width, top + shares.y1 * height};
  }
  std::pair<float, float> of(float x, float y) const { return {left + x * width, top + y * height}; }
};

/// A given side starts at 0. A side of 0 means the picture's side, where image ops placed it; failed_precondition if
/// the picture is unknown.
Result<PictureArea> picture_area(std::int64_t width, std::int64_t height, const CallContext& call);
/// Sides may be given only for relative boxes.
Result<void> check_are_shares(bool relative, std::int64_t width, std::int64_t height);
/// Checks the limits of such a side.
Result<void> check_picture_side(const char* name, std::int64_t value);

}  // namespace gantry::inline GANTRY_ABI::detail
