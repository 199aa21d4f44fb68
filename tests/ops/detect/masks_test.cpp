// SPDX-License-Identifier: Apache-2.0
// Mask values from decoders through the ops on detections to masks of the picture. tests/parity compares with torch.
#include <gtest/gtest.h>
#include <gantry/detect.hpp>
#include <gantry/image.hpp>
#include <gantry/segmentation.hpp>
#include <string>
#include <utility>
#include <vector>

#include "ops/detect/heads.hpp"
#include "support/codec_text.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

using test::f32;
using test::FailsWith;
using test::i64;
using test::run;
using test::zeros;

/// As rows of '.' and '#'.
std::string picture_of(const RunLengths& mask) {
  std::string text;
  const Tensor pixels = mask.to_tensor().value();
  const auto values = pixels.values<std::uint8_t>().value();
  for (std::int64_t y = 0; y < mask.height(); ++y) {
    for (std::int64_t x = 0; x < mask.width(); ++x)
      text += values[static_cast<std::size_t>(y * mask.width() + x)] != 0 ? '#' : '.';
    text += '\n';
  }
  return text;
}

/// Two boxes, the second one better; masks of 2x2, the first all inside, the second its left half. Beyond 0.5 of what
/// is outside lies the outline, which rounds the corners off.
Tensors mask_head() {
  return {{"boxes", f32({2, 4}, {1, 1, 5, 4, 0, 0, 8, 6})},
          {"scores", f32({2}, {0.5f, 0.75f})},
          {"labels", i64({0, 1})},
          {"masks", f32({2, 2, 2}, {4, 4, 4, 4, 4, -4, 4, -4})}};
}
BoxHead with_masks() {
  BoxHead options;
  options.masks = "masks";
  return options;
}
/// Behind ops on a picture, in place of a detector.
template <class Ops>
auto found(const Ops& ops, const Tensors& head = mask_head(), const BoxHead& options = with_masks()) {
  return ops | image::to_tensor() | stage("find", [head](const Tensor&) { return head; }) | boxes(options);
}
Image picture(std::int64_t width, std::int64_t height) {
  return Image::make(width, height, Colour::kRgb).value();
}

TEST(BoxHeads, GiveMaskValuesToTheirBoxes) {
  const auto check = [](const Detections& found) {
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].index, 1);
    EXPECT_EQ(found[0].soft_mask.values().contiguous().value().values<float>().value()[1], -4);
    EXPECT_EQ(found[0].soft_mask.box(), (Box{0, 0, 8, 6}));
    EXPECT_EQ(found[1].soft_mask.values().to_string(), "f32[2, 2]");
    EXPECT_EQ(found[1].soft_mask.prototypes(), nullptr);
    EXPECT_EQ(found[1].soft_mask.frame(), nullptr);
  };
  check(run(boxes(with_masks()), mask_head()).value());
  Tensors with_channel = mask_head();
  with_channel[3].tensor = with_channel[3].tensor.reshape({2, 1, 2, 2}).value();
  check(run(boxes(with_masks()), with_channel).value());
  Tensors table = mask_head();
  table[1].tensor = f32({2, 2}, {0.5f, 0, 0, 0.75f});
  check(run(boxes(with_masks()), table).value());
}

TEST(BoxHeads, RefuseMasksThatDoNotFit) {
  Tensors head = mask_head();
  head[3].tensor = zeros({3, 2, 2});
  EXPECT_THAT(
      run(boxes(with_masks()), head),
      FailsWith(ErrorCode::kInvalidArgument, "tensor 'masks': expected f32[2, h, w] on the CPU, got f32[3, 2, 2]"));
  head[3].tensor = zeros({2, 2, 2, 2});
  EXPECT_THAT(run(boxes(with_masks()), head), FailsWith(ErrorCode::kInvalidArgument, "expected f32[2, 1, h, w]"));
  head[3].tensor = zeros({2, 0, 2});
  EXPECT_THAT(run(boxes(with_masks()), head), FailsWith(ErrorCode::kInvalidArgument, "got f32[2, 0, 2]"));
  EXPECT_THAT(run(boxes(with_masks()), Tensors{mask_head()[0], mask_head()[1], mask_head()[2]}),
              FailsWith(ErrorCode::kInvalidArgument, "tensor 'masks' is missing"));
}

