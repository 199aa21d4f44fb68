// SPDX-License-Identifier: Apache-2.0
// Running a pipeline up to one of its stages.
#pragma once

#include <gantry/pipeline.hpp>
#include <string>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {

/// As AnyPipeline::find_stage().
Result<std::string> find_stage(const PipelineCore& core, std::string_view stage);

/// As AnyPipeline::run_until(), of the stage at `path`. No stage behind it runs.
Result<Value> run_until(const PipelineCore& core, Value input, const std::string& path);

}  // namespace gantry::inline GANTRY_ABI::detail
