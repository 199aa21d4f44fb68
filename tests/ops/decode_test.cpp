// SPDX-License-Identifier: Apache-2.0
// What decode accepts, refuses, and says; tests/parity compares the pixels with Pillow's.
#include <gtest/gtest.h>
#include <gantry/http_status.hpp>
#include <gantry/image.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "ops/image/decoder.hpp"
#include "ops/image_fixtures.hpp"
#include "ops/jpeg/jpeg_writer.hpp"
#include "ops/png/png_writer.hpp"
#include "ops/run_stage.hpp"
#include "support/matchers.hpp"
#include "support/test_call.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::bytes_of;
using test::FailsWith;
using test::kAnimatedWebp;
using test::kCmykJpeg;
using test::kJpeg;
using test::kProgressiveJpeg;
using test::kWebp;
using test::PngFile;
using test::run;
using File = std::vector<std::uint8_t>;
using Pixel = std::vector<std::uint8_t>;

Result<Image> decode(const File& file, const image::Decode& options = {}) {
  return run(image::decode(options), Bytes(file));
}

Pixel pixel(const Image& image, std::int64_t x, std::int64_t y) {
  const std::uint8_t* at = image.row(y) + x * static_cast<std::int64_t>(image.channels());
  return {at, at + image.channels()};
}

File cut(File file, std::size_t size) {
  file.resize(size);
  return file;
}

/// Where the header of the first frame begins: its column.
std::size_t segment_of_first_frame() {
  const std::string_view name("ANMF");
  return static_cast<std::size_t>(std::search(kAnimatedWebp.begin(), kAnimatedWebp.end(), name.begin(), name.end()) -
                                  kAnimatedWebp.begin()) +
         8;
}

/// Where the content of the first segment with this marker begins.
std::size_t find_segment(const File& jpeg, std::uint8_t marker) {
  const std::uint8_t wanted[] = {0xFF, marker};
  const auto at = std::search(jpeg.begin(), jpeg.end(), wanted, wanted + 2);
  return static_cast<std::size_t>(at - jpeg.begin()) + 4;
}

File with_jpeg_size(File jpeg, int width, int height) {
  const std::size_t at = find_segment(jpeg, 0xC0);
  jpeg[at + 1] = static_cast<std::uint8_t>(height >> 8);
  jpeg[at + 2] = static_cast<std::uint8_t>(height & 0xFF);
  jpeg[at + 3] = static_cast<std::uint8_t>(width >> 8);
  jpeg[at + 4] = static_cast<std::uint8_t>(width & 0xFF);
  return jpeg;
}

TEST(Decode, TellsFormatsByContent) {
  const Image jpeg = decode(kJpeg).value();
  EXPECT_EQ(jpeg.pixels().to_string(), "u8[8, 16, 3]");
  EXPECT_EQ(pixel(jpeg, 0, 0), (Pixel{13, 0, 0}));
  EXPECT_EQ(pixel(jpeg, 15, 7), (Pixel{237, 208, 226}));
  EXPECT_EQ(pixel(decode(kWebp).value(), 1, 1), (Pixel{9, 8, 7}));
  const PngFile png{1, 1, 8, 2, "", {std::string("\x01\x02\x03")}};
  EXPECT_EQ(bytes_of(run(image::decode(), png.bytes()).value()), (Pixel{1, 2, 3}));
}

TEST(Decode, RefusesOtherContent) {
  EXPECT_THAT(decode({}), FailsWith(ErrorCode::kInvalidArgument, "stage 'image.decode': no image: 0 bytes"));
  EXPECT_THAT(run(image::decode(), Bytes(std::string("GIF89a, which it is not"))),
              FailsWith(ErrorCode::kInvalidArgument,
                        "not a JPEG, PNG or WebP image; it is a GIF image; convert it to PNG first"));
  EXPECT_THAT(decode({'R', 'I', 'F', 'F'}), FailsWith(ErrorCode::kInvalidArgument, "it starts with 52 49 46 46"));
  EXPECT_THAT(decode({0xFF}), FailsWith(ErrorCode::kInvalidArgument, "it starts with ff"));
  EXPECT_THAT(run(image::decode(), Bytes(std::string("RIFF\x04\0\0\0WAVE", 12))),
              FailsWith(ErrorCode::kInvalidArgument, "not a JPEG, PNG or WebP image"));
}

