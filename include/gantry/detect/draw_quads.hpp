// SPDX-License-Identifier: Apache-2.0
// Draws quads on their picture, for people.
//
//   auto shown = fork(image::to_rgb(), text_detector) | detect::draw_quads() | image::encode();
#pragma once

#include <cstdint>
#include <tuple>

#include <gantry/detect/quads.hpp>
#include <gantry/image/image.hpp>
#include <gantry/result.hpp>
#include <gantry/stage.hpp>

namespace gantry {
inline namespace GANTRY_ABI {
namespace detect {

struct DrawQuads {
  std::int64_t line_width = 0;  ///< 1..256 pixels; 0: derived from the picture's size
};

/// A copy of the picture, as RGB, with lines around each quad in a colour of its own, and a dot at its first corner.
/// The first quads are on top. Quads are in pixels of this image; those with a NaN, or further than 2^32 away, are left
/// out. Drops alpha. Errors: resource_exhausted, deadline_exceeded, cancelled.
GANTRY_API Stage<std::tuple<Image, Quads>, Image> draw_quads(const DrawQuads& options = {});
/// The same, called by hand. Errors also: invalid_argument for options outside their limits. Thread-safe.
GANTRY_API Result<Image> draw_quads(const Image& picture, const Quads& found, const DrawQuads& options = {});

}  // namespace detect
}  // namespace GANTRY_ABI
}  // namespace gantry
