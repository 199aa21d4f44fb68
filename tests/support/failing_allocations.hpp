// SPDX-License-Identifier: Apache-2.0
// FailingAllocations: operator new fails from a certain call on. Include it in one source of an executable only: it
// replaces operator new of the whole program.
//
//   for_each_failure([&] { result = pipeline.run(input); }, [&](const std::string& which) { EXPECT_...(...) << which;
//   });
#pragma once

#include <atomic>
#include <cstdlib>
#include <gantry/version.hpp>
#include <new>
#include <string>

namespace gantry::inline GANTRY_ABI::test {

/// One allocation, as where something large is asked for; or all from there on, as where memory has run out.
enum class Failing { kOne, kAll };

namespace detail {
constexpr int kNone = -1;
inline std::atomic<int> until_one{kNone};  // how many allocations until the one that fails
inline std::atomic<int> until_all{kNone};

/// Counts this allocation; true if it is at 0, where `stays` leaves the number.
inline bool is_at_zero(std::atomic<int>& until, bool stays) {
  int left = until.load(std::memory_order_relaxed);
  for (;;) {
    if (left == kNone) return false;
    if (left == 0 && stays) return true;
    if (until.compare_exchange_weak(left, left - 1)) return left == 0;
  }
}

inline void* allocate(std::size_t size) {
  if (is_at_zero(until_one, false) || is_at_zero(until_all, true)) throw std::bad_alloc();
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
}  // namespace detail

/// While it lives, allocation `n` from now on fails, counted from 0 on all threads together, and with kAll what
/// follows.
class FailingAllocations {
 public:
  explicit FailingAllocations(int n, Failing which = Failing::kAll) {
    (which == Failing::kAll ? detail::until_all : detail::until_one) = n;
  }
  /// How many it has let through, of those it would let through with kAll.
  static int let_through(int n) { return n - detail::until_all; }
  FailingAllocations(const FailingAllocations&) = delete;
  FailingAllocations& operator=(const FailingAllocations&) = delete;
  ~FailingAllocations() {
    detail::until_one = detail::kNone;
    detail::until_all = detail::kNone;
  }
};

constexpr int kMostAllocations = 120;  // more than any call of the tests makes

/// Calls `call` with the first, the second, ... allocation failing, alone and with all after it.
template <class Call, class Check>
void for_each_failure(Call call, Check check, int allocations = kMostAllocations) {
  for (const Failing which : {Failing::kOne, Failing::kAll})
    for (int n = 0; n < allocations; ++n) {
      {
        const FailingAllocations failing(n, which);
        call();
      }
      check("allocation " + std::to_string(n) + (which == Failing::kAll ? " and all after it" : ""));
    }
}

}  // namespace gantry::inline GANTRY_ABI::test

void* operator new(std::size_t size) {
  return gantry::test::detail::allocate(size);
}
void* operator new[](std::size_t size) {
  return gantry::test::detail::allocate(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