TEST(Decode, NamesFormatsThatItDoesNotRead) {
  const auto begin = [](const char* text, std::size_t size) { return std::string(text, size); };
  const std::pair<std::string, std::string> files[] = {
      {begin("\0\0\0\x18"
             "ftypheic\0\0\0\0mif1heic",
             24),
       "an HEIC image"},
      {begin("\0\0\0\x18"
             "ftypmif1\0\0\0\0mif1heic",
             24),
       "an HEIC image"},
      {begin("\0\0\0\x1c"
             "ftypmif1\0\0\0\0mif1avifmiaf",
             28),
       "an AVIF image"},
      {begin("\0\0\0\x18"
             "ftypavif\0\0\0\0mif1miaf",
             24),
       "an AVIF image"},
      {"GIF87a", "a GIF image"},
      {begin("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", 18), "a BMP image"},
      {begin("II*\0\x08\0\0\0", 8), "a TIFF image"},
      {begin("MM\0+\0\x08\0\0", 8), "a TIFF image"},
      {begin("\0\0\0\x0cjP  \r\n\x87\n", 12), "a JPEG 2000 image"},
      {begin("\xff\x4f\xff\x51\0", 5), "a JPEG 2000 image"},
      {begin("\0\0\0\x0cJXL \r\n\x87\n", 12), "a JPEG XL image"},
      {"\xff\x0a", "a JPEG XL image"},
      {"<?xml version=\"1.0\"?>\n<!-- drawn -->\n<svg width=\"9\"/>", "an SVG drawing"},
      {"\n<!DOCTYPE html><svg/>", "an HTML page"},
      {"<HTML lang=en>", "an HTML page"},
      {"<!DocType Html>", "an HTML page"},
      {"%PDF-1.7", "a PDF document"}};
  for (const auto& [file, name] : files) {
    const auto decoded = run(image::decode(), Bytes(file));
    const auto probed = image::probe_header(Bytes(file));
    for (const Error& error : {decoded.error(), probed.error()}) {
      EXPECT_NE(error.message().find("not a JPEG, PNG or WebP image; it is " + name + "; "), std::string::npos)
          << error.to_string();
      EXPECT_EQ(error.reason(), ErrorReason::kMediaType);
    }
  }
  for (const std::string& file : {begin("\0\0\0\x18"
                                        "ftypmp42\0\0\0\0mp42isom",
                                        24),
                                  std::string("BMW"), std::string("<a>")})
    EXPECT_THAT(run(image::decode(), Bytes(file)), FailsWith(ErrorCode::kInvalidArgument, "image; it starts with "));
}

TEST(Decode, TakesAsManyPixelsAsPillow) {
  PngFile png{13377, 13377, 8, 0, "", {}};  // 178,944,129, and one row and column more make 178,970,884
  EXPECT_THAT(run(image::decode(), png.bytes()), FailsWith(ErrorCode::kInvalidArgument, "truncated PNG"));
  png.width = png.height = 13378;
  EXPECT_THAT(run(image::decode(), png.bytes()),
              FailsWith(ErrorCode::kResourceExhausted, "exceeds max_pixels=178956970"));
}

TEST(Decode, KeepsColourIfAsked) {
  const image::Decode unchanged{image::ColourMode::kUnchanged};
  EXPECT_EQ(decode(kProgressiveJpeg, unchanged).value().colour(), Colour::kGray);
  EXPECT_EQ(decode(kJpeg, unchanged).value().colour(), Colour::kRgb);
  EXPECT_EQ(decode(kCmykJpeg, unchanged).value().colour(), Colour::kRgb);
  const Image webp = decode(kWebp, unchanged).value();
  EXPECT_EQ(webp.colour(), Colour::kRgba);
  EXPECT_EQ(pixel(webp, 1, 0), (Pixel{0, 255, 0, 128}));
  EXPECT_EQ(pixel(webp, 0, 1), (Pixel{0, 0, 255, 0}));
}

