// SPDX-License-Identifier: Apache-2.0
#include "runtime/parts.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

#include "core/mutex.hpp"
#include "runtime/runtime_core.hpp"
#include "runtime/team.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// State that the threads share. It outlives the call, since a queued job may start after all parts are done.
class Parts {
 public:
  Parts(std::size_t count, std::function<void(std::size_t)> part) : count_(count), part_(std::move(part)) {}

  /// Runs parts until none are left.
  void work() noexcept {
    for (std::size_t i = next_++; i < count_; i = next_++) {
      std::exception_ptr thrown;
      try {
        part_(i);
      } catch (...) {
        thrown = std::current_exception();
      }
      const MutexLock lock(mutex_);
      if (thrown && !thrown_) thrown_ = thrown;
      if (++done_ == count_) is_done_.notify_all();
    }
  }

  void wait() {
    const MutexLock lock(mutex_);
    while (done_ < count_) is_done_.wait(mutex_);
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  const std::size_t count_;
  const std::function<void(std::size_t)> part_;
  std::atomic<std::size_t> next_{0};
  Mutex mutex_;
  CondVar is_done_;
  std::size_t done_ GANTRY_GUARDED_BY(mutex_) = 0;
  std::exception_ptr thrown_ GANTRY_GUARDED_BY(mutex_);
};

}  // namespace

std::size_t loop_threads(const RuntimeCore& core) {
  const RuntimeOptions& options = core.options();
  return static_cast<std::size_t>(options.intra_op_threads > 1 ? options.intra_op_threads : options.image_threads);
}

bool loops_on_team(const RuntimeCore& core) {
  return core.options().intra_op_threads > 1;
}

void run_parts(RuntimeCore& core, std::size_t threads, std::size_t count, std::function<void(std::size_t)> part) {
  if (loops_on_team(core)) {
    const auto team = static_cast<std::size_t>(core.options().intra_op_threads);
    return run_on_team(std::min(threads, team), count, part);
  }
  const auto parts = std::make_shared<Parts>(count, std::move(part));
  const std::size_t helpers = std::min(threads, count);
  for (std::size_t i = 1; i < helpers; ++i)
    core.post_deferred([parts](const Error* refusal) {
      if (refusal == nullptr) parts->work();
    });
  parts->work();
  parts->wait();
}

}  // namespace gantry::inline GANTRY_ABI::detail
