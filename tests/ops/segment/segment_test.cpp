// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <cmath>
#include <gantry/image.hpp>
#include <gantry/segmentation.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::run;

Tensor logits(const Shape& shape, const std::vector<float>& values) {
  return Tensor::from<float>(Span<const float>(values), shape).value();
}

Tensor labels(const Shape& shape, const std::vector<std::int32_t>& values) {
  return Tensor::from<std::int32_t>(Span<const std::int32_t>(values), shape).value();
}

std::vector<std::int32_t> values_of(const Tensor& tensor) {
  const auto values = tensor.values<std::int32_t>().value();
  return {values.begin(), values.end()};
}

TEST(Segment, TakesTheFirstOfEqualLogits) {
  const auto result = run(segment(), logits({3, 1, 2}, {1, 5, 1, 5, 0, 6})).value();
  EXPECT_EQ(values_of(result), (std::vector<std::int32_t>{0, 2}));
}

TEST(Segment, TakesNanForTheLargest) {
  const auto result = run(segment(), logits({3, 1, 1}, {9, NAN, NAN})).value();
  EXPECT_EQ(values_of(result), (std::vector<std::int32_t>{1}));
}

TEST(Segment, LeavesInfinitiesWhereTheyAre) {
  std::vector<float> values(24, -INFINITY);  // the first class is ruled out everywhere
  for (std::size_t i = 12; i < 24; ++i) values[i] = 1;
  EXPECT_EQ(values_of(run(segment(), logits({2, 3, 4}, values)).value()), std::vector<std::int32_t>(12, 1));
  EXPECT_EQ(values_of(run(segment_binary({0.5, false}), logits({2, 2}, {0.5f, 0.6f, NAN, INFINITY})).value()),
            (std::vector<std::int32_t>{0, 1, 0, 1}));
}

TEST(Segment, RefusesMoreLabelsThanAnImageMayHave) {
  EXPECT_THAT(run(segment({65535, 65535}), logits({2, 1, 1}, {1, 2})),
              FailsWith(ErrorCode::kResourceExhausted, "labels of 65535x65535 pixels exceed the limit of 2147483648"));
}

TEST(Segment, BlendsBeforeItDecides) {
  // Between 0 and 10 on one side and 8 and 1 on the other, the second class leads left of where the lines cross.
  const auto result = run(segment({1, 4}), logits({2, 1, 2}, {0, 10, 8, 1})).value();
  EXPECT_EQ(values_of(result), (std::vector<std::int32_t>{1, 1, 0, 0}));
}

TEST(Segment, ReachesTheSizeOfTheModelsInput) {
  const Tensor two = logits({2, 1, 2}, {0, 10, 8, 1});
  for (const Shape& input : {Shape{3, 1, 4}, Shape{1, 4}}) {
    const std::vector<float> numbers(static_cast<std::size_t>(input.numel()));
    const Tensor found = run(segment_input(), std::tuple(logits(input, numbers), two)).value();
    EXPECT_EQ(found.shape(), Shape({1, 4}));
    EXPECT_EQ(values_of(found), (std::vector<std::int32_t>{1, 1, 0, 0}));
  }
  EXPECT_THAT(
      run(segment_input(), std::tuple(logits({2}, {1, 2}), two)),
      FailsWith(ErrorCode::kInvalidArgument, "takes the model's input, [.., height, width], beside its logits"));
  EXPECT_THAT(run(segment_input(), std::tuple(two, logits({2}, {1, 2}))),
              FailsWith(ErrorCode::kInvalidArgument, "takes logits as a contiguous f32[classes, height, width]"));
}

TEST(Segment, RefusesWhatIsNoLogits) {
  EXPECT_THAT(run(segment(), logits({2, 2}, {1, 2, 3, 4})),
              FailsWith(ErrorCode::kInvalidArgument,
                        "takes logits as a contiguous f32[classes, height, width], got f32[2, 2]"));
  EXPECT_THAT(run(segment(), labels({1, 1, 1}, {1})), FailsWith(ErrorCode::kInvalidArgument, "got i32[1, 1, 1]"));
  ASSERT_NE(segment({3, 0}).error(), nullptr);
  EXPECT_EQ(segment({3, 0}).error()->message(), "width must be 1..65535, got 0");
}

