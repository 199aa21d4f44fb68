// SPDX-License-Identifier: Apache-2.0
// The row engine's walk for OpenCV's bilinear resize: rows that no output looks at are passed over.
#pragma once

#include <gantry/result.hpp>

#include "ops/image/fused/row_pass.hpp"
#include "ops/image/fused/row_sink.hpp"
#include "ops/image/fused/row_source.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// As run_pass(), for a pass that resizes with Reference::kOpenCv and shows something.
Result<void> run_linear_pass(const RowPass& pass, RowSource& source, RowSink& sink);

}  // namespace gantry::inline GANTRY_ABI::detail
