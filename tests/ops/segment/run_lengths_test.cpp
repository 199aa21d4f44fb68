// SPDX-License-Identifier: Apache-2.0
// Run lengths, and the codec of masks.
#include <gtest/gtest.h>
#include <gantry/registry.hpp>
#include <gantry/segmentation.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "support/codec_text.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using testing::HasSubstr;

const Codecs& codecs() {
  return test::builtin_codecs();
}

Tensor pixels_of(const Shape& shape, const std::vector<std::uint8_t>& values) {
  return Tensor::from<std::uint8_t>(Span<const std::uint8_t>(values), shape).value();
}

std::vector<std::uint8_t> bytes_of(const Tensor& tensor) {
  const auto values = tensor.values<std::uint8_t>().value();
  return {values.begin(), values.end()};
}

RunLengths mask_of(const Shape& shape, const std::vector<std::uint8_t>& values) {
  return RunLengths::of(pixels_of(shape, values)).value();
}

/// A square of 10x10 in a picture of 40x30, `off` columns further to the right.
RunLengths square(std::int64_t off = 0) {
  std::vector<std::uint8_t> values(40 * 30);
  for (std::int64_t y = 5; y < 15; ++y)
    for (std::int64_t x = 5; x < 15; ++x) values[static_cast<std::size_t>(y * 40 + x + off)] = 1;
  return mask_of({30, 40}, values);
}

std::string difference(const Masks& expected, const Masks& got, const Tolerance& tolerance = {}) {
  return codecs().difference(Payload::from(expected), Payload::from(got), tolerance).value().value_or("");
}

TEST(RunLengths, OfPixelsAndBack) {
  const RunLengths mask = mask_of({2, 3}, {9, 0, 1,  //
                                           0, 1, 1});
  EXPECT_EQ(mask.counts(), (std::vector<std::uint32_t>{0, 1, 2, 3}));
  EXPECT_EQ(bytes_of(mask.to_tensor().value()), (std::vector<std::uint8_t>{1, 0, 1, 0, 1, 1}));
  EXPECT_EQ(mask_of({0, 3}, {}).counts(), (std::vector<std::uint32_t>{0}));
  EXPECT_EQ(mask_of({0, 3}, {}).to_tensor().value().to_string(), "u8[0, 3]");
}

TEST(RunLengths, ReadTheirOwnText) {
  std::minstd_rand random(3);
  for (int round = 0; round < 300; ++round) {
    const auto height = static_cast<std::int64_t>(random() % 70), width = static_cast<std::int64_t>(random() % 70);
    std::vector<std::uint8_t> values(static_cast<std::size_t>(height * width));
    const auto rare = 1 + random() % 90;
    std::uint8_t value = 0;
    for (std::uint8_t& one : values) one = value = random() % rare == 0 ? !value : value;
    const RunLengths mask = mask_of({height, width}, values);
    const auto again = RunLengths::parse(mask.to_string(), height, width);
    ASSERT_THAT(again, test::IsOk());
    EXPECT_EQ(again->counts(), mask.counts());
    EXPECT_EQ(bytes_of(again->to_tensor().value()), values);
  }
}

TEST(RunLengths, RefuseTextsThatAreNone) {
  const auto error = [](const char* text, std::int64_t height = 4, std::int64_t width = 5) {
    return RunLengths::parse(text, height, width);
  };
  EXPECT_THAT(error("d0"), test::IsOk());  // 20
  EXPECT_THAT(error("C0"), FailsWith(ErrorCode::kInvalidArgument, "run 0 has -13 pixels, but 20 of [4, 5] are left"));
  EXPECT_THAT(error("5"),
              FailsWith(ErrorCode::kInvalidArgument, "the counts add up to 5 pixels, expected those of [4, 5], 20"));
  EXPECT_THAT(error("9999"), FailsWith(ErrorCode::kInvalidArgument, "run 2 has 9 pixels, but 2 of"));
  EXPECT_THAT(error("5 5"), FailsWith(ErrorCode::kInvalidArgument, "no number at character 1"));
  EXPECT_THAT(error("5d"), FailsWith(ErrorCode::kInvalidArgument, "no number at character 1"));  // more would follow
  EXPECT_THAT(error("PPPPPPPPPPPPPPPPPPPPPP0"), FailsWith(ErrorCode::kInvalidArgument, "no number at character 0"));
  EXPECT_THAT(error("0", -1, 4), FailsWith(ErrorCode::kInvalidArgument, "got [-1, 4]"));
  EXPECT_THAT(error("0", std::int64_t{1} << 40, std::int64_t{1} << 40),
              FailsWith(ErrorCode::kInvalidArgument, "at most"));
}

TEST(RunLengths, ThatDoNotAddUpAreFound) {
  const RunLengths wrong(3, 3, {4, 400});
  EXPECT_THAT(wrong.check(), FailsWith(ErrorCode::kInvalidArgument, "add up to 404 pixels"));
  EXPECT_THAT(wrong.to_tensor(), FailsWith(ErrorCode::kInvalidArgument, "add up to 404 pixels"));
  EXPECT_EQ(RunLengths(0, 0, {0, 9}).bounding_box(), (std::array<std::int64_t, 4>{0, 0, 0, 0}));
}

