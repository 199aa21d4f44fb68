// SPDX-License-Identifier: Apache-2.0
// Gate: holds threads at a point until the test lets them go; what tests use instead of sleeping.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <gantry/version.hpp>
#include <mutex>

namespace gantry::inline GANTRY_ABI::test {

/// Open at first.
///
/// Threads: thread-safe.
class Gate {
 public:
  void close() {
    const std::lock_guard lock(mutex_);
    is_open_ = false;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  /// Counts the thread in, and holds it while the gate is closed.
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
  }
  /// Waits until `count` threads have reached the gate since it was made.
  void wait_for_arrivals(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_ >= count; });
  }
  std::size_t arrived() const {
    const std::lock_guard lock(mutex_);
    return arrived_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = true;
  std::size_t arrived_ = 0;
};

/// Counts events; a test waits for a number of them.
class Counter {
 public:
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return count_ >= count; });
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
};

}  // namespace gantry::inline GANTRY_ABI::test
