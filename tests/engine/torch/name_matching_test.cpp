// SPDX-License-Identifier: Apache-2.0
// By name if every name is the model's, by position if none is, and an error otherwise.
#include <gtest/gtest.h>

#include "engine/torch/name_matching.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using libtorch::match_inputs;
using libtorch::match_outputs;
using libtorch::ModelInput;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<TensorSpec> specs(const std::vector<std::string>& names) {
  std::vector<TensorSpec> result;
  for (const std::string& name : names) result.push_back({name, DType::kF32, {}});
  return result;
}

std::vector<ModelInput> inputs(const std::vector<std::string>& names) {
  std::vector<ModelInput> result;
  for (const std::string& name : names) result.push_back({name, false});
  return result;
}

TEST(NameMatching, GoesByNameIfEveryNameIsTheModels) {
  const auto outputs = match_outputs({"boxes", "scores", "labels"}, specs({"scores", "boxes"})).value();
  EXPECT_TRUE(outputs.by_name);
  EXPECT_THAT(outputs.places, ElementsAre(1, 0));
  const auto taken = match_inputs(inputs({"x", "y"}), specs({"y", "x"})).value();
  EXPECT_TRUE(taken.by_name);
  EXPECT_THAT(taken.places, ElementsAre(1, 0));
}

TEST(NameMatching, GoesByPositionIfNoNameIsTheModels) {
  const auto outputs = match_outputs({"boxes", ""}, specs({"a", "b"})).value();
  EXPECT_FALSE(outputs.by_name);
  EXPECT_THAT(outputs.places, ElementsAre(0, 1));
  EXPECT_FALSE(match_inputs(inputs({"x", "y"}), specs({"a", "b"})).value().by_name);
}

TEST(NameMatching, RefusesNamesOfWhichOnlySomeAreTheModels) {
  const auto lists_both = AllOf(HasSubstr("are x, y"), HasSubstr("are y, z"), HasSubstr("no 'z'"));
  const auto outputs = match_outputs({"x", "y"}, specs({"y", "z"}));
  ASSERT_THAT(outputs, HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(outputs.error().message(), lists_both);
  const auto taken = match_inputs(inputs({"x", "y"}), specs({"y", "z"}));
  ASSERT_THAT(taken, HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(taken.error().message(), lists_both);
}

TEST(NameMatching, ByPositionTheNumbersMustBeEqual) {
  EXPECT_THAT(match_outputs({"x", "y"}, specs({"a"})), FailsWith(ErrorCode::kInvalidArgument, "gives 2 tensors"));
  EXPECT_THAT(match_outputs({}, specs({"a"})), FailsWith(ErrorCode::kInvalidArgument, "are none"));
  EXPECT_THAT(match_inputs(inputs({"x"}), specs({"a", "b"})), FailsWith(ErrorCode::kInvalidArgument, "takes 1 inputs"));
  EXPECT_THAT(match_inputs(inputs({"x", "y"}), specs({"a"})),
              FailsWith(ErrorCode::kInvalidArgument, "needs the input 'y'"));
}

TEST(NameMatching, LeavesOutInputsWithADefaultOnly) {
  const std::vector<ModelInput> model = {{"x", false}, {"y", false}, {"mask", true}};
  EXPECT_THAT(match_inputs(model, specs({"a", "b"})).value().places, ElementsAre(0, 1));
  EXPECT_THAT(match_inputs(model, specs({"a", "b", "c"})).value().places, ElementsAre(0, 1, 2));
  EXPECT_THAT(match_inputs(model, specs({"y", "x"})).value().places, ElementsAre(1, 0));
  EXPECT_THAT(match_inputs(model, specs({"mask", "x"})), FailsWith(ErrorCode::kInvalidArgument, "needs the input 'y'"));
}

TEST(NameMatching, RefusesANameThatIsNotUnique) {
  EXPECT_THAT(match_outputs({"a.b", "a.b"}, specs({"a.b"})), FailsWith(ErrorCode::kInvalidArgument, "several"));
}

TEST(NameMatching, SaysHow) {
  EXPECT_EQ(libtorch::describe_matching(true, false), "inputs by name, outputs by position");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