TEST(SoftMask, GoesThroughTheOpsOnDetections) {
  const auto all = found(image::resize(8, 6)) | clip() | nms({}) | soft_nms({}) | filter({}) |
                   detect::label(Labels({"a", "b"})) | to_picture();
  const Detections detections = run(all, picture(16, 6)).value();
  ASSERT_EQ(detections.size(), 2U);
  for (const Detection& one : detections) {
    ASSERT_FALSE(one.soft_mask.empty());
    ASSERT_NE(one.soft_mask.frame(), nullptr);
    EXPECT_EQ(one.soft_mask.frame()->x, (FrameAxis{0.5, 0}));
    EXPECT_EQ(one.soft_mask.box(), one.index == 1 ? (Box{0, 0, 8, 6}) : (Box{1, 1, 5, 4}));
  }
}

TEST(SoftMask, RefusesTensorsThatAreNone) {
  EXPECT_THAT(SoftMask::over_box(zeros({2}), {}),
              FailsWith(ErrorCode::kInvalidArgument, "mask values over a box: expected f32[h, w]"));
  EXPECT_THAT(SoftMask::of_prototypes(zeros({2}), zeros({3, 4, 4}), 4, {}),
              FailsWith(ErrorCode::kInvalidArgument, "prototypes: expected f32[2, h, w] on the CPU, got f32[3, 4, 4]"));
  EXPECT_THAT(SoftMask::of_prototypes(zeros({2}), zeros({2, 4, 4}), 0, {}),
              FailsWith(ErrorCode::kInvalidArgument, "stride must be 1..65535, got 0"));
}

/// The pictures are torchvision's, which counts the pixel at the end of a box in.
TEST(PasteMasks, MakesMasksOfThePicture) {
  const auto all = found(image::resize(8, 6)) | paste_masks();
  const Detections detections = run(all, picture(8, 6)).value();
  EXPECT_EQ(picture_of(detections[0].mask), "####....\n####....\n####....\n####....\n####....\n####....\n");
  EXPECT_EQ(picture_of(detections[1].mask), "........\n.#####..\n#######.\n#######.\n.#####..\n........\n");
  EXPECT_TRUE(detections[0].soft_mask.empty());
}

TEST(PasteMasks, OfAMirroredOrTurnedPictureAreMirroredAndTurned) {
  const auto mirrored = run(found(image::resize(8, 6) | image::flip()) | paste_masks(), picture(8, 6)).value();
  EXPECT_EQ(picture_of(mirrored[0].mask), ".....###\n.....###\n.....###\n.....###\n.....###\n.....###\n");
  const auto turned = run(found(image::resize(6, 8) | image::rotate90(1)) | paste_masks(), picture(6, 8)).value();
  // Turned counterclockwise: what is at the left of the input is at the top of the picture.
  EXPECT_EQ(picture_of(turned[0].mask), "######\n######\n######\n######\n......\n......\n......\n......\n");
}

TEST(PasteMasks, AreTheSameBeforeAndBehindToPicture) {
  const auto ops = image::resize(8, 6) | image::flip();
  const auto before = run(found(ops) | paste_masks(), picture(31, 20)).value();
  const auto behind = run(found(ops) | to_picture() | paste_masks(), picture(31, 20)).value();
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(before[i].mask, behind[i].mask);
    EXPECT_EQ(before[i].box, behind[i].box);
    EXPECT_GT(before[i].mask.area(), 0);
  }
}

TEST(PasteMasks, OfAnInvalidBoxHaveNoPixel) {
  for (const float bad : {std::nanf(""), INFINITY, -INFINITY, 1e30f, -3e38f}) {
    Tensors head = mask_head();
    head[0].tensor = f32({2, 4}, {bad, 1, 5, 4, 0, 0, 8, bad});
    const auto detections = run(found(image::resize(8, 6), head) | paste_masks(), picture(8, 6)).value();
    for (const Detection& one : detections) {
      EXPECT_EQ(one.mask.area(), 0);
      EXPECT_TRUE(one.mask.check());
      EXPECT_EQ(one.mask.width(), 8);
    }
  }
}

TEST(PasteMasks, OfABoxFarLargerThanThePictureShowThePartWithin) {
  Tensors head = mask_head();
  head[0].tensor = f32({2, 4}, {-1e8f, -1e8f, 1e8f, 1e8f, -1e9f, -1e9f, 1e9f, 1e9f});
  const auto detections = run(found(image::resize(8, 6), head) | paste_masks(), picture(8, 6)).value();
  EXPECT_EQ(detections[1].mask.area(), 48);
}

