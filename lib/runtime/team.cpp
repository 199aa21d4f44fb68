// SPDX-License-Identifier: Apache-2.0
// The only source file that is compiled with OpenMP.
#include "runtime/team.hpp"

#include <algorithm>
#include <atomic>
#include <exception>

#include "core/mutex.hpp"
#include "runtime/rounding_scope.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// State that the threads of one loop share.
class Loop {
 public:
  Loop(std::size_t count, const std::function<void(std::size_t)>& part) : count_(count), part_(part) {}

  /// Runs parts until none are left. Catches all exceptions: none may leave a parallel region.
  void work() noexcept {
    const RoundingScope rounding;
    for (std::size_t i = next_++; i < count_; i = next_++) {
      try {
        part_(i);
      } catch (...) {
        const MutexLock lock(mutex_);
        if (!thrown_) thrown_ = std::current_exception();
      }
    }
  }
  void rethrow() const {
    const MutexLock lock(mutex_);
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  const std::size_t count_;
  const std::function<void(std::size_t)>& part_;
  std::atomic<std::size_t> next_{0};
  mutable Mutex mutex_;
  std::exception_ptr thrown_ GANTRY_GUARDED_BY(mutex_);
};

}  // namespace

void run_on_team(std::size_t threads, std::size_t count, const std::function<void(std::size_t)>& part) {
  Loop loop(count, part);
  [[maybe_unused]] const auto team = static_cast<int>(std::min(threads, count));
  if (team < 2) {  // NOLINT(bugprone-branch-clone): the branches differ: the other one runs on a team
    loop.work();
  } else {
#ifdef _OPENMP
#pragma omp parallel num_threads(team)
#endif
    loop.work();
  }
  loop.rethrow();
}

}  // namespace gantry::inline GANTRY_ABI::detail
