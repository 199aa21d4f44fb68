// SPDX-License-Identifier: Apache-2.0
// An allocator in front of LibTorch's, which serves large blocks of an engine's run from the instance's
// ActivationCache.
//
// There is one per process, since LibTorch has one allocator per kind of device. It checks the calling thread: outside
// of an ActivationScope, and for small blocks, it calls the previous allocator and returns its result, including the
// deleter. Only CPU memory goes through it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "core/mutex.hpp"
#include "engine/torch/activation_cache.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {

/// The caches of an engine, or of the process: those of living instances, and those with blocks that are still in use.
///
/// Ownership: weak: a destroyed cache leaves the list.
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

/// The memory that an engine instance keeps from run to run. Keeps nothing if `retain` is false, or if the host has set
/// its own allocator with a priority. The first instance that retains memory installs the allocator.
///
/// Ownership: a member of the instance; blocks in use outlive it.
/// Threads:   thread-safe.
/// Errors:    may throw what LibTorch throws.
/// Cost:      none until the first run.
class InstanceMemory {
 public:
  /// `engine`: a list to which it adds itself, in addition to that of the process.
  explicit InstanceMemory(bool retain, CacheList* engine = nullptr);
  ~InstanceMemory();
  InstanceMemory(const InstanceMemory&) = delete;
  InstanceMemory& operator=(const InstanceMemory&) = delete;

  /// nullptr: nothing is kept.
  ActivationCache* cache() const { return cache_.get(); }

 private:
  std::shared_ptr<ActivationCache> cache_;
};

/// While it lives, large blocks that LibTorch allocates on this thread come from this cache; with nullptr, from
/// LibTorch's own allocator.
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

/// Installs the allocator, once. Returns the previous one; nullptr if it could not be replaced.
c10::Allocator* replace_cpu_allocator();

}  // namespace gantry::inline GANTRY_ABI::libtorch
