// SPDX-License-Identifier: Apache-2.0
// Stacking samples into a batch, joining batches, and taking batches apart.
#pragma once

#include <cstddef>
#include <gantry/result.hpp>
#include <gantry/span.hpp>
#include <gantry/tensor.hpp>

namespace gantry::inline GANTRY_ABI::detail {

/// [n, ...] from n samples of equal dtype and shape. No copy if they are consecutive views of one block, as a single
/// contiguous sample always is.
Result<Tensor> stack(Span<const Tensor> samples);

/// Sample `index` of a contiguous [n, ...]; a view.
Result<Tensor> unstack(const Tensor& batch, std::int64_t index);

/// [n1 + n2 + ..., ...] from tensors whose samples have the same shape.
Result<Tensor> join_rows(Span<const Tensor> batches);

/// [n1 + n2 + ..., ...] of each tensor, from batches whose samples have the same shapes. No copy where stack() makes
/// none.
Result<Tensors> join_rows(Span<const Tensors* const> batches);

/// Rows begin..end of every tensor; views.
Result<Tensors> take_rows(const Tensors& batch, std::int64_t begin, std::int64_t end);

/// True if the samples of both batches have the same shapes; the dtypes are those of the signature.
bool have_same_samples(const Tensors& a, const Tensors& b);

}  // namespace gantry::inline GANTRY_ABI::detail
