// SPDX-License-Identifier: Apache-2.0
// What stands around the pixels of a PNG.
#include "ops/image/png/png_header.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "ops/png/png_writer.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::CallWatch;
using detail::PngHeader;
using test::big_endian;
using test::FailsWith;
using test::png_chunk;
using test::PngFile;

Result<PngHeader> read(const std::string& file, const image::Decode& options = {}) {
  CallWatch watch(nullptr);
  return detail::read_png_header(Bytes(file), options, watch);
}

/// A file with these chunks before and behind the pixels.
std::string with(const std::string& before, const std::string& behind = "", int colour_type = 2) {
  std::string file = PngFile{1, 1, 8, colour_type, before, {"xyz"}}.text();
  return file.insert(file.size() - 12, behind);
}

std::string text(const std::string& key, const std::string& value) {
  return png_chunk("tEXt", key + std::string(1, '\0') + value);
}

TEST(PngHeader, IsReadWhateverMetadataThereIs) {
  std::string texts;
  for (int i = 0; i < 1500; ++i) texts += text("Comment", std::to_string(i));
  for (const std::string& chunks :
       {png_chunk("eXIf", ""), texts, png_chunk("PLTE", ""), png_chunk("PLTE", std::string(900, 'p')),
        png_chunk("ABCD", "unknown"), png_chunk("PLTE", "four")}) {
    EXPECT_THAT(read(with(chunks)), test::IsOk());
    const auto behind = read(with("", chunks));
    ASSERT_THAT(behind, test::IsOk());
    EXPECT_FALSE(behind->behind_pixels);
  }
}

TEST(PngHeader, LooksAtChecksumsUpToThePixels) {
  const std::string good = with(text("key", "value"), text("key", "value"));
  for (const char* name : {"IHDR", "tEXt"}) {
    std::string bad = good;
    bad[bad.find(name) + 5] ^= 1;
    EXPECT_THAT(read(bad), FailsWith(ErrorCode::kInvalidArgument, "wrong checksum")) << name;
  }
  std::string bad_behind = good;
  bad_behind[bad_behind.rfind("tEXt") + 5] ^= 1;
  EXPECT_FALSE(read(bad_behind)->behind_pixels);
}

TEST(PngHeader, SaysWhatIsWrongBehindThePixels) {
  const std::string chunk = text("key", "value");
  const std::string file = with("", chunk);
  const std::string cut = file.substr(0, file.size() - 12 - 6);
  EXPECT_THAT(Result<void>(*read(cut)->behind_pixels),
              FailsWith(ErrorCode::kInvalidArgument, "truncated PNG at byte " + std::to_string(cut.size())));
  EXPECT_TRUE(read(with("", png_chunk("gAMA", "123")))->behind_pixels);
  EXPECT_FALSE(read(with("", png_chunk("IEND", "") + png_chunk("gAMA", "123")))->behind_pixels);
  EXPECT_FALSE(read(with("", std::string("\0\0\0\1\0\0\0\0", 8) + png_chunk("gAMA", "123")))->behind_pixels)
      << "behind what is no chunk";
}

TEST(PngHeader, KnowsWhereThePixelsAre) {
  const std::string file = PngFile{1, 1, 8, 0, text("key", "value"), {"x"}}.text();
  const auto pixels = read(file)->pixels;
  EXPECT_EQ(pixels.begin, file.find("IDAT") - 4);
  EXPECT_EQ(pixels.end, file.size() - 12);
  EXPECT_FALSE(pixels.is_cut);
  EXPECT_TRUE(read(file.substr(0, file.size() - 20))->pixels.is_cut);
}

TEST(PngHeader, FindsTransparencyAnywhere) {
  const std::string key("\0\1\0\2\0\3", 6);
  for (const std::string& file : {with(png_chunk("tRNS", key)), with("", png_chunk("tRNS", key))}) {
    const auto format = read(file)->format;
    EXPECT_TRUE(format.has_transparency);
    EXPECT_EQ(format.transparent[1], 2);
  }
  EXPECT_THAT(read(with(png_chunk("tRNS", "12345"))), FailsWith(ErrorCode::kInvalidArgument, "tRNS is too short"));
}

