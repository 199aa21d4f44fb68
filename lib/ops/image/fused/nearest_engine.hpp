// SPDX-License-Identifier: Apache-2.0
// Resampling that copies the nearest pixel.
#pragma once

#include "ops/image/fused/row_pass.hpp"
#include "ops/image/fused/row_sink.hpp"
#include "ops/image/fused/row_source.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// run_pass() for a pass that resizes to the nearest pixel. Errors: the source's. Throws std::bad_alloc.
Result<void> run_nearest_pass(const RowPass& pass, RowSource& source, RowSink& sink);

}  // namespace gantry::inline GANTRY_ABI::detail
