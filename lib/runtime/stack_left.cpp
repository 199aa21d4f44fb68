// SPDX-License-Identifier: Apache-2.0
#include "runtime/stack_left.hpp"

#include <pthread.h>

#include <cstddef>
#include <cstdint>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

constexpr std::uintptr_t kNeeded = std::uintptr_t{1} << 20;

/// The bounds of this thread's stack; empty if unknown.
struct Stack {
  std::uintptr_t low = 0;
  std::uintptr_t high = 0;
};

Stack stack_of_thread() {
  Stack stack;
  pthread_attr_t attributes;
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return stack;
  void* low = nullptr;
  std::size_t size = 0;
  if (::pthread_attr_getstack(&attributes, &low, &size) == 0) {
    stack.low = reinterpret_cast<std::uintptr_t>(low);
    stack.high = stack.low + size;
  }
  ::pthread_attr_destroy(&attributes);
  return stack;
}

}  // namespace

bool has_stack_left() {
  thread_local const Stack stack = stack_of_thread();
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  return here > stack.low && here <= stack.high && here - stack.low >= kNeeded;
}

}  // namespace gantry::inline GANTRY_ABI::detail