/// The alpha of the first three colours.
std::vector<int> alpha_of(const std::string& transparency) {
  const auto header = read(with(png_chunk("tRNS", transparency), "", 3));
  return {header->format.palette[0][3], header->format.palette[1][3], header->format.palette[2][3]};
}

TEST(PngHeader, IgnoresALineFeedBehindOneTransparentColour) {
  EXPECT_EQ(alpha_of(std::string("\xFF\0\n", 3)), (std::vector<int>{255, 0, 255}));
  EXPECT_EQ(alpha_of(std::string("\0\0\n", 3)), (std::vector<int>{0, 0, 10}));
  EXPECT_EQ(alpha_of("\xFF\xFF\n"), (std::vector<int>{255, 255, 10}));
}

TEST(PngHeader, RefusesTransparencyOutsideThePaletteWhereItMatters) {
  const std::string file = with(png_chunk("tRNS", std::string(257, 'a')), "", 3);
  EXPECT_THAT(read(file), test::IsOk());
  EXPECT_THAT(read(file, {image::ColourMode::kUnchanged}), FailsWith(ErrorCode::kInvalidArgument, "more than 256"));
}

std::string frame(std::uint32_t number, std::uint32_t width, std::uint32_t left) {
  return png_chunk("fcTL", big_endian(number) + big_endian(width) + big_endian(1) + big_endian(left) + big_endian(0) +
                               std::string(6, '\0'));
}

TEST(PngHeader, ReadsAnimationsAsFarAsTheyMatter) {
  const std::string animated = png_chunk("acTL", big_endian(2) + big_endian(0));
  EXPECT_THAT(read(with(frame(0, 1, 0))), test::IsOk());
  EXPECT_FALSE(read(with(frame(0, 1, 0)))->region) << "all of the image";
  EXPECT_THAT(read(with(frame(1, 1, 0))), FailsWith(ErrorCode::kInvalidArgument, "fcTL is out of order"));
  EXPECT_THAT(read(with(frame(0, 1, 1))), FailsWith(ErrorCode::kInvalidArgument, "outside the image"));
  EXPECT_TRUE(read(with("", frame(1, 1, 0)))->behind_pixels);
  EXPECT_FALSE(read(with(animated, frame(1, 1, 0)))->behind_pixels) << "the next frame";
}

int orientation_of(const std::string& before, const std::string& behind = "") {
  image::Decode options;
  options.exif_orientation = true;
  return read(with(before, behind), options)->orientation;
}

std::string exif(char orientation) {
  return std::string("II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0", 18) + orientation + std::string(7, '\0');
}

TEST(PngHeader, TakesTheLastOrientation) {
  EXPECT_EQ(orientation_of(png_chunk("eXIf", exif(6))), 6);
  EXPECT_EQ(orientation_of(png_chunk("eXIf", exif(6)), png_chunk("eXIf", exif(3))), 3);
  EXPECT_EQ(orientation_of(png_chunk("eXIf", exif(6)) + text("exif", exif(8))), 8);
  EXPECT_EQ(orientation_of(png_chunk("eXIf", "Exif" + std::string(2, '\0') + exif(5))), 5);
  EXPECT_EQ(orientation_of(png_chunk("eXIf", "") + text("XML:com.adobe.xmp", "tiff:Orientation=\"7\"")), 7);
}

TEST(PngHeader, UnpacksTheTextsThatItNeeds) {
  const std::string xmp = "<tiff:Orientation>5";
  const std::string key = "XML:com.adobe.xmp" + std::string(2, '\0');
  EXPECT_EQ(orientation_of(png_chunk("zTXt", key + test::stored(xmp))), 5);
  const std::string fields("\1\0\0\0", 4);
  EXPECT_EQ(orientation_of(png_chunk("iTXt", key.substr(0, 18) + fields + test::stored(xmp))), 5);
  EXPECT_EQ(orientation_of("", png_chunk("zTXt", key + test::stored(xmp))), 5);
  EXPECT_EQ(orientation_of(png_chunk("zTXt", key + "no zlib")), 1);
  EXPECT_THAT(read(with(png_chunk("zTXt", "key" + std::string("\0\1", 2)))),
              FailsWith(ErrorCode::kInvalidArgument, "zTXt is compressed in an unknown way"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