TEST(PasteMasks, RefusesDetectionsWithoutMaskValues) {
  const Detections none({{0, "", 0.5f, {0, 0, 1, 1}, {}}});
  EXPECT_THAT(run(paste_masks(), none), FailsWith(ErrorCode::kInvalidArgument, "detection 0 has no mask values"));
  EXPECT_THAT(run(paste_masks(), Detections()),
              FailsWith(ErrorCode::kFailedPrecondition, "nobody knows which picture"));
  EXPECT_THAT(run(boxes(with_masks()) | paste_masks(), mask_head()),
              FailsWith(ErrorCode::kFailedPrecondition, "nobody knows which picture"));
  EXPECT_THAT(run(masks_of(), none),
              FailsWith(ErrorCode::kInvalidArgument, "detection 0 has no mask; detect.paste_masks"));
  Detections mixed = run(boxes(with_masks()), mask_head()).value();
  mixed[1].soft_mask = mixed[1].soft_mask.within(Frame::of(8, 6));
  EXPECT_THAT(run(paste_masks(), mixed),
              FailsWith(ErrorCode::kInvalidArgument, "detection 1 is in the picture's pixels"));
}

TEST(PasteMasks, RefusesMorePixelsThanItSays) {
  Detections many(std::vector<Detection>(200));
  for (Detection& one : many)
    one.soft_mask = SoftMask::over_box(f32({1, 1}, {1}), {0, 0, 6e4f, 6e4f}).value().within(Frame::of(60000, 60000));
  EXPECT_THAT(run(paste_masks(), many), FailsWith(ErrorCode::kResourceExhausted, "cover more than 4294967296 pixels"));
}

TEST(PasteMasks, EndsAtTheDeadline) {
  Detections many(std::vector<Detection>(1));
  for (Detection& one : many)
    one.soft_mask = SoftMask::over_box(f32({1, 1}, {1}), {0, 0, 6e4f, 6e4f}).value().within(Frame::of(60000, 60000));
  const auto pipeline = compile(paste_masks(), test::calling_thread()).value();
  RunOptions late;
  late.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  EXPECT_THAT(pipeline.run(many, late), FailsWith(ErrorCode::kDeadlineExceeded, ""));
}

/// Two anchors, 2 classes, 1 coefficient; a prototype of 2x2 that is positive on its left.
Tensors yolo_head() {
  return {{"output0", f32({7, 2}, {4, 4, 4, 4, 8, 4, 8, 4, 0.9f, 0, 0, 0.8f, 1, -1})},
          {"output1", f32({1, 2, 2}, {1, -1, 1, -1})}};
}

TEST(YoloSeg, MakesMasksOfPrototypes) {
  auto decode = stage("find", [](const Tensor&) { return yolo_head(); }) | yolov8_seg({});
  const auto all = image::resize(8, 8) | image::to_tensor() | decode | paste_masks();
  const Detections detections = run(all, picture(8, 8)).value();
  ASSERT_EQ(detections.size(), 2U);
  EXPECT_EQ(detections[0].index, 0);
  const std::string left = "####....\n";
  EXPECT_EQ(picture_of(detections[0].mask), left + left + left + left + left + left + left + left);
  // Of the second one, a box of 4x4 in the middle, one prototype is within: the last, which times its -1 is positive.
  EXPECT_EQ(detections[1].box, (Box{2, 2, 6, 6}));
  const std::string none = "........\n", right = "..######\n";
  EXPECT_EQ(picture_of(detections[1].mask), none + none + right + right + right + right + right + right);
  EXPECT_EQ(detections[1].soft_mask.empty(), true);
}

TEST(YoloSeg, RefusesHeadsThatDoNotFit) {
  Tensors head = yolo_head();
  head[1].tensor = zeros({5, 2, 2});
  EXPECT_THAT(run(yolov8_seg({}), head),
              FailsWith(ErrorCode::kInvalidArgument, "tensor 'output0': expected f32[4 + C + K, N]"));
  head[1].tensor = zeros({2, 2});
  EXPECT_THAT(run(yolov8_seg({}), head),
              FailsWith(ErrorCode::kInvalidArgument, "tensor 'output1': expected f32[K, H, W]"));
  Yolov8Seg options;
  options.stride = 0;
  EXPECT_THAT(run(yolov8_seg(options), yolo_head()), FailsWith(ErrorCode::kInvalidArgument, "stride must be 1..65535"));
}

