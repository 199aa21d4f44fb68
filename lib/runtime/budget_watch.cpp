// SPDX-License-Identifier: Apache-2.0
#include "runtime/budget_watch.hpp"

#include <unistd.h>

#include <exception>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

std::function<Budgets()> make_process_reader(int cpus) {
  return [thread_id = static_cast<int>(::gettid()), cpus] {
    return Budgets{read_cpu_budget(thread_id, cpus), read_memory_budget(), read_cpu_throttling()};
  };
}

BudgetWatch::BudgetWatch(Reader reader, Clock::time_point now, Clock::duration interval)
    : reader_(std::move(reader)), interval_(interval), latest_(read(now, nullptr)) {}

std::shared_ptr<const BudgetWatch::Reading> BudgetWatch::refresh(Clock::time_point now) {
  MutexLock lock(mutex_);
  if (is_reading_ || now - latest_->taken_at < interval_) return latest_;
  is_reading_ = true;
  const auto before = latest_;
  lock.unlock();
  std::shared_ptr<const Reading> fresh;
  std::exception_ptr thrown;
  try {
    fresh = read(now, before.get());
  } catch (...) {
    thrown = std::current_exception();
  }
  lock.lock();
  is_reading_ = false;
  if (thrown) std::rethrow_exception(thrown);
  latest_ = fresh;
  return fresh;
}

std::shared_ptr<const BudgetWatch::Reading> BudgetWatch::read(Clock::time_point now, const Reading* before) const {
  auto reading = std::make_shared<Reading>();
  static_cast<Budgets&>(*reading) = reader_();
  reading->taken_at = now;
  if (before) {
    const bool changed = reading->cpu.cpus != before->cpu.cpus || reading->cpu.exact != before->cpu.exact;
    reading->cpu_changes = before->cpu_changes + (changed ? 1 : 0);
  }
  return reading;
}

}  // namespace gantry::inline GANTRY_ABI::detail
