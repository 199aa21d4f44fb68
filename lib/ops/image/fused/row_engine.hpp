// SPDX-License-Identifier: Apache-2.0
// The row engine: one walk over the rows of an image, from the source's rows to the sink's.
//
//   source rows -> [premultiply] -> horizontal pass -> ring of rows -> vertical pass -> [divide by alpha] -> sink
//
// It reads only the rows and columns that the visible part needs. Where Pillow starts vertically, so does the engine.
#pragma once

#include <gantry/result.hpp>

#include "ops/image/fused/row_pass.hpp"
#include "ops/image/fused/row_sink.hpp"
#include "ops/image/fused/row_source.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// Thread-safe: works in the calling thread's RowScratch. Throws std::bad_alloc. Errors: the source's.
/// Cost: no allocation for a geometry this thread has seen lately; about support * channels operations per pixel read.
Result<void> run_pass(const RowPass& pass, RowSource source, RowSink sink);
/// The same from an image to a new one; a crop gives a view. Errors: resource_exhausted.
Result<Image> run_pass(const RowPass& pass, const Image& image);
/// Writes only the border of a pass.
void fill_border(RowSink sink);

}  // namespace gantry::inline GANTRY_ABI::detail
