// SPDX-License-Identifier: Apache-2.0
// ExecuTorch's hooks into the process: its log, its abort, its thread pool.
#pragma once

#include <exception>
#include <gantry/error.hpp>

namespace gantry::inline GANTRY_ABI::executorch {

/// Thrown where ExecuTorch would abort. The reason is in the CallLog.
class Aborted final : public std::exception {
 public:
  const char* what() const noexcept override { return "ExecuTorch found itself in a state that it cannot go on from"; }
};

/// Replaces ExecuTorch's log and abort. Call it before any other function of ExecuTorch; further calls do nothing.
/// Thread-safe.
void take_over_platform();

/// Creates ExecuTorch's thread pool of the process with a single thread, the caller's. Otherwise kernels outside of
/// delegates would create it on their first run, with a thread per CPU, although they do not use it here. Not
/// thread-safe.
void hold_thread_pool_at_one();

}  // namespace gantry::inline GANTRY_ABI::executorch
