// SPDX-License-Identifier: Apache-2.0
// One allocation after the other fails, in turn, alone and with all after it: each call gives its answer or an error,
// nothing ends the process, nothing stays in flight, and the next call is right.
#include <gtest/gtest.h>

#include <gantry/pipeline.hpp>
#include <new>
#include <optional>
#include <string>

#include "support/failing_allocations.hpp"
#include "support/fake_engine.hpp"
#include "support/gate.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FakeScript;
using test::for_each_failure;
using test::make_fake_model;
using test::make_runtime;
using test::row;
using test::values_of;

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
  for_each_failure([&] { result = pipeline.run(input_); },
                   [&](const std::string& n) {
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
  for_each_failure(
      [&] {
        try {
          result = pipeline.run(inputs);
        } catch (const std::bad_alloc&) {  // the copy of the argument
        }
      },
      [&](const std::string& n) {
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
  for_each_failure(
      [&] {
        try {
          pipeline.submit(input_, {}, [&answers](const Result<Tensor>&) { answers.add(); });
          answers.wait_for(++expected_answers);
        } catch (const std::bad_alloc&) {  // boxing the input and the callback happens in the host's code
        }
      },
      [&](const std::string& n) {
        EXPECT_EQ(answers.count(), expected_answers) << n;
        EXPECT_EQ(runtime_.in_flight(), 0u) << n;
        EXPECT_EQ(values_of(pipeline.run(input_).value()), expected_) << n;
      });
}

TEST_P(OutOfMemory, InAModelCallFailsThatCallOnly) {
  const Tensors inputs = {{"x", input_.reshape({1, 2}).value()}};
  std::optional<Result<Tensors>> result;
  for_each_failure([&] { result = model_.run(inputs); },
                   [&](const std::string& n) {
                     EXPECT_EQ(runtime_.in_flight(), 0u) << n;
                     EXPECT_TRUE(model_.run(inputs).ok()) << n;
                   });
}

/// A stage whose name is too long for a string without memory, which fails after a model did not.
TEST_P(OutOfMemory, WhereAStageFailsIsSaidOrNot) {
  const auto fails = stage("a stage that refuses whatever it is given, and that has a name of some length",
                           [](const Tensor&) -> Result<Tensor> {
                             return Error(ErrorCode::kInvalidArgument, "it takes nothing").within("inside");
                           });
  const auto pipeline = compile(model_.stage() | fails | model_.stage(), runtime_).value();
  std::optional<Result<Tensor>> result;
  for_each_failure([&] { result = pipeline.run(input_); },
                   [&](const std::string& n) {
                     ASSERT_FALSE(result->ok()) << n;
                     EXPECT_EQ(runtime_.in_flight(), 0u) << n;
                     EXPECT_EQ(pipeline.run(input_).error().code(), ErrorCode::kInvalidArgument) << n;
                   });
}

TEST_P(OutOfMemory, ABurstIsAnsweredWhole) {
  constexpr std::size_t kBurst = 12;
  const auto pipeline = compile(model_.stage(), runtime_).value();
  test::Counter answers;
  std::size_t expected_answers = 0;
  for_each_failure(
      [&] {
        for (std::size_t i = 0; i < kBurst; ++i) try {
            pipeline.submit(input_, {}, [&answers](const Result<Tensor>&) { answers.add(); });
            ++expected_answers;
          } catch (const std::bad_alloc&) {
          }
        answers.wait_for(expected_answers);
      },
      [&](const std::string& n) {
        EXPECT_EQ(answers.count(), expected_answers) << n;
        EXPECT_EQ(values_of(pipeline.run(input_).value()), expected_) << n;
      });
}

/// There is no memory for the timer that a call would wait for.
TEST_P(OutOfMemory, ACallThatWaitsForOthersIsServed) {
  ModelOptions options;
  options.runtime = runtime_;
  options.warmup_runs = 0;
  options.max_batch = 2;
  options.max_delay = std::chrono::milliseconds(60);  // trying until then would overflow the stack
  const Model model =
      Model::make(std::make_unique<test::FakeEngine>(std::make_shared<FakeScript>()), test::row_signature(), options)
          .value();
  const auto pipeline = compile(model.stage(), runtime_).value();
  for (int i = 0; i < 20; ++i) {  // so that it is known that two together are faster
    ASSERT_TRUE(pipeline.run(input_).ok());
    ASSERT_TRUE(pipeline.run_batch(std::vector<Tensor>{input_, input_})[0].ok());
  }
  for (int n = 0; n < 40; ++n) {
    {
      const test::FailingAllocations failing(n);
      static_cast<void>(pipeline.run(input_));
    }
    EXPECT_EQ(runtime_.in_flight(), 0u) << n;
    EXPECT_TRUE(pipeline.run_batch(std::vector<Tensor>{input_, input_})[0].ok()) << n;
  }
}

INSTANTIATE_TEST_SUITE_P(Both, OutOfMemory, ::testing::Values(Execution::kPooled, Execution::kCaller));

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
