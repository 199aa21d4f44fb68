// SPDX-License-Identifier: Apache-2.0
// What resize, crop, pad and flip do to small images; tests/parity compares them with Pillow on many.
#include <gtest/gtest.h>
#include <gantry/image.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::bytes_of;
using test::counting_image;
using test::FailsWith;
using test::image_of;
using test::run;
using Row = std::vector<std::uint8_t>;

TEST(Resize, OfTheSameSizeSharesThePixels) {
  const Image image = counting_image(5, 4);
  EXPECT_TRUE(run(image::resize(5, 4), image).value().pixels().shares_storage_with(image.pixels()));
}

TEST(Resize, AveragesWhatItShrinks) {
  const Image image = image_of(4, 1, Colour::kGray, {10, 20, 100, 200});
  EXPECT_EQ(bytes_of(run(image::resize(2, 1, image::Filter::kBox), image).value()), (Row{15, 150}));
  EXPECT_EQ(bytes_of(run(image::resize(1, 1, image::Filter::kBox), image).value()), (Row{83})) << "82.5 is rounded up";
}

TEST(Resize, ClampsOvershoot) {
  const Image edge = image_of(8, 1, Colour::kGray, {0, 0, 0, 0, 255, 255, 255, 255});
  const Row row = bytes_of(run(image::resize(64, 1, image::Filter::kLanczos), edge).value());
  for (std::size_t i = 0; i < 28; ++i) {
    EXPECT_LT(row[i], 30) << "below 0 there is only 0";
    EXPECT_GT(row[63 - i], 225) << "above 255 there is only 255";
  }
}

TEST(Resize, DoesNotMixInTheColourOfTransparentPixels) {
  const Image image = image_of(2, 1, Colour::kRgba, {200, 100, 50, 255, 9, 9, 9, 0});
  EXPECT_EQ(bytes_of(run(image::resize(1, 1, image::Filter::kBox), image).value()), (Row{199, 99, 49, 128}))
      << "truncated on the way back, as in Pillow";
}

image::Resize resize_options(std::int64_t width, std::int64_t height, const image::Box& box, double gap = 0) {
  image::Resize options;
  options.width = width;
  options.height = height;
  options.how = image::Filter::kBox;
  options.box = box;
  options.reducing_gap = gap;
  return options;
}

TEST(Resize, TakesFractionsOfPixelsFromABox) {
  const Image image = image_of(4, 1, Colour::kGray, {10, 20, 100, 200});
  EXPECT_EQ(bytes_of(run(image::resize(resize_options(1, 1, {1, 0, 3, 1})), image).value()), (Row{60}));
  EXPECT_EQ(bytes_of(run(image::resize(resize_options(2, 1, {0.5f, 0, 2.5f, 1})), image).value()), (Row{20, 100}));
}

TEST(Resize, CutsOutABoxOfWholePixels) {
  const Image image = counting_image(4, 3);
  EXPECT_EQ(bytes_of(run(image::resize(resize_options(2, 2, {1, 1, 3, 3})), image).value()), (Row{5, 6, 9, 10}));
  const Image pixel = image_of(2, 1, Colour::kRgba, {9, 9, 9, 9, 200, 100, 50, 3});
  EXPECT_EQ(bytes_of(run(image::resize(resize_options(1, 1, {1, 0, 2, 1})), pixel).value()), (Row{170, 85, 85, 3}))
      << "through premultiplied colours, as in Pillow";
}

TEST(Resize, RefusesABoxOutsideTheImage) {
  EXPECT_THAT(run(image::resize(resize_options(2, 2, {0, 0, 4, 3.5f})), counting_image(4, 3)),
              FailsWith(ErrorCode::kInvalidArgument, "box=[0, 0, 4, 3.5] does not lie in the 4x3 image"));
}

TEST(Resize, ReducesBlocksFirst) {
  const Image image = image_of(5, 1, Colour::kGray, {10, 21, 100, 201, 7});
  EXPECT_EQ(bytes_of(run(image::resize(resize_options(2, 1, {0, 0, 4, 1}, 1)), image).value()), (Row{16, 151}));
  EXPECT_EQ(bytes_of(run(image::resize(resize_options(1, 1, {0, 0, 5, 1}, 2)), image).value()), (Row{58}))
      << "of 16, 151 and 7, which the box filter takes whole";
}

