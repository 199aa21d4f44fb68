// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <cmath>
#include <gantry/segmentation.hpp>
#include <string>
#include <vector>

#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry {
namespace {

using test::FailsWith;
using test::run;

Tensor logits(const Shape& shape, const std::vector<float>& values) {
  return Tensor::from<float>(Span<const float>(values), shape).value();
}

Tensor labels(const Shape& shape, const std::vector<std::int32_t>& values) {
  return Tensor::from<std::int32_t>(Span<const std::int32_t>(values), shape).value();
}

std::vector<std::int32_t> values_of(const Tensor& tensor) {
  const auto values = tensor.values<std::int32_t>().value();
  return {values.begin(), values.end()};
}

TEST(Segment, TakesTheFirstOfEqualLogits) {
  const auto result = run(segment(), logits({3, 1, 2}, {1, 5, 1, 5, 0, 6})).value();
  EXPECT_EQ(values_of(result), (std::vector<std::int32_t>{0, 2}));
}

TEST(Segment, TakesNanForTheLargest) {
  const auto result = run(segment(), logits({3, 1, 1}, {9, NAN, NAN})).value();
  EXPECT_EQ(values_of(result), (std::vector<std::int32_t>{1}));
}

TEST(Segment, BlendsBeforeItDecides) {
  // Between 0 and 10 on one side and 8 and 1 on the other, the second class leads left of where the lines cross.
  const auto result = run(segment({1, 4}), logits({2, 1, 2}, {0, 10, 8, 1})).value();
  EXPECT_EQ(values_of(result), (std::vector<std::int32_t>{1, 1, 0, 0}));
}

TEST(Segment, ReachesTheSizeOfTheModelsInput) {
  const Tensor two = logits({2, 1, 2}, {0, 10, 8, 1});
  for (const Shape& input : {Shape{3, 1, 4}, Shape{1, 4}}) {
    const std::vector<float> numbers(static_cast<std::size_t>(input.numel()));
    const Tensor found = run(segment_input(), std::tuple(logits(input, numbers), two)).value();
    EXPECT_EQ(found.shape(), Shape({1, 4}));
    EXPECT_EQ(values_of(found), (std::vector<std::int32_t>{1, 1, 0, 0}));
  }
  EXPECT_THAT(
      run(segment_input(), std::tuple(logits({2}, {1, 2}), two)),
      FailsWith(ErrorCode::kInvalidArgument, "takes the model's input, [.., height, width], beside its logits"));
  EXPECT_THAT(run(segment_input(), std::tuple(two, logits({2}, {1, 2}))),
              FailsWith(ErrorCode::kInvalidArgument, "takes logits as a contiguous f32[classes, height, width]"));
}

TEST(Segment, RefusesWhatIsNoLogits) {
  EXPECT_THAT(run(segment(), logits({2, 2}, {1, 2, 3, 4})),
              FailsWith(ErrorCode::kInvalidArgument,
                        "takes logits as a contiguous f32[classes, height, width], got f32[2, 2]"));
  EXPECT_THAT(run(segment(), labels({1, 1, 1}, {1})), FailsWith(ErrorCode::kInvalidArgument, "got i32[1, 1, 1]"));
  ASSERT_NE(segment({3, 0}).error(), nullptr);
  EXPECT_EQ(segment({3, 0}).error()->message(), "width must be 1..65535, got 0");
}

TEST(RunLengths, CountColumnByColumn) {
  const auto runs = run_lengths(labels({2, 3}, {7, 0, 7,  //
                                                0, 7, 7}),
                                7)
                        .value();
  EXPECT_EQ(runs.counts(), (std::vector<std::uint32_t>{0, 1, 2, 3}));
  EXPECT_EQ(runs.area(), 4);
  EXPECT_EQ(runs.bounding_box(), (std::array<std::int64_t, 4>{0, 0, 3, 2}));
}

TEST(RunLengths, OfALabelThatIsNotThere) {
  const auto runs = run_lengths(labels({2, 2}, {1, 1, 1, 1}), 0).value();
  EXPECT_EQ(runs.counts(), (std::vector<std::uint32_t>{4}));
  EXPECT_EQ(runs.area(), 0);
  EXPECT_EQ(runs.bounding_box(), (std::array<std::int64_t, 4>{0, 0, 0, 0}));
}

TEST(RunLengths, RefuseOtherTensors) {
  EXPECT_THAT(run_lengths(logits({1, 1}, {1}), 0), FailsWith(ErrorCode::kInvalidArgument, "got f32[1, 1]"));
}

}  // namespace
}  // namespace gantry
