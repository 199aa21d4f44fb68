// SPDX-License-Identifier: Apache-2.0
// A projective warp of an image, as OpenCV's warpPerspective() does it with INTER_CUBIC and BORDER_REPLICATE.
#pragma once

#include <array>
#include <cstdint>
#include <gantry/call_context.hpp>
#include <gantry/detect/quads.hpp>
#include <gantry/image/image.hpp>
#include <gantry/result.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// A 3x3 matrix, row-major.
using Projection = std::array<double, 9>;

/// Maps the rectangle (0, 0) to (width, height) onto the quad: the inverse of OpenCV's getPerspectiveTransform(), in
/// double.
Projection projection_onto(const Quad& quad, double width, double height);

/// The result has width x height pixels. Each samples the image where `onto_image` maps its indices.
/// Errors: resource_exhausted; those of call.interruption().
Result<Image> cubic_warp(const Image& image, const Projection& onto_image, std::int64_t width, std::int64_t height,
                         const CallContext& call);

}  // namespace gantry::inline GANTRY_ABI::detail