TEST(Decode, ToRgbRepeatsGrayAndDropsAlpha) {
  EXPECT_EQ(pixel(decode(kProgressiveJpeg).value(), 15, 7), (Pixel{219, 219, 219}));
  EXPECT_EQ(pixel(decode(kWebp).value(), 1, 0), (Pixel{0, 255, 0}));
  EXPECT_EQ(pixel(decode(kCmykJpeg).value(), 7, 7), (Pixel{235, 212, 206}));
}

TEST(Decode, ChecksTheLimitsBeforeAnythingIsAllocated) {
  EXPECT_THAT(
      decode(with_jpeg_size(kJpeg, 60000, 60000)),
      FailsWith(ErrorCode::kResourceExhausted, "JPEG image of 60000x60000 pixels exceeds max_pixels=178956970"));
  PngFile png{60000, 60000, 16, 6, "", {}};
  EXPECT_THAT(run(image::decode(), png.bytes()), FailsWith(ErrorCode::kResourceExhausted, "60000x60000"));
  png.width = 70000;
  png.height = 1;
  EXPECT_THAT(run(image::decode(), png.bytes()),
              FailsWith(ErrorCode::kResourceExhausted, "PNG image of 70000x1 pixels has a side of more than 65535"));
  image::Decode options;
  options.max_pixels = 127;
  EXPECT_THAT(decode(kJpeg, options), FailsWith(ErrorCode::kResourceExhausted, "16x8 pixels exceeds max_pixels=127"));
  options.max_pixels = 3;
  EXPECT_THAT(decode(kWebp, options), FailsWith(ErrorCode::kResourceExhausted, "WebP image of 2x2"));
  options.max_pixels = 128;
  options.max_bytes = static_cast<std::int64_t>(kJpeg.size());
  EXPECT_THAT(decode(kJpeg, options), test::IsOk());
  --options.max_bytes;
  EXPECT_THAT(decode(kJpeg, options), FailsWith(ErrorCode::kResourceExhausted, "645 bytes exceeds max_bytes=644"));
}

TEST(Decode, NamesThePlaceWhereAFileEnds) {
  for (const std::size_t size : {4u, 30u, 200u, 600u})
    EXPECT_THAT(decode(cut(kJpeg, size)),
                FailsWith(ErrorCode::kInvalidArgument, "truncated JPEG at byte " + std::to_string(size)));
  EXPECT_THAT(decode(cut(kProgressiveJpeg, 260)), FailsWith(ErrorCode::kInvalidArgument, "truncated JPEG at byte 260"));
  EXPECT_THAT(decode(cut(kWebp, 50)), FailsWith(ErrorCode::kInvalidArgument, "truncated WebP at byte 50"));
  const std::string png = PngFile{1, 1, 8, 0, "", {"x"}}.text();
  EXPECT_THAT(run(image::decode(), Bytes(png.substr(0, 49))),
              FailsWith(ErrorCode::kInvalidArgument, "truncated PNG at byte 49"));
}

/// What a file lacks does not matter where it is not part of the pixels.
TEST(Decode, TakesFilesThatLackOnlyTheirEnd) {
  const std::string png = PngFile{1, 1, 8, 0, "", {"x"}}.text();
  EXPECT_EQ(bytes_of(run(image::decode(), Bytes(png.substr(0, 50))).value()), (Pixel{'x', 'x', 'x'}));
  File jpeg = cut(kJpeg, kJpeg.size() - 2);
  EXPECT_THAT(decode(jpeg), FailsWith(ErrorCode::kInvalidArgument, "truncated JPEG"));
  jpeg.insert(jpeg.end(), 8, 0);
  EXPECT_EQ(bytes_of(decode(jpeg).value()), bytes_of(decode(kJpeg).value()));
}

