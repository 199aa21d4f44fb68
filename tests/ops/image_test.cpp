// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <gantry/image.hpp>

#include <cstdint>
#include <vector>

#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::bytes_of;
using test::counting_image;
using test::FailsWith;
using test::IsOk;

TEST(Image, HasTheChannelsOfItsColour) {
  for (const Colour colour : {Colour::kGray, Colour::kRgb, Colour::kRgba}) {
    const Image image = Image::make(5, 4, colour).value();
    EXPECT_EQ(image.width(), 5);
    EXPECT_EQ(image.height(), 4);
    EXPECT_EQ(image.channels(), channels_of(colour));
    EXPECT_EQ(image.dtype(), DType::kU8);
  }
}

TEST(Image, HasAtLeastOnePixel) {
  EXPECT_THAT(Image::make(0, 4, Colour::kGray), FailsWith(ErrorCode::kInvalidArgument, "0x4"));
  EXPECT_THAT(Image::make(4, -1, Colour::kGray), FailsWith(ErrorCode::kInvalidArgument, "4x-1"));
  EXPECT_THAT(Image::from(Tensor::make(DType::kU8, {0, 4, 3}).value(), Colour::kRgb),
              FailsWith(ErrorCode::kInvalidArgument, "1x1"));
}

TEST(Image, HasAtMostTwoGibibytes) {
  EXPECT_THAT(Image::make(65535, 65535, Colour::kRgb),
              FailsWith(ErrorCode::kResourceExhausted,
                        "an image of 65535x65535 pixels of 3 bytes exceeds the limit of 2147483648 bytes"));
  EXPECT_THAT(Image::make(std::int64_t{1} << 31, 2, Colour::kGray), FailsWith(ErrorCode::kResourceExhausted, "limit"));
  EXPECT_THAT(Image::make(std::int64_t{1} << 62, std::int64_t{1} << 62, Colour::kRgba),
              FailsWith(ErrorCode::kResourceExhausted, "limit"));
}

TEST(Image, OpsRefuseAreasThatCannotBeMeant) {
  const Image small = counting_image(3, 2);
  const auto huge = FailsWith(ErrorCode::kResourceExhausted, "exceeds the limit of 2147483648 bytes");
  EXPECT_THAT(test::run(image::pad({65535, 65535, 0, 0, 0}), small), huge);
  EXPECT_THAT(test::run(image::center_crop(65535), small), huge);
  EXPECT_THAT(test::run(image::resize(65535, 65535), small), huge);
}

TEST(Image, TakesOnlyPixelsOfItsColour) {
  EXPECT_THAT(Image::from(Tensor::make(DType::kU8, {2, 2, 4}).value(), Colour::kRgb),
              FailsWith(ErrorCode::kInvalidArgument, "u8[height, width, 3], got u8[2, 2, 4]"));
  EXPECT_THAT(Image::from(Tensor::make(DType::kF32, {2, 2, 3}).value(), Colour::kRgb),
              FailsWith(ErrorCode::kInvalidArgument, "f32"));
  EXPECT_THAT(Image::from(Tensor::make(DType::kU8, {2, 2}).value(), Colour::kGray),
              FailsWith(ErrorCode::kInvalidArgument, "u8[2, 2]"));
}

TEST(Image, TakesAnyRowStrideButOnlyDensePixels) {
  const Tensor pixels = Tensor::zeros(DType::kU8, {4, 8, 3}).value();
  EXPECT_THAT(Image::from(pixels.slice(1, 2, 5).value(), Colour::kRgb), IsOk());
  const std::size_t swapped[] = {1, 0, 2};
  EXPECT_THAT(Image::from(pixels.permute(swapped).value(), Colour::kRgb),
              FailsWith(ErrorCode::kInvalidArgument, "rows of dense pixels"));
  const std::size_t planar[] = {1, 2, 0};
  EXPECT_THAT(Image::from(Tensor::zeros(DType::kU8, {3, 4, 8}).value().permute(planar).value(), Colour::kRgb),
              FailsWith(ErrorCode::kInvalidArgument, "rows of dense pixels"));
}

TEST(Image, CropIsAView) {
  Image image = counting_image(5, 4);
  const Image crop = image.crop(1, 2, 3, 2).value();
  EXPECT_EQ(bytes_of(crop), (std::vector<std::uint8_t>{11, 12, 13, 16, 17, 18}));
  EXPECT_TRUE(crop.pixels().shares_storage_with(image.pixels()));
  image.mutable_row(2)[1] = 99;
  EXPECT_EQ(crop.row(0)[0], 99);
}

TEST(Image, RefusesCropsOutside) {
  const Image image = counting_image(5, 4);
  EXPECT_THAT(image.crop(0, 0, 5, 4), IsOk());
  for (const auto& [left, top, width, height] : std::vector<std::array<std::int64_t, 4>>{
           {1, 0, 5, 4}, {0, 1, 5, 4}, {-1, 0, 2, 2}, {0, -1, 2, 2}, {0, 0, 0, 1}, {0, 0, 1, 0}, {INT64_MAX, 0, 1, 1}})
    EXPECT_THAT(image.crop(left, top, width, height), FailsWith(ErrorCode::kInvalidArgument, "outside the 5x4 image"));
}

TEST(Image, CompactionGivesUpAViewOfALargeImage) {
  const Image image = counting_image(100, 100);
  Image crop = image.crop(0, 0, 2, 2).value();
  detail::settle_memory(crop.pixels(), detail::MemoryCare::kCompact);
  EXPECT_FALSE(crop.pixels().shares_storage_with(image.pixels()));
  EXPECT_EQ(bytes_of(crop), (std::vector<std::uint8_t>{0, 1, 100, 101}));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
