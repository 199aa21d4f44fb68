// SPDX-License-Identifier: Apache-2.0
// The row engine's walk for OpenCV's bilinear resize: it skips rows that no output needs.
#pragma once

#include <gantry/result.hpp>

#include "ops/image/fused/row_pass.hpp"
#include "ops/image/fused/row_sink.hpp"
#include "ops/image/fused/row_source.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// run_pass() for a pass that resizes with Reference::kOpenCv and has a visible part.
Result<void> run_linear_pass(const RowPass& pass, RowSource& source, RowSink& sink);

}  // namespace gantry::inline GANTRY_ABI::detail