TEST(Decode, FillsInWhatIsMissingIfAsked) {
  image::Decode options;
  options.truncated = image::Truncated::kAccept;
  const std::string png = PngFile{1, 3, 8, 0, "", {"x", "y", "z"}}.text();
  EXPECT_EQ(bytes_of(run(image::decode(options), Bytes(png.substr(0, 53))).value()),
            (Pixel{'x', 'x', 'x', 'y', 'y', 'y', 0, 0, 0}));
  const Image jpeg = decode(cut(kJpeg, kJpeg.size() - 8), options).value();
  EXPECT_EQ(jpeg.height(), 8);
  EXPECT_NE(bytes_of(jpeg), bytes_of(decode(kJpeg).value()));
  EXPECT_THAT(decode(cut(kJpeg, 100), options), FailsWith(ErrorCode::kInvalidArgument, "truncated JPEG at byte 100"))
      << "no pixels";
  EXPECT_THAT(decode(cut(kWebp, 50), options), FailsWith(ErrorCode::kInvalidArgument, "truncated WebP at byte 50"));
}

TEST(Decode, GivesTheFirstFrameOfAnAnimation) {
  const Image image = decode(kAnimatedWebp, {image::ColourMode::kUnchanged}).value();
  EXPECT_EQ(image.pixels().to_string(), "u8[2, 2, 4]");
  EXPECT_EQ(bytes_of(image), (Pixel{255, 0, 0, 255, 0, 255, 0, 128, 0, 0, 0, 0, 9, 8, 7, 255}));
  EXPECT_THAT(decode(cut(kAnimatedWebp, 190)), FailsWith(ErrorCode::kInvalidArgument, "truncated WebP"));
  File outside = kAnimatedWebp;
  outside[segment_of_first_frame()] = 1;  // two columns to the right
  EXPECT_THAT(decode(outside),
              FailsWith(ErrorCode::kInvalidArgument, "corrupt WebP: libwebp cannot take its chunks apart"));
}

/// The call may end before the work does.
TEST(Decode, LooksAtTheCallWhileItWorks) {
  const test::TestCall late{RunOptions(std::chrono::steady_clock::now())};
  const test::TestCall cancelled(test::cancelled_options());
  test::JpegFile jpeg;
  const Bytes baseline(jpeg.bytes());
  jpeg.is_progressive = true;
  const Bytes progressive(jpeg.bytes());
  const Bytes png = PngFile{1, 1, 8, 0, "", {"x"}}.bytes();
  for (const Bytes& file : {baseline, progressive, png, Bytes(kWebp), Bytes(kAnimatedWebp)}) {
    EXPECT_THAT(detail::decode_image(file, {}, late.get()), FailsWith(ErrorCode::kDeadlineExceeded, "deadline"));
    EXPECT_THAT(detail::decode_image(file, {}, cancelled.get()), FailsWith(ErrorCode::kCancelled, "cancelled"));
    EXPECT_THAT(detail::decode_image(file, {}, nullptr), test::IsOk());
  }
}

TEST(Decode, NamesWhatItDoesNotSupport) {
  File twelve_bits = kJpeg;
  twelve_bits[find_segment(kJpeg, 0xC0)] = 12;
  EXPECT_THAT(decode(twelve_bits), FailsWith(ErrorCode::kUnsupported, "JPEG: Unsupported JPEG data precision 12"));
  File lossless = kJpeg;
  lossless[find_segment(kJpeg, 0xC0) - 3] = 0xC3;
  EXPECT_THAT(decode(lossless), FailsWith(ErrorCode::kUnsupported, "JPEG: Unsupported JPEG process: SOF type 0xc3"));
}

TEST(Decode, RefusesAFloodOfScans) {
  const std::size_t scan = find_segment(kProgressiveJpeg, 0xDA) - 4;
  const std::uint8_t next_table[] = {0xFF, 0xC4};
  const auto end = std::search(kProgressiveJpeg.begin() + static_cast<std::ptrdiff_t>(scan), kProgressiveJpeg.end(),
                               next_table, next_table + 2);
  const File one(kProgressiveJpeg.begin() + static_cast<std::ptrdiff_t>(scan), end);
  for (const int count : {400, 600}) {
    File file = cut(kProgressiveJpeg, scan);
    for (int i = 0; i < count; ++i) file.insert(file.end(), one.begin(), one.end());
    file.insert(file.end(), end, kProgressiveJpeg.end());
    if (count == 400)
      EXPECT_THAT(decode(file), test::IsOk());
    else
      EXPECT_THAT(decode(file),
                  FailsWith(ErrorCode::kResourceExhausted, "JPEG with more than 500 scans, which is max_scans"));
  }
  image::Decode options;
  options.max_scans = 3;
  EXPECT_THAT(decode(kProgressiveJpeg, options), FailsWith(ErrorCode::kResourceExhausted, "more than 3 scans"));
  options.max_scans = 6;
  EXPECT_THAT(decode(kProgressiveJpeg, options), test::IsOk());
}

