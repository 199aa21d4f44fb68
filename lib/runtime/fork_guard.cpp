// SPDX-License-Identifier: Apache-2.0
#include "runtime/fork_guard.hpp"

#include <pthread.h>

#include <atomic>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// The number of forks between the process that made the first guard and this one.
std::atomic<unsigned> fork_generation{0};

unsigned current_fork_generation() {
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] { fork_generation.fetch_add(1); });
  static_cast<void>(registered);
  return fork_generation.load();
}

}  // namespace

ForkGuard::ForkGuard() : generation_(current_fork_generation()) {}

bool ForkGuard::is_of_parent_process() const noexcept {
  return fork_generation.load(std::memory_order_relaxed) != generation_;
}

}  // namespace gantry::inline GANTRY_ABI::detail
