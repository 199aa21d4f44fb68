// SPDX-License-Identifier: Apache-2.0
#include "model/idle_memory.hpp"

#include <utility>

namespace gantry::inline GANTRY_ABI::detail {

void IdleMemory::on_run() {
  if (after_.count() == 0) return;
  const bool is_first = [this] {
    const MutexLock lock(mutex_);
    has_run_since_ = is_set_;
    return !std::exchange(is_set_, true);
  }();
  if (is_first) set_timer();
}

void IdleMemory::set_timer() {
  core_->post_at(core_->now() + after_, [weak = weak_from_this()](const Error* refusal) {
    if (const auto self = weak.lock()) self->release(refusal != nullptr);
  });
}

void IdleMemory::release(bool is_last) {
  bool has_run = false;
  do {
    if (is_last) {
      const MutexLock lock(mutex_);
      has_run_since_ = false;
    }
    try {
      engine_->release_idle_memory(is_last ? std::chrono::milliseconds(0) : after_);
    } catch (...) {  // a host's engine that throws, although it must not
    }
    const MutexLock lock(mutex_);
    has_run = std::exchange(has_run_since_, false);
    is_set_ = has_run && !is_last;
  } while (has_run && is_last);  // on_run() calls meanwhile relied on this release
  if (has_run) set_timer();
}

}  // namespace gantry::inline GANTRY_ABI::detail
