// SPDX-License-Identifier: Apache-2.0
// A call that is over ends whatever is being done to a PNG. Small files show that nothing is looked at but the work.
#include <gtest/gtest.h>
#include <gantry/image.hpp>
#include <gantry/run_options.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "ops/image/png/png_stream.hpp"
#include "ops/png/png_writer.hpp"
#include "support/matchers.hpp"
#include "support/test_call.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::PngStream;
using test::FailsWith;
using test::png_chunk;
using test::PngFile;

std::string repeated(const std::string& piece, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += piece;
  return text;
}

/// What reading the file's header ends with.
Result<void> open(const std::string& file) {
  const test::TestCall call(test::cancelled_options());
  image::Decode options;
  options.exif_orientation = true;
  const auto stream = PngStream::open(Bytes(file), options, call.get());
  return stream ? Result<void>() : Result<void>(stream.error());
}

TEST(PngDeadline, EndsTheReadingOfChunks) {
  const std::string small = PngFile{1, 1, 8, 0, "", {"x"}}.text();
  EXPECT_THAT(open(small), test::IsOk());
  const std::string head = small.substr(0, small.size() - 12), end = small.substr(small.size() - 12);
  const std::string flood = repeated(png_chunk("prVt", ""), 10000);
  EXPECT_THAT(open(PngFile{1, 1, 8, 0, flood, {"x"}}.text()), FailsWith(ErrorCode::kCancelled, ""));
  EXPECT_THAT(open(head + flood + end), FailsWith(ErrorCode::kCancelled, ""));
  EXPECT_THAT(open(head + repeated(png_chunk("IDAT", ""), 10000) + end), FailsWith(ErrorCode::kCancelled, ""));
  EXPECT_THAT(open(PngFile{1, 1, 8, 0, png_chunk("prVt", std::string(1000000, 'x')), {"x"}}.text()),
              FailsWith(ErrorCode::kCancelled, ""))
      << "a checksum";
}

TEST(PngDeadline, EndsTheUnpackingOfTexts) {
  const std::string packed = test::stored("").substr(0, 2) + repeated(std::string("\0\0\0\xFF\xFF", 5), 10000);
  const std::string text = png_chunk("zTXt", "XML:com.adobe.xmp" + std::string(2, '\0') + packed);
  const std::string file = PngFile{1, 1, 8, 0, "", {"x"}}.text();
  EXPECT_THAT(open(file.substr(0, file.size() - 12) + text), FailsWith(ErrorCode::kCancelled, ""));
}

/// One row of the file, and what is behind it.
Result<void> read(const Bytes& file, std::int64_t row) {
  const test::TestCall call(test::cancelled_options());
  const auto stream = PngStream::open(file, {}, call.get()).value();
  if (auto ok = stream->select(row, 0, 1); !ok) return ok;
  return stream->finish();
}

TEST(PngDeadline, EndsSkippedTrailingAndInterlacedRows) {
  EXPECT_THAT(read(PngFile{1, 100, 8, 0, "", std::vector<std::string>(100, "x")}.bytes(), 99), test::IsOk());
  PngFile high{1, 8000, 8, 0, "", std::vector<std::string>(8000, "x")};
  EXPECT_THAT(read(high.bytes(), 7999), FailsWith(ErrorCode::kCancelled, "")) << "rows above";
  EXPECT_THAT(read(high.bytes(), 0), FailsWith(ErrorCode::kCancelled, "")) << "rows below";
  high.is_interlaced = true;
  EXPECT_THAT(read(high.bytes(), 0), FailsWith(ErrorCode::kCancelled, ""));
}

TEST(PngDeadline, EndsARowThatTakesMuchData) {
  const std::string file = PngFile{1, 1, 8, 0, "", {"x"}}.text();
  const std::string data = test::stored(std::string("\0x", 2));
  const std::string blocks = data.substr(0, 2) + repeated(std::string("\0\0\0\xFF\xFF", 5), 20000) + data.substr(2);
  EXPECT_THAT(read(Bytes(file.substr(0, 33) + png_chunk("IDAT", blocks)), 0), FailsWith(ErrorCode::kCancelled, ""));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
