// SPDX-License-Identifier: Apache-2.0
// Frames without a header: how many bytes there have to be, and what is done with those between rows.
#include <gantry/image/raw.hpp>

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using image::Raw;
using image::RawFormat;
using test::FailsWith;
using test::IsOk;
using Values = std::vector<std::uint8_t>;

Result<Image> read(const Raw& frame, std::size_t bytes) {
  return test::run(image::from_raw(frame), Bytes(std::string(bytes, 'x')));
}

/// `least` to `most` bytes are right, one less and one more are not.
void expect_sizes(const Raw& frame, std::size_t least, std::size_t most) {
  EXPECT_THAT(read(frame, least), IsOk());
  EXPECT_THAT(read(frame, most), IsOk());
  std::string expected = "expected " + std::to_string(least);
  if (most != least) expected += " to " + std::to_string(most);
  for (const std::size_t wrong : {least - 1, most + 1, std::size_t{0}})
    EXPECT_THAT(read(frame, wrong),
                FailsWith(ErrorCode::kInvalidArgument, expected + " bytes, got " + std::to_string(wrong)));
}

TEST(FromRaw, SaysHowManyBytesItExpects) {
  expect_sizes({RawFormat::kRgb, 5, 3}, 45, 45);
  expect_sizes({RawFormat::kRgb, 5, 3, 20}, 55, 60);
  expect_sizes({RawFormat::kBgra, 1, 1}, 4, 4);
  expect_sizes({RawFormat::kGray, 7, 2, 7}, 14, 14);
  expect_sizes({RawFormat::kNv12, 4, 2}, 12, 12);
  expect_sizes({RawFormat::kNv21, 4, 2, 10}, 24, 30);
  expect_sizes({RawFormat::kI420, 4, 2, 10}, 27, 30);
}

TEST(FromRaw, LeavesGapsOut) {
  const Bytes bytes(std::string("abc..def"));
  EXPECT_EQ(test::bytes_of(test::run(image::from_raw({RawFormat::kRgb, 1, 2, 5}), bytes).value()),
            (Values{'a', 'b', 'c', 'd', 'e', 'f'}));
  EXPECT_EQ(test::bytes_of(test::run(image::from_raw({RawFormat::kBgr, 1, 2, 5}), bytes).value()),
            (Values{'c', 'b', 'a', 'f', 'e', 'd'}));
}

TEST(FromRaw, TakesVideoRange) {
  const Bytes grey(std::string("\x10\xEB\x7E\xFF\x80\x80", 6));  // black, white, grey, whiter than white
  EXPECT_EQ(test::bytes_of(test::run(image::from_raw({RawFormat::kNv12, 2, 2}), grey).value()),
            (Values{0, 0, 0, 255, 255, 255, 128, 128, 128, 255, 255, 255}));
}

TEST(RawToTensor, SaysHowManyBytesItExpects) {
  const auto stage = image::raw_to_tensor({image::RawSample::kU16, 3, 2, 4});
  EXPECT_THAT(test::run(stage, Bytes(std::string(48, 'x'))), IsOk());
  EXPECT_THAT(test::run(stage, Bytes(std::string(47, 'x'))),
              FailsWith(ErrorCode::kInvalidArgument, "expected 48 bytes, got 47"));
}

TEST(RawToTensor, RefusesATensorBeyondTheLimit) {
  const auto stage = image::raw_to_tensor({image::RawSample::kU8, 65535, 65535, 65535});
  EXPECT_THAT(test::run(stage, Bytes(std::string(1, 'x'))),
              FailsWith(ErrorCode::kResourceExhausted, "65535x65535x65535"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
