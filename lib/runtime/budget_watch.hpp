// SPDX-License-Identifier: Apache-2.0
// BudgetWatch: the CPU and memory limits of this process now. Limits change while a process runs (a pod resized in
// place). A reading opens dozens of files, so it is cached for `interval`.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <gantry/export.hpp>
#include <memory>
#include <optional>

#include "core/mutex.hpp"
#include "runtime/cpu_budget.hpp"
#include "runtime/cpu_throttling.hpp"
#include "runtime/memory_budget.hpp"

namespace gantry::inline GANTRY_ABI::detail {

struct Budgets {
  CpuBudget cpu;
  MemoryBudget memory;
  std::optional<CpuThrottling> throttling;
};

/// Reads this process's budgets. The affinity is always that of the thread that calls this function, since a thread
/// that calls the reader later may be pinned to a single CPU. `cpus`: RuntimeOptions::cpus.
GANTRY_API std::function<Budgets()> make_process_reader(int cpus = 0);

/// Ownership: owns the reader; a Reading may outlive the watch.
/// Threads:   thread-safe. One thread reads at a time; other threads do not wait for it.
/// Errors:    what the reader throws; the previous reading stays, and the next call tries again.
/// Cost:      an uncontended mutex while the reading is fresh.
class GANTRY_API BudgetWatch {
 public:
  using Clock = std::chrono::steady_clock;
  using Reader = std::function<Budgets()>;

  struct Reading : Budgets {
    Clock::time_point taken_at;
    /// Number of readings whose CPU budget (`cpus` or `exact`) differs from that of the previous reading. A caller that
    /// keeps this number detects later that the budget has changed.
    std::uint64_t cpu_changes = 0;
  };

  /// Takes the first reading.
  BudgetWatch(Reader reader, Clock::time_point now, Clock::duration interval = std::chrono::seconds(5));

  /// The latest reading; takes a new one if it is `interval` old. While another thread takes one, returns the previous
  /// one.
  std::shared_ptr<const Reading> refresh(Clock::time_point now);
  Clock::duration interval() const { return interval_; }

 private:
  std::shared_ptr<const Reading> read(Clock::time_point now, const Reading* before) const;

  const Reader reader_;
  const Clock::duration interval_;
  Mutex mutex_;
  std::shared_ptr<const Reading> latest_ GANTRY_GUARDED_BY(mutex_);
  bool is_reading_ GANTRY_GUARDED_BY(mutex_) = false;
};

}  // namespace gantry::inline GANTRY_ABI::detail
