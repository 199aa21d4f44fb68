// SPDX-License-Identifier: Apache-2.0
// Context of one request, available to each of its steps. Stages and ops see it through CallContext.
#pragma once

#include "runtime/call_options.hpp"

namespace gantry::inline GANTRY_ABI::detail {

class RuntimeCore;
class StepObserver;

struct Context {
  const CallOptions* call = nullptr;
  RuntimeCore* runtime = nullptr;
  /// True: every step runs on the calling thread, through run(); no work is posted to other threads.
  bool is_inline = false;
  StepObserver* observer = nullptr;
};

}  // namespace gantry::inline GANTRY_ABI::detail
