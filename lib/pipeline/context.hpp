// SPDX-License-Identifier: Apache-2.0
// What every step of one request may look at.
#pragma once

#include <gantry/pipeline.hpp>
#include <gantry/run_options.hpp>

namespace gantry::detail {

class RuntimeCore;

struct Context {
  const RunOptions* call = nullptr;
  RuntimeCore* runtime = nullptr;
  /// True: nothing may be handed to another thread; every step runs through run().
  bool is_inline = false;
  StepObserver* observer = nullptr;
};

}  // namespace gantry::detail
