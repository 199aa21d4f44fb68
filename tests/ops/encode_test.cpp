// SPDX-License-Identifier: Apache-2.0
// image.encode: what it writes reads back, and what a format cannot hold is refused. tests/parity compares the bytes of
// JPEGs with Pillow's.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <gantry/image.hpp>
#include <random>
#include <string>
#include <vector>

#include "ops/image/encoder.hpp"
#include "run_stage.hpp"
#include "support/matchers.hpp"
#include "support/test_call.hpp"

namespace gantry::inline GANTRY_ABI::image {
namespace {

using test::bytes_of;
using test::FailsWith;
using test::HasCode;
using test::IsOk;

constexpr Encode kJpeg = {FileFormat::kJpeg, 75};

Image decoded(const Bytes& file) {
  Decode options;
  options.colour = ColourMode::kUnchanged;
  return test::run(decode(options), file).value();
}

class Pictures {
 public:
  std::int64_t below(std::int64_t limit) { return static_cast<std::int64_t>(random_()) % limit; }

  /// Noise, a slope, or plain: each filter of PNG is the best for some rows.
  Image make(std::int64_t width, std::int64_t height, Colour colour) {
    Image image = Image::make(width, height, colour).value();
    const auto kind = below(4);
    const auto row_bytes = width * static_cast<std::int64_t>(image.channels());
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t i = 0; i < row_bytes; ++i)
        image.mutable_row(y)[i] = static_cast<std::uint8_t>(kind == 0   ? random_()
                                                            : kind == 1 ? static_cast<unsigned>(3 * y + i)
                                                            : kind == 2 ? static_cast<unsigned>(y * i / 7 + below(3))
                                                                        : 200u);
    return image;
  }

