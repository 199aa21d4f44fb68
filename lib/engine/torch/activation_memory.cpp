// SPDX-License-Identifier: Apache-2.0
// Installs the allocator, and keeps the lists of caches for engines and for the process-wide functions.
#include "engine/torch/activation_memory.hpp"

#include <c10/core/CPUAllocator.h>
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

thread_local ActivationCache* current_cache = nullptr;

/// For two functions of LibTorch's allocator contract the address must be enough. raw_allocate() requires that a
/// block's context is its address. raw_deallocate() gets blocks that were allocated on any thread, in a run or not, or
/// before this allocator was installed (oneDNN does all of that).
class RetainingAllocator final : public c10::Allocator {
 public:
  explicit RetainingAllocator(c10::Allocator& previous) : previous_(previous) {}

  c10::Allocator& previous() const { return previous_; }

  c10::DataPtr allocate(std::size_t bytes) override {
    ActivationCache* const cache = current_cache;
    if (!cache || bytes < ActivationCache::kSmallest) return previous_.allocate(bytes);
    try {
      return allocate_from(*cache, bytes);
    } catch (...) {
      if (cache->release() == 0) throw;
    }
    return allocate_from(*cache, bytes);  // try again after unused blocks were released
  }

  c10::DeleterFnPtr raw_deleter() const override { return previous_.raw_deleter() ? &deallocate : nullptr; }

  bool is_simple_data_ptr(const c10::DataPtr& pointer) const override {
    return pointer.get_deleter() == &deallocate ? pointer.get() == pointer.get_context()
                                                : previous_.is_simple_data_ptr(pointer);
  }

  void copy_data(void* target, const void* source, std::size_t bytes) const override {
    previous_.copy_data(target, source, bytes);
  }

  /// The only instance; never destroyed.
  static RetainingAllocator& instance() {
    static auto& allocator = *new RetainingAllocator(*c10::GetCPUAllocator());
    return allocator;
  }

 private:
  c10::DataPtr allocate_from(ActivationCache& cache, std::size_t bytes) {
    if (void* data = cache.take(bytes)) return {data, data, &deallocate, c10::Device(c10::DeviceType::CPU)};
    return previous_.allocate(bytes);
  }

  static void deallocate(void* data) {
    if (!data || ActivationCache::give_back(data)) return;
    instance().previous_.raw_deleter()(data);
  }

  c10::Allocator& previous_;
};

/// A host may unload gantry's library, but LibTorch would still call the allocator.
void keep_code_loaded() {
  Dl_info self;
  if (::dladdr(reinterpret_cast<void*>(&replace_cpu_allocator), &self) == 0 || !self.dli_fname) return;
  ::dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

}  // namespace

c10::Allocator* replace_cpu_allocator() {
  static c10::Allocator* const previous = []() -> c10::Allocator* {
    RetainingAllocator& allocator = RetainingAllocator::instance();
    keep_code_loaded();
    c10::SetCPUAllocator(&allocator, /*priority=*/0);  // does nothing if the host's allocator has a higher priority
    return c10::GetCPUAllocator() == &allocator ? &allocator.previous() : nullptr;
  }();
  return previous;
}

CacheList& CacheList::of_process() {
  static auto& list = *new CacheList;
  return list;
}

void CacheList::add(const std::shared_ptr<ActivationCache>& cache) {
  const detail::MutexLock lock(mutex_);
  caches_.erase(std::remove_if(caches_.begin(), caches_.end(), [](const auto& each) { return each.expired(); }),
                caches_.end());
  caches_.push_back(cache);
}

std::vector<std::shared_ptr<ActivationCache>> CacheList::living() const {
  const detail::MutexLock lock(mutex_);
  std::vector<std::shared_ptr<ActivationCache>> result;
  for (const auto& each : caches_)
    if (auto cache = each.lock()) result.push_back(std::move(cache));
  return result;
}

ActivationMemory CacheList::counts() const {
  ActivationMemory sum;
  for (const auto& cache : living()) {
    const ActivationMemory counts = cache->counts();
    sum.bytes_held += counts.bytes_held;
    sum.bytes_in_use += counts.bytes_in_use;
    sum.hits += counts.hits;
    sum.misses += counts.misses;
  }
  return sum;
}

std::size_t CacheList::release_idle(std::chrono::milliseconds older_than) const {
  std::size_t released = 0;
  for (const auto& cache : living()) released += cache->release_idle(older_than);
  return released;
}

InstanceMemory::InstanceMemory(bool retain, CacheList* engine) {
  c10::Allocator* const source = retain ? replace_cpu_allocator() : nullptr;
  if (!source) return;
  cache_ = std::make_shared<ActivationCache>(*source, ActivationCache::kLimit);
  CacheList::of_process().add(cache_);
  if (engine) engine->add(cache_);
}

InstanceMemory::~InstanceMemory() {
  if (cache_) cache_->close();
}

ActivationScope::ActivationScope(ActivationCache* cache) : cache_(cache), outer_(current_cache) {
  if (cache_) cache_->begin_run();
  current_cache = cache_;
}

ActivationScope::~ActivationScope() {
  current_cache = outer_;
  if (cache_) cache_->end_run();
}

ActivationMemory activation_memory() {
  return CacheList::of_process().counts();
}

std::size_t release_idle_activation_memory(std::chrono::milliseconds older_than) {
  return CacheList::of_process().release_idle(older_than);
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
