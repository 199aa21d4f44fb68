// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <gantry/image.hpp>

#include <cstdint>
#include <limits>
#include <vector>

#include "ops/run_stage.hpp"
#include "ops/special_floats.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::floats_of;
using test::image_of;
using test::run;

TEST(ToTensor, PutsChannelsFirst) {
  const Image image = image_of(2, 1, Colour::kRgb, {0, 1, 2, 253, 254, 255});
  const Tensor tensor = run(image::to_tensor(), image).value();
  EXPECT_EQ(tensor.to_string(), "f32[3, 1, 2]");
  EXPECT_EQ(floats_of(tensor), (std::vector<float>{0.0f, 253.0f / 255, 1.0f / 255, 254.0f / 255, 2.0f / 255, 1.0f}));
}

TEST(ToTensor, NormalizesEachChannel) {
  const Image image = image_of(1, 1, Colour::kRgb, {10, 20, 30});
  const Tensor tensor =
      run(image::to_tensor({image::Normalize::Mode::kAffine, {10, 10, 10}, {1, 2, 4}}), image).value();
  EXPECT_EQ(floats_of(tensor), (std::vector<float>{0, 5, 5}));
}

TEST(ToTensor, RoundsEachOperationToFloat) {
  Image image = Image::make(256, 1, Colour::kGray).value();
  for (int i = 0; i < 256; ++i) image.mutable_row(0)[i] = static_cast<std::uint8_t>(i);
  const float mean = 0.485f, std = 0.229f;
  const Tensor tensor = run(image::to_tensor(image::torchvision({mean}, {std})), image).value();
  for (std::size_t i = 0; i < 256; ++i) {
    // Volatile keeps the compiler from fusing the operations.
    volatile float value = static_cast<float>(i) / 255.0f;
    value = value - mean;
    EXPECT_EQ(floats_of(tensor)[i], value / std) << i;
  }
}

TEST(ToTensor, MultipliesByAScaleRoundedToFloat) {
  Image image = Image::make(256, 1, Colour::kGray).value();
  for (int i = 0; i < 256; ++i) image.mutable_row(0)[i] = static_cast<std::uint8_t>(i);
  const std::vector<float> v2 = floats_of(run(image::to_tensor(image::scaled({0}, {1})), image).value());
  const std::vector<float> v1 = floats_of(run(image::to_tensor(), image).value());
  const auto factor = static_cast<float>(1.0 / 255.0);
  std::size_t differences = 0;
  for (std::size_t i = 0; i < 256; ++i) {
    EXPECT_EQ(v2[i], static_cast<float>(i) * factor) << i;
    differences += v1[i] != v2[i];
  }
  EXPECT_EQ(differences, 126u);  // the last bit of every second number
}

TEST(ToTensor, ReadsViews) {
  const Image image = image_of(3, 2, Colour::kGray, {0, 1, 2, 3, 4, 5}).crop(1, 0, 2, 2).value();
  EXPECT_EQ(floats_of(run(image::to_tensor(image::affine(0, 1)), image).value()), (std::vector<float>{1, 2, 4, 5}));
}

TEST(ToTensor, RefusesStatisticsOfAnotherNumberOfChannels) {
  const Image gray = image_of(1, 1, Colour::kGray, {1});
  EXPECT_THAT(run(image::to_tensor(image::torchvision({0, 0, 0}, {1})), gray),
              FailsWith(ErrorCode::kInvalidArgument, "mean has 3 numbers, but the image is gray with 1 channel"));
  EXPECT_THAT(run(image::to_tensor(image::torchvision({0}, {1, 1, 1, 1})), image_of(1, 1, Colour::kRgb, {1, 2, 3})),
              FailsWith(ErrorCode::kInvalidArgument, "std has 4 numbers, but the image is rgb with 3 channels"));
}

TEST(ToTensor, RefusesStatisticsThatCannotBe) {
  const Image image = image_of(1, 1, Colour::kGray, {1});
  EXPECT_THAT(run(image::to_tensor(image::affine(kNan, 1)), image), FailsWith(ErrorCode::kInvalidArgument, "mean"));
  EXPECT_THAT(run(image::to_tensor(image::affine(0, kInfinity)), image), FailsWith(ErrorCode::kInvalidArgument, "std"));
  EXPECT_THAT(run(image::to_tensor(image::affine(0, 0)), image),
              FailsWith(ErrorCode::kInvalidArgument, "std must not be 0"));
  EXPECT_THAT(run(image::to_tensor(image::torchvision({}, {1})), image),
              FailsWith(ErrorCode::kInvalidArgument, "mean needs one number, or one per channel, got 0"));
  EXPECT_THAT(run(image::to_tensor(image::torchvision({1, 1, 1}, {1, 1, 1, 1})), image),
              FailsWith(ErrorCode::kInvalidArgument, "mean has 3 numbers, but std has 4"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
