// SPDX-License-Identifier: Apache-2.0
// Runs a large image on several threads: each band of rows of its result is a pass of its own.
#pragma once

#include <gantry/call_context.hpp>

#include "ops/image/fused/row_pass.hpp"
#include "ops/image/fused/row_sink.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// run_pass() over an image, on several threads if the call has them and the image is worth it (ops/row_bands.hpp: a
/// pixel that is read counts as a nanosecond). Rows at the edges of bands are read twice. Throws std::bad_alloc.
/// Errors: what interrupted the call, if there are bands.
Result<void> run_pass_in_bands(const RowPass& pass, const Image& image, const RowSink& sink, const CallContext& call);

}  // namespace gantry::inline GANTRY_ABI::detail
