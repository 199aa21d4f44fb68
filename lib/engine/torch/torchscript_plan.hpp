// SPDX-License-Identifier: Apache-2.0
// Rewrites a frozen TorchScript graph for a plan (see options.hpp).
#pragma once

#include <c10/core/Device.h>

#include <gantry/result.hpp>
#include <gantry/signature.hpp>
#include <string>

#include "engine/torch/forward_call.hpp"
#include "engine/torch/torchscript_file.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {

/// Rewrites the frozen graph of `file` for `plan`, before anything runs it; "frozen" changes nothing. Returns a
/// readable summary: "2 pads folded, 49 convolutions in channels_last". Results change only by rounding. Errors:
/// unsupported, "plan 'channels_last': ...", on a GPU, and for a model that keeps state, writes to its inputs, could
/// not be frozen, has code that depends on memory layout, or has nothing for the plan to change. Such a model can only
/// use the plan "frozen".
Result<std::string> apply_plan(const std::string& plan, TorchScriptFile& file, const Signature& signature,
                               const ForwardCall& call, c10::Device device);

}  // namespace gantry::inline GANTRY_ABI::libtorch
