// SPDX-License-Identifier: Apache-2.0
// What every step of one request may look at; CallContext is what stages and ops see of it.
#pragma once

#include "runtime/call_options.hpp"

namespace gantry::inline GANTRY_ABI::detail {

class RuntimeCore;
class StepObserver;

struct Context {
  const CallOptions* call = nullptr;
  RuntimeCore* runtime = nullptr;
  /// True: nothing may be handed to another thread; every step runs through run().
  bool is_inline = false;
  StepObserver* observer = nullptr;
};

}  // namespace gantry::inline GANTRY_ABI::detail
