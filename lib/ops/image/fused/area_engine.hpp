// SPDX-License-Identifier: Apache-2.0
// OpenCV's INTER_AREA for images that do not grow (modules/imgproc/src/resize.cpp): an output is the mean of the pixels
// that it covers, partly or wholly.
#pragma once

#include "ops/image/fused/row_pass.hpp"
#include "ops/image/fused/row_sink.hpp"
#include "ops/image/fused/row_source.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// True if the pass resizes by the area filter and no side grows.
bool covers_pixels(const RowPass& pass);

/// run_pass() for such a pass. Errors: the source's. Throws std::bad_alloc.
Result<void> run_area_pass(const RowPass& pass, RowSource& source, RowSink& sink);

}  // namespace gantry::inline GANTRY_ABI::detail
