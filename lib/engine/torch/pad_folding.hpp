// SPDX-License-Identifier: Apache-2.0
// Folding pads of zeros into the convolutions behind them.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <cstddef>
#include <gantry/version.hpp>
#include <memory>

namespace gantry::inline GANTRY_ABI::libtorch {

/// Convolutions pad by themselves, without a copy of the picture. Takes out every pad (aten::pad,
/// aten::constant_pad_nd) that is of zeros, on spatial axes only, as wide on one side as on the other, and read by one
/// convolution alone. The sums stay the same; so a pad stays where they would not: where a weight is infinite or NaN,
/// where sizes are computed, or where something writes to the tensor between the two. `graph` is frozen. How many were
/// taken out.
std::size_t fold_pads(const std::shared_ptr<torch::jit::Graph>& graph);

}  // namespace gantry::inline GANTRY_ABI::libtorch