TEST(Resize, RefusesBlocksThatPillowCannotAddUp) {
  const Image image = Image::make(4096, 2048, Colour::kGray).value();
  EXPECT_THAT(run(image::resize(resize_options(1, 1, {0, 0, 4096, 2048}, 1)), image),
              FailsWith(ErrorCode::kInvalidArgument, "reducing_gap=1 makes blocks of 4096x2048 pixels"));
}

image::Thumbnail thumbnail_options(std::int64_t width, std::int64_t height) {
  image::Thumbnail options;
  options.width = width;
  options.height = height;
  return options;
}

TEST(Thumbnail, LeavesSmallerImagesAlone) {
  const Image image = counting_image(5, 4);
  EXPECT_TRUE(
      run(image::thumbnail(thumbnail_options(5, 4)), image).value().pixels().shares_storage_with(image.pixels()));
}

TEST(Thumbnail, KeepsTheRatioOfTheSides) {
  const Image wide = counting_image(50, 20), tall = counting_image(3, 200);
  EXPECT_EQ(run(image::thumbnail(thumbnail_options(16, 16)), wide).value().height(), 6);
  EXPECT_EQ(run(image::thumbnail(thumbnail_options(100, 7)), wide).value().width(), 17);
  EXPECT_EQ(run(image::thumbnail(thumbnail_options(9, 9)), tall).value().width(), 1);
}

TEST(Resize, ReadsViews) {
  const Image image = counting_image(7, 6).crop(1, 1, 4, 4).value();
  const Image copy = image_of(4, 4, Colour::kGray, bytes_of(image));
  EXPECT_EQ(bytes_of(run(image::resize(3, 2), image).value()), bytes_of(run(image::resize(3, 2), copy).value()));
}

TEST(ResizeShort, TruncatesTheLongerSide) {
  const Image wide = run(image::resize_short(3), counting_image(11, 4)).value();
  EXPECT_EQ(wide.width(), 8) << "8.25";
  EXPECT_EQ(wide.height(), 3);
  const Image tall = run(image::resize_short(7), counting_image(4, 11)).value();
  EXPECT_EQ(tall.width(), 7);
  EXPECT_EQ(tall.height(), 19) << "19.25";
}

TEST(ResizeShort, RefusesToMakeAnEndlessStripe) {
  EXPECT_THAT(run(image::resize_short(256), counting_image(1, 256)),
              FailsWith(ErrorCode::kResourceExhausted, "resizing to 256x65536 pixels makes a side of more than 65535"));
  EXPECT_EQ(run(image::resize_short(255), counting_image(1, 257)).value().height(), 65535) << "still allowed";
}

TEST(CenterCrop, RoundsHalvesToEven) {
  const auto first = [](std::int64_t width) { return run(image::center_crop(2, 1), counting_image(width, 1)).value(); };
  EXPECT_EQ(bytes_of(first(3)), (Row{0, 1})) << "0.5 becomes 0";
  EXPECT_EQ(bytes_of(first(5)), (Row{2, 3})) << "1.5 becomes 2";
  EXPECT_EQ(bytes_of(first(7)), (Row{2, 3})) << "2.5 becomes 2";
  EXPECT_EQ(bytes_of(first(8)), (Row{3, 4}));
}

TEST(CenterCrop, PadsSmallerImagesWithZeros) {
  const Image image = image_of(2, 1, Colour::kGray, {7, 8});
  EXPECT_EQ(bytes_of(run(image::center_crop(5, 2), image).value()), (Row{0, 7, 8, 0, 0, 0, 0, 0, 0, 0}))
      << "one column more on the right, one row more below";
  EXPECT_EQ(bytes_of(run(image::center_crop(1, 3), image).value()), (Row{0, 7, 0})) << "padded in one direction only";
}

TEST(CenterCrop, GivesSmallerImagesABorderOfAnyColour) {
  const Image image = image_of(1, 1, Colour::kRgb, {9, 9, 9});
  EXPECT_EQ(bytes_of(run(image::center_crop(2, 1, image::Centre::kHalfEven, {1, 2, 3}), image).value()),
            (Row{9, 9, 9, 1, 2, 3}));
}

TEST(CenterCrop, RefusesAColourOfAnotherNumberOfChannels) {
  const auto crop = image::center_crop(1, image::Centre::kHalfEven, {1, 2, 3});
  const std::string reason = "value [1, 2, 3] has 3 numbers, but the image has 1 channel";
  const Image gray = counting_image(5, 4);
  EXPECT_THAT(run(crop, gray), FailsWith(ErrorCode::kInvalidArgument, reason));
  EXPECT_THAT(run(image::flip() | crop, gray),
              FailsWith(ErrorCode::kInvalidArgument, "stage 'image.center_crop': " + reason));
}

