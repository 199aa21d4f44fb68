// SPDX-License-Identifier: Apache-2.0
// What a pipeline answered, on the picture that it was asked about, and in words. The one place in the tool that knows
// payload types by name: detections, quads, classes, masks and labels are what can be drawn.
#pragma once

#include <gantry/any_pipeline.hpp>
#include <gantry/payload.hpp>
#include <string>

#include "cli/draw/input_picture.hpp"

namespace gantry::inline GANTRY_ABI::cli {

/// invalid_argument for a pipeline that gives anything else.
Result<void> check_can_be_drawn(const AnyPipeline& pipeline);

/// Why what is drawn may lie elsewhere in the picture: ops before the model move it, and none behind brings what is
/// found back to the picture's own pixels. Empty where there is nothing to say.
std::string doubt_about_places(const AnyPipeline& pipeline);

/// Detections as boxes and masks, quads as lines, masks and labels (i32[height, width]) as colours; on a picture of
/// classes nothing but, where it `has_caption`, the best one.
Result<Image> draw_answer(const PlacedPicture& picture, const Payload& answer, bool has_caption);

/// "tiger cat 0.39"; "3: person 0.98, person 0.95, dog 0.71"; "3 quads"; "nothing found".
std::string words_of(const Payload& answer);

}  // namespace gantry::inline GANTRY_ABI::cli
