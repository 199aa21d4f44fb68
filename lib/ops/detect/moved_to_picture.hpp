// SPDX-License-Identifier: Apache-2.0
// Maps detections to the picture's own pixels, as detect.to_picture does. Other ops use it too.
#pragma once

#include <gantry/call_context.hpp>
#include <gantry/detect/detections.hpp>
#include <gantry/result.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Sets the frame of the stage's output. failed_precondition if the picture is unknown.
Result<Detections> moved_to_picture(Detections&& detections, bool clip, const CallContext& call);

}  // namespace gantry::inline GANTRY_ABI::detail
