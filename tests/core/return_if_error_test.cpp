// SPDX-License-Identifier: Apache-2.0
#include "core/return_if_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::IsOk;
using testing::ElementsAre;

Error full_error() {
  return Error(ErrorCode::kUnavailable, "busy")
      .with_reason(ErrorReason::kQueueFull, std::chrono::seconds(2))
      .within("stage 'a'")
      .within("pipeline 'b'");
}

void expect_full_error(const Error& error) {
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  EXPECT_EQ(error.message(), "busy");
  EXPECT_EQ(error.reason(), ErrorReason::kQueueFull);
  EXPECT_EQ(error.retry_after(), std::chrono::seconds(2));
  EXPECT_THAT(error.path(), ElementsAre("pipeline 'b'", "stage 'a'"));
}

/// Counts how often it is copied and moved.
struct Counting {
  Counting() = default;
  Counting(const Counting& other) : copies(other.copies + 1), moves(other.moves) {}
  Counting(Counting&& other) noexcept : copies(other.copies), moves(other.moves + 1) {}
  Counting& operator=(const Counting&) = default;
  Counting& operator=(Counting&&) = default;
  ~Counting() = default;
  int copies = 0;
  int moves = 0;
};

template <class First, class Second>
Result<std::map<First, Second>> map_of(First first, Second second) {
  return std::map<First, Second>{{std::move(first), std::move(second)}};
}

TEST(ReturnIfError, GoesOnWithoutAnError) {
  const auto run = []() -> Result<int> {
    GANTRY_RETURN_IF_ERROR(Result<void>());
    GANTRY_RETURN_IF_ERROR(Result<std::string>("ignored"));
    GANTRY_RETURN_IF_ERROR(std::optional<Error>());
    return 3;
  };
  EXPECT_EQ(run().value(), 3);
}

TEST(ReturnIfError, ReturnsTheErrorWithAllItsParts) {
  const auto of_nothing = []() -> Result<int> {
    GANTRY_RETURN_IF_ERROR(Result<void>(full_error()));
    return 3;
  };
  const auto of_value = []() -> Result<void> {
    GANTRY_RETURN_IF_ERROR(Result<std::string>(full_error()));
    return {};
  };
  const auto of_optional = []() -> Result<int> {
    GANTRY_RETURN_IF_ERROR(std::optional<Error>(full_error()));
    return 3;
  };
  ASSERT_FALSE(of_nothing());
  expect_full_error(of_nothing().error());
  ASSERT_FALSE(of_value());
  expect_full_error(of_value().error());
  ASSERT_FALSE(of_optional());
  expect_full_error(of_optional().error());
}

TEST(ReturnIfError, LeavesAnLvalueAsItWas) {
  const Result<int> constant = full_error();
  Result<int> variable = full_error();
  std::optional<Error> optional = full_error();
  const auto of = [](auto& outcome) -> Result<void> {
    GANTRY_RETURN_IF_ERROR(outcome);
    return {};
  };
  ASSERT_FALSE(of(constant));
  expect_full_error(of(constant).error());
  expect_full_error(constant.error());
  expect_full_error(of(variable).error());
  expect_full_error(variable.error());
  expect_full_error(of(optional).error());
  expect_full_error(*optional);
}

TEST(ReturnIfError, KeepsTheValueOfAnLvalue) {
  const auto run = [](const Result<std::unique_ptr<int>>& outcome) -> Result<int> {
    GANTRY_RETURN_IF_ERROR(outcome);
    return **outcome;
  };
  EXPECT_EQ(run(std::make_unique<int>(4)).value(), 4);
}

TEST(ReturnIfError, IsOneStatement) {
  const auto run = [](bool first) -> Result<int> {
    if (first)
      GANTRY_RETURN_IF_ERROR(Result<void>(Error(ErrorCode::kNotFound, "first")));
    else
      GANTRY_RETURN_IF_ERROR(Result<void>(Error(ErrorCode::kNotFound, "second")));
    return 3;
  };
  EXPECT_EQ(run(true).error().message(), "first");
  EXPECT_EQ(run(false).error().message(), "second");
}

TEST(AssignOrReturn, GivesTheValue) {
  const auto run = []() -> Result<std::string> {
    GANTRY_ASSIGN_OR_RETURN(const auto text, Result<std::string>("text"));
    return text + "!";
  };
  EXPECT_EQ(run().value(), "text!");
}