 private:
  std::mt19937 random_{11};
};

TEST(Encode, PngKeepsEveryPixel) {
  Pictures pictures;
  for (int round = 0; round < 200; ++round) {
    const auto colour = static_cast<Colour>(pictures.below(3));
    const Image image = pictures.make(1 + pictures.below(70), 1 + pictures.below(70), colour);
    const auto file = encode(image);
    ASSERT_THAT(file, IsOk());
    const Image back = decoded(*file);
    ASSERT_EQ(back.colour(), colour);
    ASSERT_EQ(back.width(), image.width());
    ASSERT_EQ(bytes_of(back), bytes_of(image)) << round;
  }
}

TEST(Encode, WritesTheRowsOfACropAndNotWhatLiesBeside) {
  Pictures pictures;
  const Image part = pictures.make(50, 40, Colour::kRgb).crop(7, 9, 20, 30).value();
  EXPECT_EQ(bytes_of(decoded(encode(part).value())), bytes_of(part));
  const Image alone = test::image_of(20, 30, Colour::kRgb, bytes_of(part));
  EXPECT_EQ(bytes_of(decoded(encode(part, kJpeg).value())), bytes_of(decoded(encode(alone, kJpeg).value())));
}

/// Its compressed data comes in several chunks, none of which is larger than a reader might like.
TEST(Encode, ALargePngIsInChunks) {
  std::mt19937 random(3);
  Image noise = Image::make(400, 500, Colour::kRgb).value();
  for (std::uint8_t& byte : noise.pixels().mutable_values<std::uint8_t>().value())
    byte = static_cast<std::uint8_t>(random());
  const Bytes file = encode(noise).value();
  std::size_t chunks = 0, largest = 0;
  const auto number = [&](std::size_t at) {
    std::size_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | file.data()[at + i];
    return value;
  };
  for (std::size_t at = 8; at < file.size(); at += 12 + number(at)) {
    ++chunks;
    largest = std::max(largest, number(at));
  }
  EXPECT_GT(chunks, 8u);
  EXPECT_LE(largest, std::size_t{65536});
  EXPECT_EQ(bytes_of(decoded(file)), bytes_of(noise));
}

TEST(Encode, AJpegLooksLikeThePicture) {
  for (const Colour colour : {Colour::kGray, Colour::kRgb}) {
    Image slope = Image::make(90, 70, colour).value();
    const auto channels = static_cast<std::int64_t>(slope.channels());
    for (std::int64_t y = 0; y < 70; ++y)
      for (std::int64_t i = 0; i < 90 * channels; ++i)
        slope.mutable_row(y)[i] = static_cast<std::uint8_t>(y + i / channels);
    const Bytes file = encode(slope, {FileFormat::kJpeg, 95}).value();
    EXPECT_EQ(probe_header(file)->format, FileFormat::kJpeg);
    const Image back = decoded(file);
    ASSERT_EQ(back.colour(), colour);
    const auto before = bytes_of(slope), after = bytes_of(back);
    ASSERT_EQ(before.size(), after.size());
    for (std::size_t i = 0; i < before.size(); ++i) ASSERT_LE(std::abs(before[i] - after[i]), 6) << i;
  }
}

TEST(Encode, ABetterJpegIsLarger) {
  Pictures pictures;
  const Image image = pictures.make(64, 64, Colour::kRgb);
  std::size_t before = 0;
  for (const std::int64_t quality : {1, 40, 75, 95}) {
    const std::size_t size = encode(image, {FileFormat::kJpeg, quality})->size();
    EXPECT_GT(size, before);
    before = size;
  }
}

/// Of noise at the best quality the buffer has to grow.
TEST(Encode, AJpegMayBeLargerThanItsPixelsLetExpect) {
  std::mt19937 random(5);
  Image noise = Image::make(300, 300, Colour::kRgb).value();
  for (std::uint8_t& byte : noise.pixels().mutable_values<std::uint8_t>().value())
    byte = static_cast<std::uint8_t>(random());
  const Bytes file = encode(noise, {FileFormat::kJpeg, 95}).value();
  EXPECT_GT(file.size(), 2 * (4096 + 300 * 300 * 3 / 8u));
  EXPECT_EQ(decoded(file).width(), 300);
}

TEST(Encode, AlphaAsJpegIsRefused) {
  const Image image = Image::make(2, 2, Colour::kRgba).value();
  EXPECT_THAT(encode(image, kJpeg), FailsWith(ErrorCode::kInvalidArgument, "a JPEG holds no alpha: put image.to_rgb"));
  EXPECT_THAT(test::run(encode(kJpeg), image), FailsWith(ErrorCode::kInvalidArgument, "a JPEG holds no alpha"));
  EXPECT_THAT(test::run(to_rgb() | encode(kJpeg), image), IsOk());
}

TEST(Encode, SidesThatNoJpegHasAreRefused) {
  const Image wide = Image::make(65501, 1, Colour::kGray).value();
  EXPECT_THAT(encode(wide, kJpeg),
              FailsWith(ErrorCode::kInvalidArgument, "at most 65500 pixels, and the image is 65501x1; write a PNG"));
  EXPECT_THAT(encode(Image::make(1, 65500, Colour::kGray).value(), kJpeg), IsOk());
  EXPECT_THAT(encode(wide), IsOk());
}

TEST(Encode, OptionsOutsideTheirLimitsAreRefused) {
  const Image image = Image::make(2, 2, Colour::kGray).value();
  for (const std::int64_t quality : {0, 96})
    EXPECT_THAT(encode(image, {FileFormat::kJpeg, quality}),
                FailsWith(ErrorCode::kInvalidArgument, "quality must be 1..95, got " + std::to_string(quality)));
  EXPECT_THAT(encode(image, {FileFormat::kWebp, 75}),
              FailsWith(ErrorCode::kInvalidArgument, "encode writes PNG and JPEG, not WebP"));
}

TEST(Encode, ACancelledCallEndsIt) {
  const test::TestCall cancelled(test::cancelled_options());
  const Image image = Image::make(40, 40, Colour::kRgb).value();
  EXPECT_THAT(detail::encode_png(image, *cancelled.get()), HasCode(ErrorCode::kCancelled));
  EXPECT_THAT(detail::encode_jpeg(image, 75, *cancelled.get()), HasCode(ErrorCode::kCancelled));
  const test::TestCall late(RunOptions(within(std::chrono::seconds(-1))));
  EXPECT_THAT(detail::encode_png(image, *late.get()), HasCode(ErrorCode::kDeadlineExceeded));
  EXPECT_THAT(detail::encode_jpeg(image, 75, *late.get()), HasCode(ErrorCode::kDeadlineExceeded));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::image
