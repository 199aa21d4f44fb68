// SPDX-License-Identifier: Apache-2.0
// Draws a pipeline's result on its input picture, and describes it in words. This is the only file of the tool that
// knows payload types: detections, quads, classes, masks and labels can be drawn.
#pragma once

#include <gantry/any_pipeline.hpp>
#include <gantry/payload.hpp>
#include <string>

#include "cli/draw/input_picture.hpp"

namespace gantry::inline GANTRY_ABI::cli {

/// invalid_argument for a pipeline that gives anything else.
Result<void> check_can_be_drawn(const AnyPipeline& pipeline);

/// Why results may be drawn at a wrong position: ops before the model move the picture, and no op after it maps the
/// results back to the picture's pixels. Empty if there is no such problem.
std::string doubt_about_places(const AnyPipeline& pipeline);

/// Detections as boxes and masks, quads as lines, masks and labels (i32[height, width]) as colours; on a picture of
/// classes nothing but, where it `has_caption`, the best one.
Result<Image> draw_answer(const PlacedPicture& picture, const Payload& answer, bool has_caption);

/// "tiger cat 0.39"; "3: person 0.98, person 0.95, dog 0.71"; "3 quads"; "nothing found".
std::string words_of(const Payload& answer);

}  // namespace gantry::inline GANTRY_ABI::cli
