// SPDX-License-Identifier: Apache-2.0
// What detect.to_picture does, for ops that give what is found in the picture's own pixels.
#pragma once

#include <gantry/call_context.hpp>
#include <gantry/detect/detections.hpp>
#include <gantry/result.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// Sets the frame of what the stage gives. failed_precondition where nobody knows the picture.
Result<Detections> moved_to_picture(Detections&& detections, bool clip, const CallContext& call);

}  // namespace gantry::inline GANTRY_ABI::detail
