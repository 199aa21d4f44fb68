// SPDX-License-Identifier: Apache-2.0
#include <gantry/tensor_ops.hpp>

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::floats_of;
using test::run;
using Floats = std::vector<float>;

Tensor planes(const Shape& shape, const Floats& values) {
  return Tensor::from<float>(Span<const float>(values), shape).value();
}

TEST(InterpolateTensor, BlendsNeighbours) {
  const Tensor two = planes({1, 1, 2}, {0, 4});
  EXPECT_EQ(floats_of(run(interpolate({4, 1}), two).value()), (Floats{0, 1, 3, 4}));
  Interpolate corners{3, 1};
  corners.align_corners = true;
  EXPECT_EQ(floats_of(run(interpolate(corners), two).value()), (Floats{0, 2, 4}));
}

TEST(InterpolateTensor, TakesTheNearest) {
  const Tensor three = planes({1, 1, 3}, {1, 2, 3});
  EXPECT_EQ(floats_of(run(interpolate({2, 1, Interpolation::kNearest}), three).value()), (Floats{1, 2}));
  EXPECT_EQ(floats_of(run(interpolate({2, 1, Interpolation::kNearestExact}), three).value()), (Floats{1, 3}));
}

TEST(InterpolateTensor, KeepsSamplesAndChannelsApart) {
  const Tensor four = planes({2, 2, 1, 1}, {1, 2, 3, 4});
  const Tensor result = run(interpolate({2, 1}), four).value();
  EXPECT_EQ(result.shape(), Shape({2, 2, 1, 2}));
  EXPECT_EQ(floats_of(result), (Floats{1, 1, 2, 2, 3, 3, 4, 4}));
}

TEST(InterpolateTensor, RefusesWhatIsNoPlanes) {
  EXPECT_THAT(
      run(interpolate({1, 1}), planes({2}, {1, 2})),
      FailsWith(ErrorCode::kInvalidArgument,
                "takes a contiguous f32[channels, height, width] or f32[n, channels, height, width], got f32[2]"));
  EXPECT_THAT(run(interpolate({65535, 65535}), planes({1, 1, 1}, {1})),
              FailsWith(ErrorCode::kResourceExhausted, "1 planes of 65535x65535 floats exceed the limit"));
  EXPECT_THAT(run(interpolate({0, 1}), planes({1, 1, 1}, {1})),
              FailsWith(ErrorCode::kInvalidArgument, "width must be 1..65535, got 0"));
  Interpolate both{1, 1};
  both.min_size = both.max_size = 1;
  EXPECT_THAT(run(interpolate(both), planes({1, 1, 1}, {1})),
              FailsWith(ErrorCode::kInvalidArgument, "takes width and height, or min_size and max_size"));
}

Shape shape_within(std::int64_t min_size, std::int64_t max_size, std::int64_t width, std::int64_t height) {
  Interpolate options;
  options.min_size = min_size;
  options.max_size = max_size;
  const auto numbers = static_cast<std::size_t>(width * height);
  return run(interpolate(options), planes({1, height, width}, Floats(numbers))).value().shape();
}

TEST(InterpolateTensor, KeepsTheRatioWithinTwoSides) {
  EXPECT_EQ(shape_within(20, 100, 40, 60), Shape({1, 30, 20}));
  EXPECT_EQ(shape_within(20, 100, 60, 40), Shape({1, 20, 30}));
  EXPECT_EQ(shape_within(20, 24, 40, 60), Shape({1, 24, 16}));
  EXPECT_EQ(shape_within(20, 100, 7, 9), Shape({1, 25, 20}));  // 25.7
  Interpolate thin;
  thin.min_size = thin.max_size = 10;
  EXPECT_THAT(run(interpolate(thin), planes({1, 1, 21}, Floats(21))),
              FailsWith(ErrorCode::kInvalidArgument, "planes of 21x1 would become 10x0"));
}

TEST(PadTensor, ReachesTheNextMultiple) {
  const Tensor two = planes({1, 1, 2}, {3, 4});
  EXPECT_EQ(floats_of(run(pad_to_multiple(3, 9), two).value()), (Floats{3, 4, 9, 9, 9, 9, 9, 9, 9}));
  EXPECT_EQ(run(pad_to_multiple(2), two).value().shape(), Shape({1, 2, 2}));
  EXPECT_EQ(run(pad_to_multiple(1), two).value().shape(), Shape({1, 1, 2}));
}

TEST(NormalizeTensor, GoesByChannel) {
  const Tensor tensor = planes({2, 1, 2}, {1, 3, 10, 20});
  EXPECT_EQ(floats_of(run(normalize({1, 10}, {2, 5}), tensor).value()), (Floats{0, 1, 0, 2}));
  EXPECT_EQ(floats_of(run(normalize({1}, {1}), tensor).value()), (Floats{0, 2, 9, 19}));
}

TEST(NormalizeTensor, RefusesOtherNumbersOfChannels) {
  EXPECT_THAT(run(normalize({1, 2, 3}, {1}), planes({2, 1, 1}, {1, 2})),
              FailsWith(ErrorCode::kInvalidArgument, "mean has 3 numbers, but the tensor 2 channels"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