TEST(CenterCrop, TruncatesHalvesOnBothSides) {
  const auto crop = [](std::int64_t side) { return image::center_crop(side, 1, image::Centre::kTruncate); };
  EXPECT_EQ(bytes_of(run(crop(2), image_of(5, 1, Colour::kGray, {1, 2, 3, 4, 5})).value()), (Row{2, 3}));
  EXPECT_EQ(bytes_of(run(crop(4), image_of(1, 1, Colour::kGray, {7})).value()), (Row{0, 7, 0, 0}));
}

TEST(CropShort, TakesASquareOfTheShorterSide) {
  const Image strip = image_of(5, 1, Colour::kGray, {1, 2, 3, 4, 5});
  EXPECT_EQ(bytes_of(run(image::crop_short(), strip).value()), (Row{3}));
  EXPECT_THAT(run(image::crop_short(0.5), strip),
              FailsWith(ErrorCode::kInvalidArgument, "nothing is left of an image of 5x1 pixels"));
}

TEST(ResizeFit, RefusesAnImageThatWouldLoseASide) {
  EXPECT_THAT(run(image::resize_fit({10, 10}), Image::make(1, 1000, Colour::kGray).value()),
              FailsWith(ErrorCode::kInvalidArgument, "a 1x1000 image would become 0x10"));
  EXPECT_THAT(
      run(image::resize_fit({100, 100, image::FitTo::kCover}), Image::make(1, 1000, Colour::kGray).value()),
      FailsWith(ErrorCode::kResourceExhausted, "resizing to 100x100000 pixels makes a side of more than 65535"));
}

TEST(PadTo, RefusesALargerImage) {
  image::PadTo small;
  small.width = small.height = 4;
  EXPECT_THAT(run(image::pad_to(small), counting_image(5, 4)),
              FailsWith(ErrorCode::kInvalidArgument, "the image of 5x4 pixels is larger than 4x4"));
}

TEST(FiveCrop, GivesTheCornersAndTheCentre) {
  const auto crops = run(image::five_crop(2, 1), counting_image(4, 3)).value();
  ASSERT_EQ(crops.size(), 5u);
  const std::vector<Row> expected = {{0, 1}, {2, 3}, {8, 9}, {10, 11}, {5, 6}};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(bytes_of(crops[i]), expected[i]);
}

TEST(FiveCrop, RefusesSmallerImages) {
  EXPECT_THAT(run(image::five_crop(5, 1), counting_image(4, 3)),
              FailsWith(ErrorCode::kInvalidArgument, "stage 'image.five_crop': crops of 5x1 do not fit"));
  EXPECT_THAT(run(image::five_crop(4), counting_image(4, 3)), FailsWith(ErrorCode::kInvalidArgument, "4x3"));
}

TEST(Pad, SurroundsTheImage) {
  image::Pad options;
  options.left = 1;
  options.top = 1;
  options.right = 2;
  options.value = 9;
  EXPECT_EQ(bytes_of(run(image::pad(options), image_of(1, 1, Colour::kRgb, {1, 2, 3})).value()),
            (Row{9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 1, 2, 3, 9, 9, 9, 9, 9, 9}));
}

TEST(Pad, OfNothingSharesThePixels) {
  const Image image = counting_image(5, 4);
  EXPECT_TRUE(run(image::pad({}), image).value().pixels().shares_storage_with(image.pixels()));
}

TEST(Flip, MirrorsTheChosenAxis) {
  const Image image = counting_image(3, 2);
  EXPECT_EQ(bytes_of(run(image::flip(), image).value()), (Row{2, 1, 0, 5, 4, 3}));
  EXPECT_EQ(bytes_of(run(image::flip(image::FlipAxis::kVertical), image).value()), (Row{3, 4, 5, 0, 1, 2}));
  const Image pair = image_of(2, 1, Colour::kRgba, {1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(bytes_of(run(image::flip(), pair).value()), (Row{5, 6, 7, 8, 1, 2, 3, 4}));
}

TEST(IsGray, LooksAtTheColour) {
  const auto classify = when(image::is_gray(), stage("gray", [](Image) { return std::string("gray"); }),
                             stage("colour", [](Image) { return std::string("colour"); }));
  EXPECT_EQ(run(classify, counting_image(1, 1)).value(), "gray");
  EXPECT_EQ(run(classify, image_of(1, 1, Colour::kRgb, {1, 1, 1})).value(), "colour");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
