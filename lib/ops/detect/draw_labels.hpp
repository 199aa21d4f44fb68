// SPDX-License-Identifier: Apache-2.0
// Labels: a line of text on a bar of colour, placed so that it hides no other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/export.hpp>
#include <string>
#include <vector>

#include "ops/detect/draw_canvas.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Size in pixels of a label of `characters`.
GANTRY_API PixelBox label_size(std::size_t characters, std::int64_t scale);
/// How many characters fit in a label of that width, at least 1.
GANTRY_API std::size_t characters_within(std::int64_t width, std::int64_t scale);
/// Draws the bar and its text.
GANTRY_API void draw_label(Canvas& canvas, const PixelBox& place, const std::string& text, std::int64_t scale,
                           Rgb colour);

/// Finds places for labels, one after the other.
///
/// Ownership: owns the places it gave.
/// Threads:   one thread.
/// Errors:    none.
/// Cost:      find() compares with the first 256 places.
class LabelPlaces {
 public:
  explicit LabelPlaces(const PixelBox& picture) : picture_(picture) {}

  /// Takes the first free place within the picture: above the box, inside at its top, below it, inside at its bottom.
  /// If none is free: above, or inside at the top. The picture must show a part of the box.
  PixelBox find(const PixelBox& box, const PixelBox& size);

 private:
  bool is_free(const PixelBox& place) const;
  const PixelBox picture_;
  std::vector<PixelBox> taken_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
