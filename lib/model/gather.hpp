// SPDX-License-Identifier: Apache-2.0
// Joining the inputs of several calls along the batch axis, and taking a call's part of the outputs.
#pragma once

#include <gantry/result.hpp>
#include <gantry/span.hpp>
#include <gantry/tensor.hpp>
#include <vector>

namespace gantry::detail {

/// [n1 + n2 + ..., ...] of each input, from calls whose samples have the same shapes. A single call is not copied.
Result<Tensors> join_rows(Span<const Tensors* const> calls);

/// Rows begin..end of every tensor; views.
Result<Tensors> take_rows(const Tensors& batch, std::int64_t begin, std::int64_t end);

/// True if the samples of both have the same shapes; the dtypes are those of the signature.
bool have_same_samples(const Tensors& a, const Tensors& b);

}  // namespace gantry::detail
