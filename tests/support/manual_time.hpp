// SPDX-License-Identifier: Apache-2.0
// ManualTime: a clock that moves when a test says so.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <gantry/time_source.hpp>
#include <mutex>

namespace gantry::inline GANTRY_ABI::test {

/// Whoever waits looks at the time again every millisecond: a test that moves the clock needs to know of nobody.
class ManualTime final : public TimeSource {
 public:
  Time now() const noexcept override { return Time(std::chrono::nanoseconds(now_.load())); }
  void wait_until(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, Time when) const override {
    if (now() < when) condition.wait_for(lock, std::chrono::milliseconds(1));
  }
  void advance(std::chrono::nanoseconds by) { now_ += by.count(); }

 private:
  std::atomic<std::chrono::nanoseconds::rep> now_{std::chrono::nanoseconds(std::chrono::hours(1)).count()};
};

}  // namespace gantry::inline GANTRY_ABI::test