TEST(Decode, TurnsTheImageOnlyIfAsked) {
  const std::string exif("Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", 32);
  File file = {0xFF, 0xD8, 0xFF, 0xE1, 0, static_cast<std::uint8_t>(exif.size() + 2)};
  file.insert(file.end(), exif.begin(), exif.end());
  file.insert(file.end(), kJpeg.begin() + 2, kJpeg.end());
  const Image stored = decode(file).value();
  EXPECT_EQ(stored.width(), 16);
  image::Decode options;
  options.exif_orientation = true;
  const Image upright = decode(file, options).value();
  ASSERT_EQ(upright.width(), 8);
  EXPECT_EQ(pixel(upright, 7, 0), pixel(stored, 0, 0)) << "a quarter turn clockwise";
  EXPECT_EQ(pixel(upright, 0, 0), pixel(stored, 0, 7));
}

/// Corrupt files decode to something or are refused, in silence.
TEST(Decode, SurvivesAnyBytes) {
  std::mt19937 random(1);
  const std::string palette = test::png_chunk("PLTE", std::string(6, 'p')) + test::png_chunk("tRNS", "ab");
  const std::string png = PngFile{9, 3, 2, 3, palette, {"\x10\x21\x32", "\x43\x54\x65", "\x76\x07\x18"}}.text();
  const std::vector<File> files = {kJpeg, kProgressiveJpeg, kCmykJpeg, kWebp, kAnimatedWebp, {png.begin(), png.end()}};
  image::Decode options{image::ColourMode::kUnchanged, true, 1 << 20};
  const auto pipeline = compile(image::decode(options), test::calling_thread()).value();
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  int refused = 0;
  constexpr int kRounds = 6000;
  for (int round = 0; round < kRounds; ++round) {
    File file = files[random() % files.size()];
    for (unsigned edits = random() % 4 + 1; edits > 0; --edits)
      file[4 + random() % (file.size() - 4)] = static_cast<std::uint8_t>(random());
    if (random() % 4 == 0) file.resize(random() % file.size() + 1);
    refused += pipeline.run(Bytes(std::move(file))).ok() ? 0 : 1;
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_GT(refused, kRounds / 10);
  EXPECT_LT(refused, kRounds);
}

/// What a server answers: a client's mistakes are told apart from what this server lacks.
TEST(Decode, SaysByReasonWhatAServerHasToAnswer) {
  const auto status = [](const Result<Image>& image) { return image ? 200 : http_status(image.error()); };
  EXPECT_EQ(status(decode(kJpeg)), 200);
  EXPECT_EQ(status(decode(cut(kJpeg, kJpeg.size() / 2))), 400) << "damaged";
  EXPECT_EQ(status(decode({})), 400);
  EXPECT_EQ(status(decode({'G', 'I', 'F', '8', '9', 'a', 0, 0})), 415);
  File twelve_bits = kJpeg;
  twelve_bits[find_segment(twelve_bits, 0xC0)] = 12;
  EXPECT_EQ(status(decode(twelve_bits)), 415) << "a JPEG, but not one that is read";
  EXPECT_EQ(status(decode(with_jpeg_size(kJpeg, 60000, 60000))), 413);
  image::Decode options;
  options.max_bytes = 10;
  EXPECT_EQ(status(decode(kJpeg, options)), 413);
  options = {};
  options.max_scans = 3;
  EXPECT_EQ(status(decode(kProgressiveJpeg, options)), 413);
  PngFile wide;
  wide.width = 70000;
  wide.height = 1;
  EXPECT_EQ(status(run(image::decode(), wide.bytes())), 413);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
