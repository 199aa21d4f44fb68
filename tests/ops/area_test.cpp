// SPDX-License-Identifier: Apache-2.0
// image.area_to_tensor and image.pyramid: tests/parity/cascade_parity.py compares with torch and facenet_pytorch; here
// is what is refused, and what areas are by their definition.
#include <gantry/image/area.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <random>
#include <tuple>
#include <vector>

#include "ops/image/area_planes.hpp"
#include "ops/image_fixtures.hpp"
#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::run;

Image random_picture(std::int64_t width, std::int64_t height, Colour colour) {
  std::mt19937 random(static_cast<unsigned>(width * 1000 + height));
  Image image = Image::make(width, height, colour).value();
  for (std::uint8_t& byte : image.pixels().mutable_values<std::uint8_t>().value())
    byte = static_cast<std::uint8_t>(random());
  return image;
}

/// The definition, number by number.
float area_mean(const Image& image, std::int64_t width, std::int64_t height, std::size_t channel, std::int64_t x,
                std::int64_t y) {
  const std::int64_t left = x * image.width() / width, top = y * image.height() / height;
  const std::int64_t right = ((x + 1) * image.width() + width - 1) / width;
  const std::int64_t bottom = ((y + 1) * image.height() + height - 1) / height;
  std::uint64_t sum = 0;
  for (std::int64_t row = top; row < bottom; ++row)
    for (std::int64_t column = left; column < right; ++column)
      sum += image.row(row)[static_cast<std::size_t>(column) * image.channels() + channel];
  return static_cast<float>(sum) / static_cast<float>(bottom - top) / static_cast<float>(right - left);
}

TEST(AreaToTensor, IsTheMeanOfEachAreaNormalised) {
  // the last ones: areas of more rows than 16 bits add up
  for (const auto& [width, height, to_width, to_height] :
       {std::tuple(7, 5, 3, 2), std::tuple(40, 30, 24, 24), std::tuple(3, 2, 8, 9), std::tuple(1, 1, 5, 5),
        std::tuple(9, 900, 4, 3), std::tuple(600, 520, 2, 1)})
    for (const Colour colour : {Colour::kGray, Colour::kRgb, Colour::kRgba}) {
      const Image image = random_picture(width, height, colour);
      const auto tensor = run(image::area_to_tensor({to_width, to_height, {100}, {30}}), image);
      ASSERT_THAT(tensor, test::IsOk());
      EXPECT_EQ(tensor->shape(), Shape({static_cast<std::int64_t>(image.channels()), to_height, to_width}));
      const auto values = tensor->values<float>().value();
      std::size_t at = 0;
      for (std::size_t c = 0; c < image.channels(); ++c)
        for (std::int64_t y = 0; y < to_height; ++y)
          for (std::int64_t x = 0; x < to_width; ++x)
            ASSERT_EQ(values[at++], (area_mean(image, to_width, to_height, c, x, y) - 100) / 30)
                << width << "x" << height << " " << c << " " << x << "," << y;
    }
}

TEST(AreaToTensor, HasNumbersForEachChannel) {
  const Image image = random_picture(4, 4, Colour::kRgb);
  const auto tensor = run(image::area_to_tensor({1, 1, {1, 2, 3}, {1, 2, 4}}), image).value();
  const auto values = tensor.values<float>().value();
  for (std::size_t c = 0; c < 3; ++c)
    EXPECT_EQ(values[c], (area_mean(image, 1, 1, c, 0, 0) - static_cast<float>(c + 1)) / static_cast<float>(1 << c));
  EXPECT_THAT(run(image::area_to_tensor({1, 1, {1, 2, 3}, {1}}), random_picture(4, 4, Colour::kGray)),
              FailsWith(ErrorCode::kInvalidArgument, "mean has 3 numbers, but the image is gray with 1 channel"));
  EXPECT_THAT(run(image::area_to_tensor({1, 1, {1}, {1, 1, 1, 1}}), image),
              FailsWith(ErrorCode::kInvalidArgument, "std has 4 numbers, but the image is rgb with 3 channels"));
}

