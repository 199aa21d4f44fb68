// SPDX-License-Identifier: Apache-2.0
// OpenCV's INTER_CUBIC and INTER_LANCZOS4 (modules/imgproc/src/resize.cpp): as INTER_LINEAR, but from 4 or 8 pixels per
// axis, and without rounding between the passes.
#pragma once

#include "ops/image/fused/row_pass.hpp"
#include "ops/image/fused/row_sink.hpp"
#include "ops/image/fused/row_source.hpp"

namespace gantry::inline GANTRY_ABI::detail {

bool is_wide(const ResizeTo& resize);

/// run_pass() for such a pass. Errors: the source's. Throws std::bad_alloc.
Result<void> run_wide_pass(const RowPass& pass, RowSource& source, RowSink& sink);

}  // namespace gantry::inline GANTRY_ABI::detail
