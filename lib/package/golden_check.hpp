// SPDX-License-Identifier: Apache-2.0
// The golden check: a pipeline must give what the Python stack gave, at every recorded boundary.
#pragma once

#include <gantry/pipeline.hpp>

#include "package/golden_case.hpp"
#include "package/package_files.hpp"

namespace gantry::detail {

struct GoldenReport {
  std::size_t cases = 0;
  std::size_t boundaries = 0;  ///< compared, results included
};

/// Runs each case alone, comparing every boundary, then all of them replicated to `max_batch` through run_batch(),
/// comparing results. failed_precondition names case, op, element, what was expected and what came; an error of the
/// pipeline itself keeps its code.
Result<GoldenReport> check_golden(const PipelineCore& pipeline, const TypeInfo& in,
                                  const std::vector<GoldenCase>& cases, const PackageFiles& files, int max_batch);

}  // namespace gantry::detail
