// SPDX-License-Identifier: Apache-2.0
// What probe_header() says about files of each kind.
#include <gantry/image/header.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "ops/image_fixtures.hpp"
#include "ops/jpeg/jpeg_writer.hpp"
#include "ops/png/png_writer.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using image::FileFormat;
using image::Header;
using test::FailsWith;
using test::PngFile;
using File = std::vector<std::uint8_t>;

std::string text_of(const Result<Header>& header) {
  if (!header) return header.error().to_string();
  return std::string(to_string(header->format)) + " " + std::to_string(header->width) + "x" +
         std::to_string(header->height) + " " + to_string(header->colour) + " " + std::to_string(header->bit_depth) +
         " orientation " + std::to_string(header->orientation);
}

std::string probe(const File& file) {
  return text_of(image::probe_header(Bytes(file)));
}

std::string probe(const PngFile& file) {
  return text_of(image::probe_header(file.bytes()));
}

const std::string kExif("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", 26);

TEST(ProbeHeader, TellsFormatSizeAndColours) {
  EXPECT_EQ(probe(test::kJpeg), "JPEG 16x8 rgb 8 orientation 1");
  EXPECT_EQ(probe(test::kProgressiveJpeg), "JPEG 16x8 gray 8 orientation 1");
  EXPECT_EQ(probe(test::kCmykJpeg), "JPEG 8x8 rgb 8 orientation 1");
  EXPECT_EQ(probe(test::kWebp), "WebP 2x2 rgba 8 orientation 1");
  EXPECT_EQ(probe(test::kAnimatedWebp), "WebP 2x2 rgba 8 orientation 1");
  EXPECT_EQ(probe(PngFile{3, 4, 16, 2, "", {}}), "PNG 3x4 rgb 16 orientation 1");
  EXPECT_EQ(probe(PngFile{3, 4, 1, 0, test::png_chunk("tRNS", std::string(2, '\0')), {}}),
            "PNG 3x4 rgba 1 orientation 1");
}

TEST(ProbeHeader, FindsTheOrientation) {
  const std::string segment = "Exif" + std::string(2, '\0') + kExif;
  File jpeg = {0xFF, 0xD8, 0xFF, 0xE1, 0, static_cast<std::uint8_t>(segment.size() + 2)};
  jpeg.insert(jpeg.end(), segment.begin(), segment.end());
  jpeg.insert(jpeg.end(), test::kJpeg.begin() + 2, test::kJpeg.end());
  EXPECT_EQ(probe(jpeg), "JPEG 16x8 rgb 8 orientation 6");
  EXPECT_EQ(probe(PngFile{3, 4, 8, 2, test::png_chunk("eXIf", kExif), {}}), "PNG 3x4 rgb 8 orientation 6");
  // As ImageMagick writes it: a line with nothing, one with the name, one with the length, and digits.
  std::string digits = "\nexif\n      26\n";
  for (const char c : kExif) {
    digits += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    digits += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
    if (digits.size() % 7 == 0) digits += '\n';
  }
  const std::string text = "Raw profile type exif" + std::string(1, '\0') + digits;
  EXPECT_EQ(probe(PngFile{3, 4, 8, 2, test::png_chunk("tEXt", text), {}}), "PNG 3x4 rgb 8 orientation 6");
}

TEST(ProbeHeader, NeedsOnlyTheBeginningAndHasNoLimits) {
  EXPECT_EQ(probe(File(test::kJpeg.begin(), test::kJpeg.end() - 20)), "JPEG 16x8 rgb 8 orientation 1");
  const std::string png = PngFile{60000, 30000, 8, 0, "", {std::string(100, 'x')}}.text();
  EXPECT_EQ(text_of(image::probe_header(Bytes(png.substr(0, 60)))), "PNG 60000x30000 gray 8 orientation 1");
}

TEST(ProbeHeader, RefusesWhatDecodeRefuses) {
  EXPECT_THAT(image::probe_header(Bytes()), FailsWith(ErrorCode::kInvalidArgument, "no image: 0 bytes"));
  EXPECT_THAT(image::probe_header(Bytes(std::string("GIF89a"))),
              FailsWith(ErrorCode::kInvalidArgument, "not a JPEG, PNG or WebP image; it "));
  EXPECT_THAT(image::probe_header(Bytes(File(test::kJpeg.begin(), test::kJpeg.begin() + 100))),
              FailsWith(ErrorCode::kInvalidArgument, "truncated JPEG at byte 100"));
  EXPECT_THAT(image::probe_header(PngFile{70000, 1, 8, 0, "", {}}.bytes()),
              FailsWith(ErrorCode::kResourceExhausted, "more than 65535"));
  EXPECT_THAT(image::probe_header(Bytes(File(test::kWebp.begin(), test::kWebp.begin() + 14))),
              FailsWith(ErrorCode::kInvalidArgument, "truncated WebP"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
