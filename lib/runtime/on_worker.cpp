// SPDX-License-Identifier: Apache-2.0
#include "runtime/on_worker.hpp"

#include <exception>
#include <optional>
#include <utility>

#include "core/return_if_error.hpp"
#include "runtime/awaited_result.hpp"
#include "runtime/current_thread.hpp"
#include "runtime/outside_wait.hpp"
#include "runtime/rounding_scope.hpp"

namespace gantry::inline GANTRY_ABI::detail {

Result<void> do_on_worker(RuntimeCore& core, const std::function<void(Job)>& post, const std::function<void()>& work) {
  if (core.on_worker()) {
    work();
    return {};
  }
  if (core.options().execution == Execution::kCaller) {
    const CallerScope caller(core);
    const RoundingScope rounding;
    work();
    return {};
  }
  AwaitedResult<std::exception_ptr> thrown;  // null: `work` did not throw
  post([&work, giver = thrown.giver()](const Error* refusal) mutable {
    if (refusal) return giver.set(*refusal);
    try {
      work();
    } catch (...) {
      return giver.set(std::current_exception());
    }
    giver.set(std::exception_ptr());
  });
  wait_outside(core, thrown, std::nullopt);
  GANTRY_ASSIGN_OR_RETURN(const std::exception_ptr exception, thrown.take());
  if (exception) std::rethrow_exception(exception);
  return {};
}

}  // namespace gantry::inline GANTRY_ABI::detail