/// Behind ops on a picture, in place of a model.
template <class Ops>
auto labelled(const Ops& ops, const Tensor& given, const Segment& options) {
  return ops | image::to_tensor() | stage("model", [given](const Tensor&) { return given; }) | segment(options);
}
Image picture(std::int64_t width, std::int64_t height) {
  return Image::make(width, height, Colour::kRgb).value();
}
Segment of_picture(std::int64_t stride = 1) {
  return {0, 0, SegmentSize::kPicture, stride, -1};
}

TEST(Segment, CutsTheBorderOfALetterboxOff) {
  image::Letterbox square;
  square.width = square.height = 4;
  // A picture of 8x4 lies in the middle two rows; the borders are of class 2, and so would be what they are blended
  // with.
  const Tensor given = logits({3, 4, 4}, {0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0,  //
                                          0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0,  //
                                          9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9});
  const auto result = run(labelled(image::letterbox(square), given, of_picture()), picture(8, 4)).value();
  EXPECT_EQ(result.to_string(), "i32[4, 8]");
  const std::vector<std::int32_t> row{0, 0, 0, 0, 1, 1, 1, 1};
  std::vector<std::int32_t> rows;
  for (int y = 0; y < 4; ++y) rows.insert(rows.end(), row.begin(), row.end());
  EXPECT_EQ(values_of(result), rows);
}

TEST(Segment, MarksWhatACropLeftOut) {
  const Tensor given = logits({1, 2, 2}, {0, 0, 0, 0});
  const auto result =
      run(labelled(image::center_crop(2, 2), given, of_picture()), picture(4, 3)).value();  // a row is left out above
  EXPECT_EQ(values_of(result), (std::vector<std::int32_t>{-1, 0, 0, -1, -1, 0, 0, -1, -1, -1, -1, -1}));
  const auto strided = run(labelled(image::resize(8, 8), given, of_picture(4)), picture(2, 1)).value();
  EXPECT_EQ(values_of(strided), (std::vector<std::int32_t>{0, 0}));
}

TEST(Segment, TurnsBackWhatWasTurnedOrMirrored) {
  const Tensor given = logits({2, 1, 2}, {1, 0, 0, 1});  // class 0, then class 1
  EXPECT_EQ(values_of(run(labelled(image::resize(2, 1) | image::flip(), given, of_picture()), picture(2, 1)).value()),
            (std::vector<std::int32_t>{1, 0}));
  const auto turned =
      run(labelled(image::resize(1, 2) | image::rotate90(1), given, of_picture()), picture(1, 2)).value();
  EXPECT_EQ(turned.to_string(), "i32[2, 1]");
  EXPECT_EQ(values_of(turned), (std::vector<std::int32_t>{0, 1}));
}

TEST(Segment, RefusesAnUnknownPicture) {
  EXPECT_THAT(run(segment(of_picture()), logits({1, 1, 1}, {1})),
              FailsWith(ErrorCode::kFailedPrecondition, "nobody knows which picture"));
}

TEST(SegmentBinary, ComparesLogitsOrProbabilities) {
  const Tensor plane = logits({1, 4}, {-1, 0, 0.6f, 2});
  EXPECT_EQ(values_of(run(segment_binary(), plane).value()), (std::vector<std::int32_t>{0, 0, 1, 1}));
  EXPECT_EQ(values_of(run(segment_binary({0.25}), plane).value()), (std::vector<std::int32_t>{1, 1, 1, 1}));
  EXPECT_EQ(values_of(run(segment_binary({0.75}), plane).value()), (std::vector<std::int32_t>{0, 0, 0, 1}));
  EXPECT_EQ(values_of(run(segment_binary({0.55, false}), plane).value()), (std::vector<std::int32_t>{0, 0, 1, 1}));
  EXPECT_EQ(values_of(run(segment_binary(), logits({1, 1, 1}, {NAN})).value()), (std::vector<std::int32_t>{0}));
  EXPECT_THAT(run(segment_binary(), logits({2, 1, 2}, {1, 2, 3, 4})),
              FailsWith(ErrorCode::kInvalidArgument, "f32[height, width] or f32[1, height, width], got f32[2, 1, 2]"));
}

