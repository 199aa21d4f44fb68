// SPDX-License-Identifier: Apache-2.0
// Members: the models and pipelines of a runtime.
#pragma once

#include <gantry/error.hpp>
#include <gantry/stats.hpp>
#include <memory>
#include <vector>

#include "core/mutex.hpp"

namespace gantry::inline GANTRY_ABI::detail {

/// A model. It holds waiting requests outside the runtime's queue, which it must complete on shutdown.
class RuntimeMember {
 public:
  virtual ~RuntimeMember() = default;
  virtual void on_shutdown(const Error& reason) = 0;
  virtual ModelStats stats() const = 0;
};

/// A pipeline, as the source of its stats.
class RuntimePipeline {
 public:
  virtual ~RuntimePipeline() = default;
  virtual PipelineStats stats() const = 0;
};

/// Ownership: weak: destroyed models and pipelines are skipped.
/// Threads:   thread-safe; members are called without the lock.
/// Errors:    std::bad_alloc.
/// Cost:      linear in models and pipelines.
class Members {
 public:
  void add(std::weak_ptr<RuntimeMember> model) GANTRY_EXCLUDES(mutex_);
  void add(std::weak_ptr<const RuntimePipeline> pipeline) GANTRY_EXCLUDES(mutex_);
  void collect(RuntimeStats& stats) const GANTRY_EXCLUDES(mutex_);
  /// Removes and returns all models. Allocates nothing, since a shutdown must not fail.
  std::vector<std::weak_ptr<RuntimeMember>> take_models() noexcept GANTRY_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::vector<std::weak_ptr<RuntimeMember>> models_ GANTRY_GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<const RuntimePipeline>> pipelines_ GANTRY_GUARDED_BY(mutex_);
};

}  // namespace gantry::inline GANTRY_ABI::detail
