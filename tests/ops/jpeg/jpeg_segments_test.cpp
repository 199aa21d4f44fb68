// SPDX-License-Identifier: Apache-2.0
// The segments in front of a JPEG's image. Which files are refused for theirs is compared with Pillow in
// tests/parity/jpeg_kinds.py.
#include "ops/image/jpeg/jpeg_segments.hpp"
#include "support/matchers.hpp"
#include "support/test_call.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::ends_next;
using detail::read_jpeg_metadata;
using std::string_literals::operator""s;

std::string jpeg_segment(char marker, const std::string& content) {
  const std::size_t length = content.size() + 2;
  return "\xff"s + marker + static_cast<char>(length >> 8) + static_cast<char>(length & 255) + content;
}

Bytes file_with(const std::string& segments) {
  const std::string file = "\xff\xd8" + segments + jpeg_segment('\xda', "scan") + "data\xff\xd9";
  return Bytes(std::vector<std::uint8_t>(file.begin(), file.end()));
}

TEST(JpegSegments, JoinsExifAndTakesTheLastXmp) {
  const std::string exif = "Exif\0\0"s, xmp = "http://ns.adobe.com/xap/1.0/\0"s;
  const Bytes file = file_with(jpeg_segment('\xe1', xmp + "first") + jpeg_segment('\xe1', exif + "one,") +
                               "junk\xff\xff\xff\0"s + jpeg_segment('\xe1', exif + "two") +
                               jpeg_segment('\xe1', xmp + "second") + jpeg_segment('\xe2', exif + "another marker"));
  const auto metadata = read_jpeg_metadata(file, nullptr).value();
  EXPECT_EQ(metadata.exif, exif + "one,two");
  EXPECT_EQ(metadata.xmp, "second");
}

TEST(JpegSegments, LooksNoFurtherThanTheScan) {
  const auto metadata =
      read_jpeg_metadata(file_with(jpeg_segment('\xda', "scan") + jpeg_segment('\xe1', "Exif\0\0x"s)), nullptr).value();
  EXPECT_EQ(metadata.exif, "");
}

TEST(JpegSegments, RefusesSegmentsThatPillowDoesNotRead) {
  const auto refusal_of = [](const std::string& segments) { return read_jpeg_metadata(file_with(segments), nullptr); };
  EXPECT_THAT(refusal_of(jpeg_segment('\xe0', "JFIF")),
              test::FailsWith(ErrorCode::kInvalidArgument, "corrupt JPEG: JFIF segment of only 4 bytes"));
  EXPECT_THAT(refusal_of(jpeg_segment('\xee', "Adobe\0"s)),
              test::FailsWith(ErrorCode::kInvalidArgument, "corrupt JPEG: Adobe segment of only 6 bytes"));
  EXPECT_THAT(refusal_of(jpeg_segment('\xe2', "ICC_PROFILE\0\1"s) + jpeg_segment('\xc0', "")),
              test::FailsWith(ErrorCode::kInvalidArgument, "corrupt JPEG: ICC profile segment of only 13 bytes"));
  EXPECT_THAT(refusal_of(jpeg_segment('\xed', "Photoshop 3.0\0008BIM\4\4"s)),
              test::FailsWith(ErrorCode::kInvalidArgument, "corrupt JPEG: a Photoshop resource ends"));
  EXPECT_THAT(refusal_of("\xff\x01"), test::FailsWith(ErrorCode::kInvalidArgument, "corrupt JPEG: unknown marker 1"));
  EXPECT_THAT(refusal_of(jpeg_segment('\xc3', "")), test::FailsWith(ErrorCode::kUnsupported, "JPEG: lossless"));
}

TEST(JpegSegments, KnowsWhetherTheEndComesNext) {
  const auto is_end = [](std::string_view bytes) { return ends_next(bytes, nullptr).value(); };
  EXPECT_TRUE(is_end("data\xff\0\xff\xd0more\xff\xff\xff\xd9"s));
  EXPECT_TRUE(is_end(std::string(200000, 'x') + std::string(200000, '\xff') + "\xd9"));
  EXPECT_FALSE(is_end("data\xff\x01\xff\xd9"));
  EXPECT_FALSE(is_end("data\xff\xda\xff\xd9"));
  EXPECT_FALSE(is_end("data\xff"));
  EXPECT_FALSE(is_end(""));
}

TEST(JpegSegments, StopsWhenTheCallIsCancelled) {
  const test::TestCall call(test::cancelled_options());
  EXPECT_THAT(read_jpeg_metadata(file_with(std::string(200000, 'x')), call.get()),
              test::FailsWith(ErrorCode::kCancelled, ""));
  EXPECT_THAT(ends_next(std::string(200000, 'x'), call.get()), test::FailsWith(ErrorCode::kCancelled, ""));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
