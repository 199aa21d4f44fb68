// SPDX-License-Identifier: Apache-2.0
// The two passes of a separable resampling over 8-bit pixels, for the best instruction set of the machine.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/image/kernels/axis_weights.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// The horizontal pass over up to 4 rows of 1, 3 or 4 interleaved channels. rows[i] points at column `first_column`;
/// only `columns` columns exist from there, which must hold all windows: nothing else is read. out[i] gets one pixel
/// per window.
void resample_rows(const std::uint8_t* const* rows, std::uint8_t* const* out, std::size_t row_count,
                   std::size_t channels, std::int64_t first_column, std::int64_t columns, const AxisWeights& weights);

/// Row `output` of the vertical pass: `bytes` bytes from each of the window's rows.
void combine_rows(const std::uint8_t* const* rows, std::size_t output, std::uint8_t* out, std::size_t bytes,
                  const AxisWeights& weights);

}  // namespace gantry::inline GANTRY_ABI::detail
