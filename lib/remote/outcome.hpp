// SPDX-License-Identifier: Apache-2.0
// Outcome: what became of one attempt to have a call computed.
#pragma once

#include <gantry/tensor.hpp>
#include <optional>

#include "remote/dispatcher.hpp"

namespace gantry::inline GANTRY_ABI::remote {

/// What an attempt says about its host.
enum class Verdict {
  kNone,    // nothing: the call was cancelled, or could not be sent
  kAlive,   // it answered as it should
  kFailed,  // no connection, no answer, or one that cannot be used
  kUnfit,   // it serves another model, or none: no call may go there
};

struct Dispatcher::Outcome {
  std::optional<Tensors> outputs;
  std::optional<Error> error;  // unless there are outputs
  Verdict verdict = Verdict::kNone;
  bool is_safe = false;         // to repeat
  bool only_elsewhere = false;  // if it is repeated: at another host
};

}  // namespace gantry::inline GANTRY_ABI::remote
