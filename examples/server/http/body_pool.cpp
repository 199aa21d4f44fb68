// SPDX-License-Identifier: Apache-2.0
#include "body_pool.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace gantry_server {

BodyPool::BodyPool(std::size_t max_bytes, std::size_t kept_bytes) : state_(std::make_shared<State>()) {
  state_->max_bytes = max_bytes;
  state_->max_kept = kept_bytes;
}

BodyPool::Buffer BodyPool::take(std::size_t size) {
  std::size_t size_class = 0;
  while ((kSmallest << size_class) < size)
    if (++size_class == kClasses) return nullptr;
  const std::size_t capacity = kSmallest << size_class;
  std::unique_ptr<std::uint8_t[]> memory;
  {
    const std::lock_guard lock(state_->mutex);
    if (capacity > state_->max_bytes - std::min(state_->max_bytes, state_->in_use)) return nullptr;
    state_->in_use += capacity;
    auto& free = state_->free[size_class];
    if (!free.empty()) {
      memory = std::move(free.back());
      free.pop_back();
      state_->kept -= capacity;
    }
  }
  try {
    if (!memory) memory.reset(new std::uint8_t[capacity]);
  } catch (...) {
    const std::lock_guard lock(state_->mutex);
    state_->in_use -= capacity;
    throw;
  }
  // shared_ptr calls the deleter, too, if it cannot allocate its counts
  return Buffer(memory.release(),
                [state = state_, size_class](std::uint8_t* buffer) { give_back(*state, buffer, size_class); });
}

std::shared_ptr<void> BodyPool::reserve(std::size_t size) {
  {
    const std::lock_guard lock(state_->mutex);
    if (size > state_->max_bytes - std::min(state_->max_bytes, state_->in_use)) return nullptr;
    state_->in_use += size;
  }
  return std::shared_ptr<void>(state_.get(), [state = state_, size](void*) {
    const std::lock_guard lock(state->mutex);
    state->in_use -= size;
  });
}

void BodyPool::give_back(State& state, std::uint8_t* buffer, std::size_t size_class) noexcept {
  std::unique_ptr<std::uint8_t[]> memory(buffer);
  const std::size_t capacity = kSmallest << size_class;
  const std::lock_guard lock(state.mutex);
  state.in_use -= capacity;
  if (state.kept + capacity > state.max_kept) return;
  try {
    state.free[size_class].push_back(std::move(memory));
    state.kept += capacity;
  } catch (const std::bad_alloc&) {  // then it is freed
  }
}

std::size_t BodyPool::bytes_in_use() const {
  const std::lock_guard lock(state_->mutex);
  return state_->in_use;
}

}  // namespace gantry_server
