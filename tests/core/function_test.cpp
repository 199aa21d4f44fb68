// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <gantry/function.hpp>

#include <array>
#include <memory>
#include <utility>

namespace gantry::inline GANTRY_ABI {
namespace {

/// Counts living copies of itself.
struct Tracked {
  explicit Tracked(int& living) : living_(&living) { ++*living_; }
  Tracked(const Tracked& other) : living_(other.living_) { ++*living_; }
  Tracked(Tracked&& other) noexcept : living_(other.living_) { ++*living_; }
  Tracked& operator=(const Tracked&) = delete;
  ~Tracked() { --*living_; }
  int* living_;
};

TEST(Function, CallsSmallAndLargeTargets) {
  Function<int(int)> small = [](int x) { return x + 1; };
  const std::array<int, 100> table{7};
  Function<int(int)> large = [table](int x) { return table[0] + x; };
  EXPECT_EQ(small(1), 2);
  EXPECT_EQ(large(1), 8);
}

TEST(Function, HoldsMoveOnlyTargetsAndPassesMoveOnlyArguments) {
  Function<int(std::unique_ptr<int>)> add = [base = std::make_unique<int>(40)](std::unique_ptr<int> x) {
    return *base + *x;
  };
  Function<int(std::unique_ptr<int>)> moved = std::move(add);
  EXPECT_FALSE(add);  // NOLINT(bugprone-use-after-move)
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved(std::make_unique<int>(2)), 42);
}

TEST(Function, KeepsStateBetweenCalls) {
  Function<int()> count = [n = 0]() mutable { return ++n; };
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(count(), 2);
}

TEST(Function, ReturningVoidDropsTheTargetsResult) {
  int calls = 0;
  Function<void()> run = [&] { return ++calls; };
  run();
  EXPECT_EQ(calls, 1);
}

TEST(Function, DestroysItsTargetExactlyOnce) {
  int living = 0;
  {
    const std::array<char, 100> padding{};
    Function<void()> small = [t = Tracked(living)] {};
    Function<void()> large = [t = Tracked(living), padding] { static_cast<void>(padding); };
    EXPECT_EQ(living, 2);
    Function<void()> other = std::move(small);
    EXPECT_EQ(living, 2);
    other = std::move(large);
    EXPECT_EQ(living, 1);
    auto& self = other;
    other = std::move(self);
    EXPECT_EQ(living, 1) << "assigning to itself keeps the target";
  }
  EXPECT_EQ(living, 0);
}

TEST(Function, EmptyIsFalse) {
  const Function<void()> empty{};
  EXPECT_FALSE(empty);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
