// SPDX-License-Identifier: Apache-2.0
// One allocation after the other fails, in turn: each call gives its answer or an error, nothing ends the process,
// nothing stays in flight, and the next call is right.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <gantry/pipeline.hpp>
#include <new>
#include <optional>

#include "support/fake_engine.hpp"
#include "support/gate.hpp"

namespace {

std::atomic<int> allocations_left{-1};  // the one that counts from 0 to -1 fails

void* allocate(std::size_t size) {
  if (allocations_left.load(std::memory_order_relaxed) >= 0 && allocations_left.fetch_sub(1) == 0)
    throw std::bad_alloc();
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) {
  return allocate(size);
}
void* operator new[](std::size_t size) {
  return allocate(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace gantry {
namespace {

using test::FakeScript;
using test::make_fake_model;
using test::make_runtime;
using test::row;
using test::values_of;

constexpr int kAllocations = 120;  // more than any of these calls makes

/// Calls `call` with the first, the second, ... allocation failing.
template <class Call, class Check>
void with_each_allocation_failing(Call call, Check check) {
  for (int n = 0; n < kAllocations; ++n) {
    allocations_left = n;
    call();
    allocations_left = -1;
    check(n);
  }
}

class OutOfMemory : public ::testing::TestWithParam<Execution> {
 protected:
  Runtime runtime_ = make_runtime(2, GetParam());
  Model model_ = make_fake_model(std::make_shared<FakeScript>(), runtime_);
  Tensor input_ = row({1, 2});
  std::vector<float> expected_ = {2, 4};
};

TEST_P(OutOfMemory, InARunFailsThatRunOnly) {
  const auto pipeline = compile(model_.stage(), runtime_).value();
  std::optional<Result<Tensor>> result;
  with_each_allocation_failing([&] { result = pipeline.run(input_); },
                               [&](int n) {
                                 if (!*result) {
                                   EXPECT_EQ(result->error().code(), ErrorCode::kResourceExhausted) << n;
                                 }
                                 EXPECT_EQ(runtime_.in_flight(), 0u) << n;
                                 EXPECT_EQ(values_of(pipeline.run(input_).value()), expected_) << n;
                               });
}

TEST_P(OutOfMemory, InsideEachForkAndWhenFailsThatRunOnly) {
  const auto always = Predicate<Tensor>("always", [](const Tensor&) { return true; });
  const auto chain = each(when(always, model_.stage(), model_.stage())) |
                     stage("first", [](const std::vector<Tensor>& all) { return all.front(); }) |
                     fork(model_.stage(), model_.stage());
  const auto pipeline = compile(chain, runtime_).value();
  const std::vector<Tensor> inputs = {input_, input_, input_};
  std::optional<Result<std::tuple<Tensor, Tensor>>> result;
  with_each_allocation_failing(
      [&] {
        try {
          result = pipeline.run(inputs);
        } catch (const std::bad_alloc&) {  // the copy of the argument
        }
      },
      [&](int n) {
        EXPECT_EQ(runtime_.in_flight(), 0u) << n;
        const auto after = pipeline.run(inputs);
        ASSERT_TRUE(after.ok()) << n;
        EXPECT_EQ(values_of(std::get<1>(*after)), (std::vector<float>{4, 8})) << n;
      });
}

TEST_P(OutOfMemory, ASubmittedRequestIsAnsweredOrThrowsItsAllocation) {
  const auto pipeline = compile(model_.stage(), runtime_).value();
  test::Counter answers;
  std::size_t expected_answers = 0;
  with_each_allocation_failing(
      [&] {
        try {
          pipeline.submit(input_, {}, [&answers](const Result<Tensor>&) { answers.add(); });
          answers.wait_for(++expected_answers);
        } catch (const std::bad_alloc&) {  // boxing the input and the callback happens in the host's code
        }
      },
      [&](int n) {
        EXPECT_EQ(answers.count(), expected_answers) << n;
        EXPECT_EQ(runtime_.in_flight(), 0u) << n;
        EXPECT_EQ(values_of(pipeline.run(input_).value()), expected_) << n;
      });
}

TEST_P(OutOfMemory, InAModelCallFailsThatCallOnly) {
  const Tensors inputs = {{"x", input_.reshape({1, 2}).value()}};
  std::optional<Result<Tensors>> result;
  with_each_allocation_failing([&] { result = model_.run(inputs); },
                               [&](int n) {
                                 EXPECT_EQ(runtime_.in_flight(), 0u) << n;
                                 EXPECT_TRUE(model_.run(inputs).ok()) << n;
                               });
}

INSTANTIATE_TEST_SUITE_P(Both, OutOfMemory, ::testing::Values(Execution::kPooled, Execution::kCaller));

}  // namespace
}  // namespace gantry
