// SPDX-License-Identifier: Apache-2.0
// Executor: threads of the host's that a runtime may use instead of workers of its own.
//
//   struct Pool final : gantry::Executor {
//     void post(gantry::Function<void()> task) override { asio::post(pool, std::move(task)); }
//     asio::thread_pool pool{4};
//   };
#pragma once

#include <gantry/export.hpp>
#include <gantry/function.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

/// Runs a runtime's work, one piece a task, at most RuntimeOptions::workers tasks at a time.
///
/// Ownership: held by the runtime until it is shut down or its last handle goes; released on the thread where that
///            happens.
/// Threads:   post() is called on any thread, a thread that runs a task included, and under no lock.
/// Errors:    a task does not throw. Where post() throws, or a task is destroyed without having run and no other is
///            left, what waits completes with `unavailable`.
/// Cost:      one post() for each hand-off: for each request, and each batch of a model.
class GANTRY_API Executor {
 public:
  virtual ~Executor();
  /// Must call `task` once, on a thread that nothing in gantry waits for: not inside post(), and not on a thread that
  /// is blocked in a pipeline's run(). The task restores the thread's floating-point and LibTorch settings.
  virtual void post(Function<void()> task) = 0;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
