// SPDX-License-Identifier: Apache-2.0
// One huge image on several threads: its result in bands of rows, each a pass of its own.
#pragma once

#include <gantry/call_context.hpp>

#include "ops/image/fused/row_pass.hpp"
#include "ops/image/fused/row_sink.hpp"

namespace gantry::detail {

/// As run_pass() over an image; on as many threads as the call may use if it reads at least 8 megapixels. Rows at the
/// edges of bands are read twice. Throws std::bad_alloc. Errors: none.
Result<void> run_pass_in_bands(const RowPass& pass, const Image& image, const RowSink& sink, const CallContext& call);

}  // namespace gantry::detail
