// SPDX-License-Identifier: Apache-2.0
// ScriptedThreads: a ThreadSource without threads. A test says when each of them looks for work, and which are asleep.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::test {

/// Threads as OwnWorkers has them: each looks for work, runs it, looks again, and sleeps when there is none, until it
/// is woken or the time has come that it waits for. One thread at a time calls this.
class ScriptedThreads final : public detail::ThreadSource {
 public:
  struct Thread {
    std::optional<detail::Work> work;  ///< that it runs
    bool is_asleep = false;
    std::optional<detail::Clock::time_point> until;  ///< of its sleep
  };

  explicit ScriptedThreads(std::size_t count) : threads_(count) {}

  bool comes_with_slot() const noexcept override { return false; }
  void start(const std::shared_ptr<detail::RuntimeCore>&) override {}
  void wake_one(detail::RuntimeCore&) noexcept override {
    for (Thread& thread : threads_)
      if (thread.is_asleep) {
        thread.is_asleep = false;
        return;
      }
  }
  void wake_timekeeper() noexcept override {
    for (Thread& thread : threads_)
      if (thread.is_asleep) {
        thread.is_asleep = false;
        return;
      }
  }
  void wake_all() noexcept override {
    for (Thread& thread : threads_) thread.is_asleep = false;
  }
  void join(detail::RuntimeCore&) override {}

  std::size_t size() const { return threads_.size(); }
  Thread& operator[](std::size_t index) { return threads_[index]; }
  /// Neither asleep, nor at work: looks for work if it is let.
  bool is_ready(std::size_t index, detail::Clock::time_point now) {
    Thread& thread = threads_[index];
    if (thread.work) return false;
    if (thread.is_asleep && thread.until && now >= *thread.until) thread.is_asleep = false;
    return !thread.is_asleep;
  }
  /// One look for work: true if there was some, which the thread then holds, with a slot; else it sleeps.
  bool look(std::size_t index, detail::RuntimeCore& core) {
    Thread& thread = threads_[index];
    detail::WorkQueue& queue = core.queue();
    const detail::MutexLock lock(queue.mutex());
    thread.work = queue.take_work();
    if (thread.work) return true;
    thread.until = queue.next_look();
    thread.is_asleep = true;
    return false;
  }
  /// Does what it holds, and gives the slot back.
  void finish(std::size_t index, detail::RuntimeCore& core) {
    threads_[index].work->run();
    threads_[index].work.reset();
    detail::WorkQueue& queue = core.queue();
    const detail::MutexLock lock(queue.mutex());
    queue.release_slot();
  }

 private:
  std::vector<Thread> threads_;
};

}  // namespace gantry::inline GANTRY_ABI::test
