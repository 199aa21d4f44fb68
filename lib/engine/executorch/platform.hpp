// SPDX-License-Identifier: Apache-2.0
// What ExecuTorch does to the process it runs in: its log, its abort, its thread pool.
#pragma once

#include <exception>
#include <gantry/error.hpp>

namespace gantry::inline GANTRY_ABI::executorch {

/// Thrown where ExecuTorch would end the process. The reason is in the CallLog.
class Aborted final : public std::exception {
 public:
  const char* what() const noexcept override { return "ExecuTorch found itself in a state that it cannot go on from"; }
};

/// Takes log and abort over, before anything else of ExecuTorch is called; further calls do nothing. Thread-safe.
void take_over_platform();

/// Makes the process's thread pool of ExecuTorch, and holds it at one thread, which is the caller's. Kernels outside of
/// delegates make that pool, with a thread for each CPU, as they first run, although they do not use it here. Not
/// thread-safe.
void hold_thread_pool_at_one();

}  // namespace gantry::inline GANTRY_ABI::executorch
