// SPDX-License-Identifier: Apache-2.0
// The kinds of PNG, one pixel at a time.
#include <gtest/gtest.h>
#include <gantry/image.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "ops/png_writer.hpp"
#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry {
namespace {

using test::bytes_of;
using test::FailsWith;
using test::png_chunk;
using test::PngFile;
using test::run;
using Values = std::vector<std::uint8_t>;

Values rgb(const PngFile& png) {
  return bytes_of(run(image::decode(), png.bytes()).value());
}

Image unchanged(const PngFile& png) {
  return run(image::decode({image::ColourMode::kUnchanged}), png.bytes()).value();
}

/// Text with zero bytes in it.
template <std::size_t N>
std::string text(const char (&literal)[N]) {
  return std::string(literal, N - 1);
}

TEST(DecodePng, StretchesGrayOfFewBits) {
  EXPECT_EQ(bytes_of(unchanged({3, 1, 1, 0, "", {"\xA0"}})), (Values{255, 0, 255}));
  EXPECT_EQ(bytes_of(unchanged({4, 1, 2, 0, "", {"\x1B"}})), (Values{0, 85, 170, 255}));
  EXPECT_EQ(bytes_of(unchanged({3, 1, 4, 0, "", {"\x1F\x80"}})), (Values{17, 255, 136}));
  EXPECT_EQ(rgb({1, 1, 4, 0, "", {"\x20"}}), (Values{34, 34, 34}));
}

TEST(DecodePng, ClipsGrayOf16BitsAndHalvesTheRest) {
  EXPECT_EQ(rgb({2, 1, 16, 0, "", {text("\x00\x07\x01\x07")}}), (Values{7, 7, 7, 255, 255, 255}));
  EXPECT_EQ(rgb({1, 1, 16, 2, "", {text("\x01\xFF\x02\xFF\x03\xFF")}}), (Values{1, 2, 3}));
  EXPECT_EQ(bytes_of(unchanged({1, 1, 16, 4, "", {text("\x01\xFF\x02\xFF")}})), (Values{1, 1, 1, 2}));
  EXPECT_EQ(bytes_of(unchanged({1, 1, 16, 6, "", {text("\x01\xFF\x02\xFF\x03\xFF\x04\xFF")}})), (Values{1, 2, 3, 4}));
}

TEST(DecodePng, LooksUpPalettes) {
  const std::string palette = png_chunk("PLTE", "\x01\x02\x03\x04\x05\x06");
  EXPECT_EQ(rgb({2, 1, 1, 3, palette, {"\x40"}}), (Values{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(rgb({2, 1, 8, 3, palette, {text("\x01\x09")}}), (Values{4, 5, 6, 0, 0, 0})) << "black outside";
  const Image image = unchanged({2, 1, 1, 3, palette + png_chunk("tRNS", "\x07"), {"\x40"}});
  EXPECT_EQ(bytes_of(image), (Values{1, 2, 3, 7, 4, 5, 6, 255}));
  EXPECT_EQ(unchanged({2, 1, 1, 3, palette, {"\x40"}}).colour(), Colour::kRgb);
}

TEST(DecodePng, MakesOneColourTransparent) {
  const std::string gray = png_chunk("tRNS", text("\x00\x09"));
  EXPECT_EQ(bytes_of(unchanged({2, 1, 8, 0, gray, {"\x09\x08"}})), (Values{9, 9, 9, 0, 8, 8, 8, 255}));
  EXPECT_EQ(rgb({1, 1, 8, 0, gray, {"\x09"}}), (Values{9, 9, 9}));
  const std::string colour = png_chunk("tRNS", text("\x00\x01\x00\x02\x00\x03"));
  EXPECT_EQ(bytes_of(unchanged({2, 1, 8, 2, colour, {"\x01\x02\x03\x01\x02\x04"}})),
            (Values{1, 2, 3, 0, 1, 2, 4, 255}));
}

TEST(DecodePng, KeepsOrDropsAlpha) {
  const PngFile png{1, 1, 8, 4, "", {"\x05\x06"}};
  EXPECT_EQ(rgb(png), (Values{5, 5, 5}));
  EXPECT_EQ(bytes_of(unchanged(png)), (Values{5, 5, 5, 6}));
  EXPECT_EQ(rgb({1, 1, 8, 6, "", {"\x05\x06\x07\x08"}}), (Values{5, 6, 7}));
}

TEST(DecodePng, RefusesWhatIsNoPng) {
  const auto decode = [](const std::string& file) { return run(image::decode(), Bytes(file)); };
  const std::string good = PngFile{1, 1, 8, 0, "", {"x"}}.text();
  EXPECT_THAT(decode(good), test::IsOk());
  EXPECT_THAT(decode(PngFile{1, 1, 3, 0, "", {"x"}}.text()), FailsWith(ErrorCode::kInvalidArgument, "corrupt PNG: "));
  EXPECT_THAT(decode(PngFile{0, 1, 8, 0, "", {"x"}}.text()), FailsWith(ErrorCode::kInvalidArgument, "corrupt PNG: "));
  EXPECT_THAT(decode(PngFile{1, 1, 8, 3, "", {"x"}}.text()), FailsWith(ErrorCode::kInvalidArgument, "corrupt PNG: "))
      << "no palette";
  EXPECT_THAT(decode(PngFile{2, 2, 8, 0, "", {"xx"}}.text()), FailsWith(ErrorCode::kInvalidArgument, "PNG"))
      << "a row is missing";
  std::string bad_checksum = good;
  bad_checksum[30] = static_cast<char>(bad_checksum[30] ^ 1);
  EXPECT_THAT(decode(bad_checksum), FailsWith(ErrorCode::kInvalidArgument, "corrupt PNG: "));
}

}  // namespace
}  // namespace gantry
