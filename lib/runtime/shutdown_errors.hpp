// SPDX-License-Identifier: Apache-2.0
// ShutdownErrors: the errors of a shutdown, made in advance: a shutdown must complete all requests even without memory.
#pragma once

#include <gantry/error.hpp>

namespace gantry::inline GANTRY_ABI::detail {

struct ShutdownErrors {
  const Error stopped = make("the runtime was shut down");                                 ///< for new requests
  const Error refused = make("the runtime was shut down before the request could start");  ///< for queued ones
  const Error ended = make("the runtime was shut down before the request was done");       ///< for running ones
  const Error dropped = make("the host's executor dropped the work");                      ///< no task is left

 private:
  static Error make(const char* message) {
    return Error(ErrorCode::kUnavailable, message).with_reason(ErrorReason::kShutdown);
  }
};

}  // namespace gantry::inline GANTRY_ABI::detail
