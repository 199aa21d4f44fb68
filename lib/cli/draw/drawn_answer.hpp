// SPDX-License-Identifier: Apache-2.0
// Draws a pipeline's result on its input picture, and describes it in words. This is the tool's only file that knows
// payload types. It draws detections, quads, classes, masks and labels.
#pragma once

#include <gantry/any_pipeline.hpp>
#include <gantry/payload.hpp>
#include <string>

#include "cli/draw/input_picture.hpp"

namespace gantry::inline GANTRY_ABI::cli {

/// invalid_argument for a pipeline with any other result.
Result<void> check_can_be_drawn(const AnyPipeline& pipeline);

/// Why results may be drawn at a wrong position: ops before the model move the picture, and no op after it maps the
/// results back to the picture's pixels. Empty if there is no such problem.
std::string doubt_about_places(const AnyPipeline& pipeline);

/// Draws detections as boxes and masks, quads as lines, masks and labels (i32[height, width]) as colours. For classes
/// it draws the best one if `has_caption`, else nothing.
Result<Image> draw_answer(const PlacedPicture& picture, const Payload& answer, bool has_caption);

/// "tiger cat 0.39"; "3: person 0.98, person 0.95, dog 0.71"; "3 quads"; "nothing found".
std::string words_of(const Payload& answer);

}  // namespace gantry::inline GANTRY_ABI::cli
