// SPDX-License-Identifier: Apache-2.0
// Stacking samples into a batch, and splitting a batch into samples.
#pragma once

#include <cstddef>
#include <gantry/result.hpp>
#include <gantry/span.hpp>
#include <gantry/tensor.hpp>

namespace gantry::detail {

/// [n, ...] from n samples of equal dtype and shape. No copy if they are consecutive views of one block (a single
/// contiguous sample always is).
Result<Tensor> stack(Span<const Tensor> samples);

/// Sample `index` of a contiguous [n, ...]; a view.
Result<Tensor> unstack(const Tensor& batch, std::int64_t index);

}  // namespace gantry::detail
