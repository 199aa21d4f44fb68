// SPDX-License-Identifier: Apache-2.0
// How image ops transform the frame of their input.
#pragma once

#include <cstdint>
#include <gantry/call_context.hpp>
#include <gantry/frame.hpp>

#include "ops/image/decoder.hpp"
#include "ops/image/geometry.hpp"
#include "ops/image/orientation.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The frame of image.decode's output: upright, and shrunk by picture.shrunk_by.
Frame decoded_frame(const StoredPicture& picture, std::uint8_t orientation);
/// The sample's frame or, if it has none, that of the image itself.
Frame frame_of(const CallContext& call, ImageSize image);
/// The frame after a step on an image of size `before`.
Frame moved(const Frame& frame, const GeometryStep& step, ImageSize before);
/// Applies all steps of an op to the sample's frame.
void move_frame(const CallContext& call, const Geometry& geometry, ImageSize before);
/// The frame after oriented() on an image of size `before`.
Frame turned(const Frame& frame, Orientation orientation, ImageSize before);

}  // namespace gantry::inline GANTRY_ABI::detail