TEST(AreaToTensor, RefusesWhatCannotBe) {
  const Image image = random_picture(4, 4, Colour::kRgb);
  EXPECT_THAT(run(image::area_to_tensor({0, 1}), image),
              FailsWith(ErrorCode::kInvalidArgument, "width must be 1..65535, got 0"));
  EXPECT_THAT(run(image::area_to_tensor({1, 1, {}, {1}}), image),
              FailsWith(ErrorCode::kInvalidArgument, "mean needs one number, or one per channel, got 0"));
  EXPECT_THAT(run(image::area_to_tensor({1, 1, {0}, {0}}), image),
              FailsWith(ErrorCode::kInvalidArgument, "std must not be 0"));
  EXPECT_THAT(run(image::area_to_tensor({65535, 65535}), image),
              FailsWith(ErrorCode::kResourceExhausted, "more than 2^31 bytes"));
}

TEST(Pyramid, HasTheLevelsOfTheReference) {
  // facenet_pytorch's of a picture of 64 x 48 and the smallest face of 20: 28.8, 20.4 and 14.5 rows are 12 or more
  const auto levels = run(image::pyramid({{0.6, 0.709, 12}, {127.5f}, {128}}), random_picture(64, 48, Colour::kRgb));
  ASSERT_THAT(levels, test::IsOk());
  std::vector<Shape> shapes;
  for (const Tensor& level : *levels) shapes.push_back(level.shape());
  EXPECT_EQ(shapes, (std::vector<Shape>{{3, 29, 39}, {3, 21, 28}, {3, 15, 20}}));
  EXPECT_EQ(run(image::pyramid({}), random_picture(64, 19, Colour::kRgb)).value().size(), 0u)
      << "11.4 rows are too few";
  EXPECT_EQ(run(image::pyramid({}), random_picture(64, 20, Colour::kRgb)).value().size(), 1u);
}

/// The numbers of the result count, also where the image has few bytes.
TEST(AreaWork, CountsWhatIsMade) {
  EXPECT_GT(detail::area_work(random_picture(8, 8, Colour::kRgb), {4000, 4000}), 3 * 4000 * 4000);
}

/// Of a factor of 1 or of an endless scale there would be no end.
TEST(PyramidLevels, AreNoneOutsideTheirLimits) {
  constexpr double endless = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  for (const image::PyramidLevels& levels : std::vector<image::PyramidLevels>{
           {0.6, 1, 12}, {0.6, 2, 12}, {0.6, nan, 12}, {endless, 0.7, 12}, {0, 0.7, 12}, {0.6, 0.7, 0}, {0.6, 0.7, -1}})
    EXPECT_TRUE(levels.scales(64, 48).empty()) << levels.scale << " " << levels.factor << " " << levels.min_side;
  EXPECT_EQ((image::PyramidLevels{0.6, 0.709, 12}).scales(64, 48).size(), 3u);
}

/// An image of one row that is seen again and again, so that it needs no memory.
TEST(Pyramid, RefusesLevelsThatAreTooLargeTogether) {
  constexpr std::int64_t kSide = 22000;
  auto row = std::make_shared<std::vector<std::uint8_t>>(kSide);
  const Tensor pixels = Tensor::wrap(row->data(), DType::kU8, {kSide, kSide, 1}, row, {0, 1, 1}).value();
  const auto levels = run(image::pyramid({{1, 0.5, 12}}), Image::from(pixels, Colour::kGray).value());
  ASSERT_THAT(levels, FailsWith(ErrorCode::kResourceExhausted,
                                "the levels of a pyramid of 22000x22000 have more than 2^31 bytes together"));
  EXPECT_EQ(levels.error().reason(), ErrorReason::kInputTooLarge);
}

TEST(Pyramid, RefusesWhatCannotBe) {
  const Image image = random_picture(30, 30, Colour::kRgb);
  EXPECT_THAT(run(image::pyramid({{0, 0.7, 12}}), image),
              FailsWith(ErrorCode::kInvalidArgument, "scale must be above 0 and at most 4, got 0"));
  EXPECT_THAT(run(image::pyramid({{0.6, 1, 12}}), image),
              FailsWith(ErrorCode::kInvalidArgument, "factor must be 0.05..0.95, got 1"));
  EXPECT_THAT(run(image::pyramid({{0.6, 0.7, 0}}), image),
              FailsWith(ErrorCode::kInvalidArgument, "min_side must be 1..65535, got 0"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