TEST(LabelMasks, AreOfTheClassesThatAreThereOrAskedFor) {
  const Tensor given = labels({2, 3}, {7, -1, 7, 2, 7, 7});
  const auto text = [](const Masks& masks) {
    std::string all;
    for (const RunLengths& mask : masks) all += std::to_string(mask.area()) + ":" + mask.to_string() + " ";
    return all;
  };
  EXPECT_EQ(text(run(label_masks(), given).value()), "1:114 4:0122 ");
  EXPECT_EQ(text(run(label_masks({7, 5, 7}), given).value()), "4:0122 0:6 4:0122 ");
  EXPECT_EQ(text(run(label_masks(), Tensor::zeros(DType::kI32, {0, 3}).value()).value()), "");
  EXPECT_THAT(run(label_masks(), logits({1, 1}, {1})),
              FailsWith(ErrorCode::kInvalidArgument, "takes labels as i32[height, width]"));
}

TEST(LabelImage, IsOfNumbersOrColours) {
  const Tensor given = labels({1, 3}, {0, 255, 7});
  EXPECT_EQ(test::bytes_of(run(label_image(), given).value()), (std::vector<std::uint8_t>{0, 255, 7}));
  const auto colours = test::bytes_of(run(label_image(LabelColours::kPalette), labels({1, 3}, {0, 1, -1})).value());
  EXPECT_EQ(colours, (std::vector<std::uint8_t>{0, 0, 0, 30, 205, 60, 0, 0, 0}));
  EXPECT_THAT(run(label_image(), labels({2, 2}, {0, 1, 2, -1})),
              FailsWith(ErrorCode::kInvalidArgument, "label -1 at x=1, y=1 is no gray value"));
}

TEST(Overlay, BlendsAllButTheBackground) {
  const Image gray = test::image_of(3, 1, Colour::kGray, {11, 11, 11});
  const auto result = run(overlay(), std::tuple(gray, labels({1, 3}, {0, 1, -1}))).value();
  EXPECT_EQ(test::bytes_of(result), (std::vector<std::uint8_t>{11, 11, 11, 20, 108, 35, 11, 11, 11}));
  const auto all = run(overlay({1, -1}), std::tuple(gray, labels({1, 3}, {0, 1, -1}))).value();
  EXPECT_EQ(test::bytes_of(all), (std::vector<std::uint8_t>{240, 60, 60, 30, 205, 60, 11, 11, 11}));
  EXPECT_THAT(run(overlay(), std::tuple(gray, labels({3, 1}, {0, 1, 2}))),
              FailsWith(ErrorCode::kInvalidArgument, "labels are i32[3, 1], the image is 3x1"));
}

TEST(RunLengths, CountColumnByColumn) {
  const auto runs = run_lengths(labels({2, 3}, {7, 0, 7,  //
                                                0, 7, 7}),
                                7)
                        .value();
  EXPECT_EQ(runs.counts(), (std::vector<std::uint32_t>{0, 1, 2, 3}));
  EXPECT_EQ(runs.area(), 4);
  EXPECT_EQ(runs.bounding_box(), (std::array<std::int64_t, 4>{0, 0, 3, 2}));
}

TEST(RunLengths, OfALabelThatIsNotThere) {
  const auto runs = run_lengths(labels({2, 2}, {1, 1, 1, 1}), 0).value();
  EXPECT_EQ(runs.counts(), (std::vector<std::uint32_t>{4}));
  EXPECT_EQ(runs.area(), 0);
  EXPECT_EQ(runs.bounding_box(), (std::array<std::int64_t, 4>{0, 0, 0, 0}));
}

TEST(RunLengths, RefuseOtherTensors) {
  EXPECT_THAT(run_lengths(logits({1, 1}, {1}), 0), FailsWith(ErrorCode::kInvalidArgument, "got f32[1, 1]"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
