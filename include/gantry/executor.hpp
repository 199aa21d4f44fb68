// SPDX-License-Identifier: Apache-2.0
// Executor: threads of the host application that a runtime may use instead of its own workers.
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

/// Runs a runtime's work, one piece per task, at most RuntimeOptions::workers tasks at a time.
///
/// Ownership: held by the runtime until its shutdown or the end of its last handle; released on the thread where that
///            happens.
/// Threads:   post() is called on any thread, also on one that runs a task, and without a lock.
/// Errors:    a task does not throw. If post() throws, or a task is destroyed before it ran and no other task is left,
///            waiting requests complete with `unavailable`.
/// Cost:      one post() per hand-off: for each request, and each batch of a model.
class GANTRY_API Executor {
 public:
  virtual ~Executor();
  /// Must call `task` once, on a thread for which nothing in gantry waits: not inside post(), and not on a thread that
  /// is blocked in a pipeline's run(). The task restores the thread's floating-point and LibTorch settings.
  virtual void post(Function<void()> task) = 0;
};

}  // namespace GANTRY_ABI
}  // namespace gantry
