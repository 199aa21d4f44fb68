// SPDX-License-Identifier: Apache-2.0
// Labels: a line of text on a bar of colour, and where it goes so that it hides no other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <gantry/export.hpp>
#include <string>
#include <vector>

#include "ops/detect/draw_canvas.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// How large a label of `characters` is, at a scale.
GANTRY_API PixelBox label_size(std::size_t characters, std::int64_t scale);
/// How many characters a label of that width can have, at least 1.
GANTRY_API std::size_t characters_within(std::int64_t width, std::int64_t scale);
/// The bar, and the text on it.
GANTRY_API void draw_label(Canvas& canvas, const PixelBox& place, const std::string& text, std::int64_t scale,
                           Rgb colour);

/// Finds places for labels, one after the other.
///
/// Ownership: owns the places it gave.
/// Threads:   one thread.
/// Errors:    none.
/// Cost:      a look at the first 256 places for each label.
class LabelPlaces {
 public:
  explicit LabelPlaces(const PixelBox& picture) : picture_(picture) {}

  /// For a box that the picture shows a part of: above it, else inside at the top, below, inside at the bottom, where
  /// the picture has room and no label lies; else above or inside at the top whatever lies there.
  PixelBox find(const PixelBox& box, const PixelBox& size);

 private:
  bool is_free(const PixelBox& place) const;
  const PixelBox picture_;
  std::vector<PixelBox> taken_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
