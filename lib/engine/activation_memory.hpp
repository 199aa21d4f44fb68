// SPDX-License-Identifier: Apache-2.0
// The allocator in front of LibTorch's, which serves an engine's run from the instance's ActivationCache.
//
// It is one for the process, since LibTorch has one allocator per kind of device; but it looks at the calling thread:
// outside of an ActivationScope, and for small blocks, it asks the allocator that was there before and returns what
// that returns, deleter included. Only memory of the CPU goes through it.
#pragma once

#include <memory>

#include "engine/activation_cache.hpp"

namespace gantry::libtorch {

/// What an engine instance keeps from run to run; nothing if `retain` is false, or if the host has set an allocator of
/// its own with a priority. The first that retains puts the allocator in place.
///
/// Ownership: a member of the instance; blocks in use outlive it.
/// Threads:   thread-safe.
/// Errors:    may throw what LibTorch throws.
/// Cost:      none until the first run.
class InstanceMemory {
 public:
  explicit InstanceMemory(bool retain);
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

}  // namespace gantry::libtorch
