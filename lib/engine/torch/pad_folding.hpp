// SPDX-License-Identifier: Apache-2.0
// Folds zero padding into the convolutions that follow.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <cstddef>
#include <gantry/version.hpp>
#include <memory>

namespace gantry::inline GANTRY_ABI::libtorch {

/// A convolution can pad by itself, without a copy of the picture. Removes every pad (aten::pad, aten::constant_pad_nd)
/// with zeros that is only on spatial axes, symmetric, and read by a single convolution, and adds it to that
/// convolution. The result must stay the same, so a pad is kept if a weight is infinite or NaN, if sizes are computed,
/// or if something writes to the tensor between pad and convolution. `graph` must be frozen. Returns the number of
/// removed pads.
std::size_t fold_pads(const std::shared_ptr<torch::jit::Graph>& graph);

}  // namespace gantry::inline GANTRY_ABI::libtorch
