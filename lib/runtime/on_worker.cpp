// SPDX-License-Identifier: Apache-2.0
#include "runtime/on_worker.hpp"

#include <exception>
#include <future>
#include <optional>
#include <utility>

#include "runtime/current_thread.hpp"
#include "runtime/outside_wait.hpp"
#include "runtime/rounding_scope.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Neither: it was done.
struct Outcome {
  std::optional<Error> refusal;
  std::exception_ptr thrown;
};

}  // namespace

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
  std::promise<Outcome> promise;
  auto ended = promise.get_future();
  post([&work, promise = std::move(promise)](const Error* refusal) mutable {
    Outcome outcome;
    try {
      if (refusal)
        outcome.refusal = *refusal;
      else
        work();
    } catch (...) {
      outcome.thrown = std::current_exception();
    }
    promise.set_value(std::move(outcome));
  });
  wait_outside(core, ended, std::nullopt);
  Outcome outcome = ended.get();
  if (outcome.thrown) std::rethrow_exception(outcome.thrown);
  if (outcome.refusal) return *std::move(outcome.refusal);
  return {};
}

}  // namespace gantry::inline GANTRY_ABI::detail
