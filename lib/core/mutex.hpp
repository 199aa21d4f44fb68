// SPDX-License-Identifier: Apache-2.0
// Mutex, MutexLock and CondVar: the standard library's, with annotations by which clang checks what a lock guards
// (-Wthread-safety). Other compilers ignore them. All of lib/ locks with these.
//
//   class Counter {
//     void add() GANTRY_EXCLUDES(mutex_) { const MutexLock lock(mutex_); ++count_; }
//     Mutex mutex_;
//     int count_ GANTRY_GUARDED_BY(mutex_) = 0;
//   };
#pragma once

#include <condition_variable>
#include <gantry/time_source.hpp>
#include <mutex>

#if defined(__clang__)
#define GANTRY_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define GANTRY_THREAD_ANNOTATION(x)
#endif

/// For a member that is read and written only while the mutex is held.
#define GANTRY_GUARDED_BY(mutex) GANTRY_THREAD_ANNOTATION(guarded_by(mutex))
/// For a function that requires the mutex to be held, and does not release it.
#define GANTRY_REQUIRES(...) GANTRY_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
/// For a function that locks the mutex itself, so that its caller must not hold it.
#define GANTRY_EXCLUDES(...) GANTRY_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
/// For a function that returns the mutex.
#define GANTRY_RETURNS_MUTEX(mutex) GANTRY_THREAD_ANNOTATION(lock_returned(mutex))
/// Tells clang that the mutex is held where it cannot see that: in a predicate that is called under the lock.
#define GANTRY_ASSERTS_HELD(...) GANTRY_THREAD_ANNOTATION(assert_capability(__VA_ARGS__))

namespace gantry::inline GANTRY_ABI::detail {

class GANTRY_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() GANTRY_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() GANTRY_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  bool try_lock() GANTRY_THREAD_ANNOTATION(try_acquire_capability(true)) { return mutex_.try_lock(); }
  /// For the predicate of CondVar::wait(), which runs while the mutex is held.
  void assert_held() const GANTRY_ASSERTS_HELD() {}

 private:
  friend class CondVar;
  std::mutex mutex_;
};

/// Holds a mutex for as long as it lives, except between unlock() and lock().
class GANTRY_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) GANTRY_THREAD_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  ~MutexLock() GANTRY_THREAD_ANNOTATION(release_capability()) {
    if (is_held_) mutex_.unlock();
  }
  void unlock() GANTRY_THREAD_ANNOTATION(release_capability()) {
    mutex_.unlock();
    is_held_ = false;
  }
  void lock() GANTRY_THREAD_ANNOTATION(acquire_capability()) {
    mutex_.lock();
    is_held_ = true;
  }

 private:
  Mutex& mutex_;
  bool is_held_ = true;
};

/// A condition variable: a wait releases the mutex, and holds it again on return. Every wait may end spuriously.
class CondVar {
 public:
  void notify_one() noexcept { condition_.notify_one(); }
  void notify_all() noexcept { condition_.notify_all(); }

  void wait(Mutex& mutex) GANTRY_REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  /// Waits until the given clock reaches `when`.
  void wait_until(Mutex& mutex, const TimeSource& time, TimeSource::Time when) GANTRY_REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    time.wait_until(condition_, lock, when);
    lock.release();
  }

 private:
  std::condition_variable condition_;
};

}  // namespace gantry::inline GANTRY_ABI::detail