TEST(DetectionsCodec, HasMasksWhereThereAreSome) {
  const auto& codecs = test::builtin_codecs();
  Detections found({{3, "", 0.5f, {1, 2, 3, 4}, {}}, {4, "", 0.25f, {0, 0, 1, 1}, {}}});
  found[0].mask = RunLengths(2, 3, {0, 1, 2, 3});
  found[1].mask = RunLengths(2, 3, {1, 5});
  const std::string json = test::json_of(codecs, found);
  EXPECT_EQ(json, R"({"detections":[{"index":3,"label":"","score":0.5,"box":[1.0,2.0,3.0,4.0],)"
                  R"("mask":{"size":[2,3],"counts":"0122"}},)"
                  R"({"index":4,"label":"","score":0.25,"box":[0.0,0.0,1.0,1.0],)"
                  R"("mask":{"size":[2,3],"counts":"15"}}]})");
  const Detections read = test::read_json<Detections>(codecs, json).value();
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(read[i].mask, found[i].mask);
  EXPECT_EQ(test::json_of(codecs, read), json);
  const Tensors tensors = codecs.to_tensors(Payload::from(found)).value();
  EXPECT_EQ(tensors.find("masks")->to_string(), "u8[2, 2, 3]");
  const auto pixels = tensors.find("masks")->values<std::uint8_t>().value();
  EXPECT_EQ(std::vector<int>(pixels.begin(), pixels.end()), (std::vector<int>{1, 0, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1}));
  EXPECT_THAT(
      test::read_json<Detections>(
          codecs,
          R"({"detections": [{"index": 3, "score": 1, "box": [1, 2, 3, 4], "mask": {"size": [1, 1], "counts": "9"}}]})"),
      FailsWith(ErrorCode::kInvalidArgument, "in.detections[0].mask: run lengths"));
  Detections other = found;
  other[0].mask = RunLengths(2, 3, {0, 1, 2, 2, 1});
  const auto difference = [&](const Tolerance& tolerance) {
    return codecs.difference(Payload::from(found), Payload::from(other), tolerance).value().value_or("");
  };
  EXPECT_THAT(difference({}), testing::HasSubstr("mask: 1 pixels differ"));
  EXPECT_EQ(difference(Tolerance::within(0.1, 0)), "");
}

TEST(Draw, BlendsMasksInTheColoursOfTheirClasses) {
  Detections found({{0, "", 0.5f, {}, {}}});
  found[0].mask = RunLengths(1, 3, {1, 2});
  const Image picture = test::image_of(3, 1, Colour::kRgb, {10, 20, 30, 10, 20, 30, 11, 20, 31});
  const auto drawn = [&](double alpha) {
    Draw options;
    options.mask_alpha = alpha;
    return test::bytes_of(draw(picture, found, options).value());
  };
  // Class 0 is 240, 60, 60.
  EXPECT_EQ(drawn(0.5), (std::vector<std::uint8_t>{10, 20, 30, 125, 40, 45, 125, 40, 45}));
  EXPECT_EQ(drawn(0), (std::vector<std::uint8_t>{10, 20, 30, 10, 20, 30, 11, 20, 31}));
  EXPECT_EQ(drawn(1), (std::vector<std::uint8_t>{10, 20, 30, 240, 60, 60, 240, 60, 60}));
  found[0].mask = RunLengths(3, 1, {1, 2});
  EXPECT_THAT(draw(picture, found),
              FailsWith(ErrorCode::kInvalidArgument, "the mask of detection 0 is 1x3, the picture 3x1"));
}

TEST(Draw, BlendsEveryPixelOfALargeMaskOnce) {
  const std::int64_t width = 200, height = 37;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width * height));
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = i * i % 7 < 3 ? 1 : 0;
  const Tensor plane = Tensor::from<std::uint8_t>(Span<const std::uint8_t>(pixels), {height, width}).value();
  Detections found({{0, "", 0.5f, {}, {}}});
  found[0].mask = RunLengths::of(plane).value();
  const Image gray = test::image_of(width, height, Colour::kGray, std::vector<std::uint8_t>(pixels.size(), 100));
  const auto drawn = test::bytes_of(draw(gray, found).value());
  for (std::size_t i = 0; i < pixels.size(); ++i) ASSERT_EQ(drawn[3 * i], pixels[i] != 0 ? 170 : 100) << i;
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detect