TEST(RunLengths, AreEmptyOnlyWhereThereIsNoMask) {
  EXPECT_TRUE(RunLengths().empty());
  EXPECT_TRUE(RunLengths().check());
  EXPECT_FALSE(mask_of({1, 2}, {0, 0}).empty());
}

TEST(RunLengths, CompareTheirPixels) {
  EXPECT_EQ(RunLengths(1, 4, {1, 2, 1}), RunLengths(1, 4, {1, 1, 0, 1, 1, 0}));
  EXPECT_NE(RunLengths(1, 4, {1, 2, 1}), RunLengths(4, 1, {1, 2, 1}));
  EXPECT_EQ(square().differing_pixels(square(3)), 60);
}

TEST(MasksCodec, ReadsWhatItWrites) {
  const Masks masks({mask_of({2, 3}, {1, 0, 1, 0, 1, 1}), mask_of({2, 3}, {0, 0, 0, 0, 0, 0})});
  const std::string json = test::json_of(codecs(), masks);
  EXPECT_EQ(json, R"({"masks":[{"size":[2,3],"counts":"0122"},{"size":[2,3],"counts":"6"}]})");
  EXPECT_EQ(test::json_of(codecs(), test::read_json<Masks>(codecs(), json).value()), json);
}

TEST(MasksCodec, SaysWhereJsonIsWrong) {
  const auto error = [](const char* json) { return test::read_json<Masks>(codecs(), json); };
  EXPECT_THAT(error(R"({"masks": [{"size": [2, 3], "counts": "1"}]})"),
              FailsWith(ErrorCode::kInvalidArgument, "in.masks[0]: run lengths: the counts add up to 1 pixels"));
  EXPECT_THAT(error(R"({"masks": [{"size": [2], "counts": "1"}]})"),
              FailsWith(ErrorCode::kInvalidArgument, "in.masks[0].size: expected [height, width], got 1 items"));
  EXPECT_THAT(error(R"({"masks": [{"counts": "1"}]})"),
              FailsWith(ErrorCode::kInvalidArgument, "in.masks[0].size: is required"));
}

TEST(MasksCodec, AreATensorAndBack) {
  const Masks masks({square(), square(3)});
  auto tensors = codecs().to_tensors(Payload::from(masks)).value();
  EXPECT_EQ(tensors[0].tensor.to_string(), "u8[2, 30, 40]");
  const auto again = codecs().from_tensors(PayloadType::of<Masks>(), std::move(tensors)).value();
  EXPECT_EQ(difference(masks, *again.get_if<Masks>()), "");
  EXPECT_THAT(
      codecs().to_tensors(Payload::from(Masks({square(), mask_of({1, 1}, {1})}))),
      FailsWith(ErrorCode::kInvalidArgument, "mask 0 is of 40x30 with 100 pixels, mask 1 of 1x1 with 1 pixels"));
  EXPECT_THAT(codecs().from_tensors(PayloadType::of<Masks>(), {{"", Tensor::zeros(DType::kF32, {1, 2, 2}).value()}}),
              FailsWith(ErrorCode::kInvalidArgument, "masks are u8[n, height, width], got f32[1, 2, 2]"));
}

TEST(MasksCodec, ComparesOutlinesWithinATolerance) {
  const Masks masks({square()}), moved({square(1)});  // 20 pixels differ, the outline is 40
  EXPECT_EQ(difference(masks, masks), "");
  EXPECT_THAT(difference(masks, moved),
              HasSubstr("masks[0]: 20 pixels differ from the mask of 40x30 with 100 pixels; none may"));
  EXPECT_EQ(difference(masks, moved, Tolerance::within(0.5, 0)), "");
  EXPECT_THAT(difference(masks, moved, Tolerance::within(0.45, 0)), HasSubstr("20 pixels differ"));
  EXPECT_THAT(difference(masks, moved, Tolerance::within(0.45, 0)), HasSubstr("; 18 may (atol 0.45"));
  EXPECT_EQ(difference(masks, moved, Tolerance::within(0, 0.5 / 40)), "");
  EXPECT_THAT(difference(masks, Masks({square(9)}), Tolerance::within(99, 0)), HasSubstr("; 25 may"))
      << "a quarter of the mask, whatever the tolerance";
  const Masks dot({mask_of({2, 2}, {0, 0, 0, 1})}), none({mask_of({2, 2}, {0, 0, 0, 0})});
  EXPECT_THAT(difference(dot, none, Tolerance::within(1, 1)), HasSubstr("none may"));
  EXPECT_THAT(difference(none, dot, Tolerance::within(1, 1)), HasSubstr("none may"));
  EXPECT_THAT(difference(masks, Masks()), HasSubstr("expected 1 masks, got 0"));
  EXPECT_THAT(difference(masks, Masks({mask_of({1, 1}, {1})}), Tolerance::within(99, 0)), HasSubstr("got 1x1"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
