// SPDX-License-Identifier: Apache-2.0
// Rewriting a frozen TorchScript graph for a plan (options.hpp says which there are).
#pragma once

#include <c10/core/Device.h>

#include <gantry/result.hpp>
#include <gantry/signature.hpp>
#include <string>

#include "engine/torch/forward_call.hpp"
#include "engine/torch/torchscript_file.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {

/// Rewrites the frozen graph of `file` for `plan`, before anything runs it; "frozen" changes nothing. Gives what was
/// done, for people: "2 pads folded, 49 convolutions in channels_last". Answers differ by rounding alone. Errors:
/// unsupported, "plan 'channels_last': ...", on a GPU, of a model that keeps state, writes to its inputs or could not
/// be frozen, whose code looks at how tensors lie in memory, or that has nothing for the plan to change. Such a model
/// has the plan "frozen".
Result<std::string> apply_plan(const std::string& plan, TorchScriptFile& file, const Signature& signature,
                               const ForwardCall& call, c10::Device device);

}  // namespace gantry::inline GANTRY_ABI::libtorch
