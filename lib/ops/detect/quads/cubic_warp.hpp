// SPDX-License-Identifier: Apache-2.0
// An image seen through a projective map, as OpenCV's warpPerspective() makes it with INTER_CUBIC and BORDER_REPLICATE.
#pragma once

#include <array>
#include <cstdint>
#include <gantry/call_context.hpp>
#include <gantry/detect/quads.hpp>
#include <gantry/image/image.hpp>
#include <gantry/result.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Rows of a 3x3 matrix.
using Projection = std::array<double, 9>;

/// What takes places of a rectangle, 0, 0 to width, height, to places within the quad: the inverse of OpenCV's
/// getPerspectiveTransform(), in double.
Projection projection_onto(const Quad& quad, double width, double height);

/// Each pixel of the result, of width x height, is what the image has where `onto_image` puts the pixel's indices.
/// Errors: resource_exhausted, what interrupts the call.
Result<Image> cubic_warp(const Image& image, const Projection& onto_image, std::int64_t width, std::int64_t height,
                         const CallContext& call);

}  // namespace gantry::inline GANTRY_ABI::detail
