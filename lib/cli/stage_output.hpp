// SPDX-License-Identifier: Apache-2.0
// What one stage of a pipeline gave, as a tensor: for `gantry run --until STAGE --npy FILE`.
#pragma once

#include <gantry/pipeline.hpp>
#include <string>

namespace gantry::cli {

/// The path of the stage that `text` means: a path ("pipeline[2]", "pipeline[3].do[0]") or an op's name, if one stage
/// only has it. invalid_argument lists what there is.
Result<std::string> find_stage(const detail::PipelineCore& core, const std::string& text);

/// Runs one input on this thread and returns what came out of the stage at `path`: a tensor, an image's pixels
/// u8[H, W, C], bytes as u8[n]. Several values of equal shape, as within `each`, are stacked along a new first axis.
/// failed_precondition if the stage did not run for this input; unsupported for other types.
Result<Tensor> run_until(const detail::PipelineCore& core, detail::Value input, const std::string& path);

}  // namespace gantry::cli