TEST(AssignOrReturn, MovesTheValueAndCopiesNothing) {
  const auto run = []() -> Result<Counting> {
    GANTRY_ASSIGN_OR_RETURN(auto counting, Result<Counting>(Counting()));
    return counting;
  };
  EXPECT_EQ(run().value().copies, 0);
  const auto run_move_only = []() -> Result<std::unique_ptr<int>> {
    GANTRY_ASSIGN_OR_RETURN(auto pointer, Result<std::unique_ptr<int>>(std::make_unique<int>(5)));
    ++*pointer;
    return pointer;
  };
  EXPECT_EQ(*run_move_only().value(), 6);
}

TEST(AssignOrReturn, AssignsToAnExistingVariable) {
  struct {
    std::optional<std::vector<int>> numbers;
  } holder;
  const auto run = [&](Result<std::vector<int>> outcome) -> Result<void> {
    GANTRY_ASSIGN_OR_RETURN(holder.numbers, std::move(outcome));
    return {};
  };
  EXPECT_THAT(run(std::vector<int>{1, 2}), IsOk());
  EXPECT_THAT(holder.numbers.value(), ElementsAre(1, 2));
  EXPECT_FALSE(run(full_error()));
  EXPECT_THAT(holder.numbers.value(), ElementsAre(1, 2));  // an error assigns nothing
}

TEST(AssignOrReturn, ReturnsTheErrorWithAllItsParts) {
  const auto run = []() -> Result<void> {
    GANTRY_ASSIGN_OR_RETURN(const auto number, Result<int>(full_error()));
    ADD_FAILURE() << number;
    return {};
  };
  ASSERT_FALSE(run());
  expect_full_error(run().error());
}

TEST(AssignOrReturn, CopiesFromAnLvalue) {
  const std::string text_of_outcome = "a text that is longer than what is kept in place";
  Result<std::string> outcome = text_of_outcome;
  const auto run = [&]() -> Result<std::string> {
    GANTRY_ASSIGN_OR_RETURN(auto text, outcome);
    return text;
  };
  EXPECT_EQ(run().value(), text_of_outcome);
  EXPECT_EQ(*outcome, text_of_outcome);
}

TEST(BothMacros, TakeExpressionsWithCommas) {
  const auto run = []() -> Result<std::size_t> {
    GANTRY_RETURN_IF_ERROR(map_of<int, std::string>(1, "one"));
    GANTRY_ASSIGN_OR_RETURN(const auto map, Result<std::map<int, int>>(std::map<int, int>{{1, 2}, {3, 4}}));
    return map.size();
  };
  EXPECT_EQ(run().value(), 2u);
}

TEST(BothMacros, EvaluateTheExpressionOnce) {
  int calls = 0;
  const auto counted = [&](bool fails) -> Result<int> {
    ++calls;
    if (fails) return full_error();
    return calls;
  };
  const auto run = [&](bool fails, bool fails_then) -> Result<int> {
    GANTRY_RETURN_IF_ERROR(counted(fails));
    GANTRY_ASSIGN_OR_RETURN(const int count, counted(fails_then));
    return count;
  };
  EXPECT_EQ(run(false, false).value(), 2);
  EXPECT_FALSE(run(true, false));
  EXPECT_EQ(calls, 3);
  EXPECT_FALSE(run(false, true));
  EXPECT_EQ(calls, 5);
}

TEST(BothMacros, LeaveTheLambdaTheyStandIn) {
  const auto run = [](const Result<int>& inner) -> Result<int> {
    int reached = 0;
    const auto lambda = [&]() -> Result<void> {
      GANTRY_ASSIGN_OR_RETURN(const int number, inner);
      GANTRY_RETURN_IF_ERROR(Result<int>(number));
      reached = number;
      return {};
    };
    return lambda() ? reached : -1;
  };
  EXPECT_EQ(run(4).value(), 4);
  EXPECT_EQ(run(full_error()).value(), -1);
}

TEST(BothMacros, MayStandInTheirOwnExpression) {
  const auto run = [](const Result<int>& inner) -> Result<int> {
    GANTRY_ASSIGN_OR_RETURN(const auto outer, [&]() -> Result<int> {
      GANTRY_RETURN_IF_ERROR(inner);
      GANTRY_ASSIGN_OR_RETURN(const auto number, inner);
      return number + 1;
    }());
    return outer + 1;
  };
  EXPECT_EQ(run(4).value(), 6);
  expect_full_error(run(full_error()).error());
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
