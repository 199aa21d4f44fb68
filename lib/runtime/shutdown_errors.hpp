// SPDX-License-Identifier: Apache-2.0
// ShutdownErrors: what may have to be said when there is no memory left to make an error.
#pragma once

#include <gantry/error.hpp>

namespace gantry::inline GANTRY_ABI::detail {

struct ShutdownErrors {
  const Error stopped = make("the runtime was shut down");                                 ///< who comes after stop()
  const Error refused = make("the runtime was shut down before the request could start");  ///< who was queued
  const Error ended = make("the runtime was shut down before the request was done");       ///< who had begun
  const Error dropped = make("the host's executor dropped the work");                      ///< and no task is left

 private:
  static Error make(const char* message) {
    return Error(ErrorCode::kUnavailable, message).with_reason(ErrorReason::kShutdown);
  }
};

}  // namespace gantry::inline GANTRY_ABI::detail
