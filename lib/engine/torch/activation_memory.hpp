// SPDX-License-Identifier: Apache-2.0
// The allocator in front of LibTorch's, which serves an engine's run from the instance's ActivationCache.
//
// It is one for the process, since LibTorch has one allocator per kind of device; but it looks at the calling thread:
// outside of an ActivationScope, and for small blocks, it asks the allocator that was there before and returns what
// that returns, deleter included. Only memory of the CPU goes through it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "core/mutex.hpp"
#include "engine/torch/activation_cache.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {

/// The caches of living instances, and those whose blocks somebody still holds: of an engine, or of the process.
///
/// Ownership: shares nothing; a cache that is gone is no longer in it.
/// Threads:   thread-safe.
/// Errors:    none but std::bad_alloc.
/// Cost:      a lock, and one per cache.
class CacheList {
 public:
  /// Never destroyed.
  static CacheList& of_process();

  void add(const std::shared_ptr<ActivationCache>& cache);
  ActivationMemory counts() const;
  std::size_t release_idle(std::chrono::milliseconds older_than) const;

 private:
  std::vector<std::shared_ptr<ActivationCache>> living() const;

  mutable detail::Mutex mutex_;
  std::vector<std::weak_ptr<ActivationCache>> caches_ GANTRY_GUARDED_BY(mutex_);
};

/// What an engine instance keeps from run to run; nothing if `retain` is false, or if the host has set an allocator of
/// its own with a priority. The first that retains puts the allocator in place.
///
/// Ownership: a member of the instance; blocks in use outlive it.
/// Threads:   thread-safe.
/// Errors:    may throw what LibTorch throws.
/// Cost:      none until the first run.
class InstanceMemory {
 public:
  /// `engine`: a list that it adds itself to, besides that of the process.
  explicit InstanceMemory(bool retain, CacheList* engine = nullptr);
  ~InstanceMemory();
  InstanceMemory(const InstanceMemory&) = delete;
  InstanceMemory& operator=(const InstanceMemory&) = delete;

  /// nullptr: nothing is kept.
  ActivationCache* cache() const { return cache_.get(); }

 private:
  std::shared_ptr<ActivationCache> cache_;
};

/// Large blocks that LibTorch allocates on this thread come from this memory for as long as the object lives; from
/// LibTorch's own allocator if it keeps nothing.
///
/// Ownership: a scope; neither copied nor moved. May be nested.
/// Threads:   one thread.
/// Errors:    none.
/// Cost:      two uncontended locks.
class ActivationScope {
 public:
  explicit ActivationScope(const InstanceMemory& memory) : ActivationScope(memory.cache()) {}
  explicit ActivationScope(ActivationCache* cache);
  ~ActivationScope();
  ActivationScope(const ActivationScope&) = delete;
  ActivationScope& operator=(const ActivationScope&) = delete;

 private:
  ActivationCache* const cache_;
  ActivationCache* const outer_;
};

/// Puts the allocator in place, once. The one that was there; nullptr if it could not be replaced.
c10::Allocator* replace_cpu_allocator();

}  // namespace gantry::inline GANTRY_ABI::libtorch
