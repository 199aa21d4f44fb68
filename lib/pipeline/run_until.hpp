// SPDX-License-Identifier: Apache-2.0
// Runs a pipeline up to one of its stages.
#pragma once

#include <gantry/pipeline.hpp>
#include <string>
#include <string_view>

namespace gantry::inline GANTRY_ABI::detail {

/// As AnyPipeline::find_stage().
Result<std::string> find_stage(const PipelineCore& core, std::string_view stage);

/// As AnyPipeline::run_until(), with the stage's `path`. Later stages do not run.
Result<Value> run_until(const PipelineCore& core, Value input, const std::string& path);

}  // namespace gantry::inline GANTRY_ABI::detail
