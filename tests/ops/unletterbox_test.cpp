// SPDX-License-Identifier: Apache-2.0
// Boxes back in the picture's own pixels, through whatever happened to it; the arithmetic is compared with ultralytics'
// and torchvision's in tests/parity.
#include <gtest/gtest.h>

#include <cmath>
#include <gantry/image.hpp>
#include <gantry/named_tensors.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/tensor_ops.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jpeg/jpeg_writer.hpp"
#include "run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::image {
namespace {

using test::calling_thread;
using test::FailsWith;
using Box = std::vector<float>;

Image picture(std::int64_t width, std::int64_t height) {
  return Image::make(width, height, Colour::kRgb).value();
}

/// In place of a model: finds these boxes in whatever it is given.
auto find(const Box& boxes, std::int64_t columns = 4) {
  return stage("find", [boxes, columns](const Tensor&) {
    return Tensor::from<float>(Span<const float>(boxes), {static_cast<std::int64_t>(boxes.size()) / columns, columns});
  });
}
Box values_of(const Tensor& tensor) {
  const auto values = tensor.values<float>().value();
  return {values.begin(), values.end()};
}

/// The boxes that are found on what `ops` make of the picture, fused and one by one.
template <class In>
Box back(const In& input, const Stage<In, Image>& ops, const Box& boxes, const Unletterbox& options = {}) {
  const auto chain = ops | to_tensor() | find(boxes) | unletterbox(options);
  Box seen[2];
  for (const bool fuse : {false, true}) {
    CompileOptions how(calling_thread());
    how.fuse = fuse;
    seen[fuse] = values_of(compile(chain, how).value().run(input).value());
  }
  EXPECT_EQ(seen[0], seen[1]) << "fused";
  return seen[1];
}

TEST(Unletterbox, TakesTheBorderOffAndScalesBack) {
  // 1920x1080 on 640x640: a third of the size, 140 rows of border above.
  const Image image = picture(1920, 1080);
  EXPECT_EQ(back(image, letterbox(), {0, 140, 640, 500}), (Box{0, 0, 1920, 1080}));
  EXPECT_EQ(back(image, letterbox(), {100, 150, 200, 250}), (Box{300, 30, 600, 330}));
}

TEST(Unletterbox, ClipsToThePictureUnlessItIsNotTo) {
  const Image image = picture(1920, 1080);
  EXPECT_EQ(back(image, letterbox(), {-5, 0, 700, 640}), (Box{0, 0, 1920, 1080}));
  EXPECT_EQ(back(image, letterbox(), {-5, 130, 700, 640}, {false}), (Box{-15, -30, 2100, 1500}));
}

TEST(Unletterbox, RoundsAHalfPixelOfBorderDown) {
  // 3x2 on 6x5: twice the size, one row is left over.
  Letterbox options;
  options.width = 6;
  options.height = 5;
  EXPECT_EQ(back(picture(3, 2), letterbox(options), {0, 0, 6, 4}), (Box{0, 0, 3, 2}));
}

TEST(Unletterbox, LeavesSmallImagesTheirSizeIfTheyWereNotScaledUp) {
  Letterbox options;
  options.scale_up = false;
  EXPECT_EQ(back(picture(20, 10), letterbox(options), {310, 315, 330, 325}), (Box{0, 0, 20, 10}));
}

TEST(Unletterbox, KeepsNanAndFurtherColumns) {
  const auto nan = letterbox() | to_tensor() | find({NAN, 0, 0, 0}) | unletterbox();
  EXPECT_TRUE(std::isnan(values_of(test::run(nan, picture(10, 10)).value())[0]));
  const auto chain = resize(20, 20) | to_tensor() | find({2, 2, 4, 4, 0.5f, 7}, 6) | unletterbox();
  EXPECT_EQ(values_of(test::run(chain, picture(10, 10)).value()), (Box{1, 1, 2, 2, 0.5f, 7}));
}

TEST(Unletterbox, OfNoBoxesIsNone) {
  const auto chain = resize(20, 20) | to_tensor() | find({}) | unletterbox();
  EXPECT_EQ(test::run(chain, picture(10, 10)).value().shape(), (Shape{0, 4}));
}

TEST(Unletterbox, LeavesItsInputAsItIs) {
  const Tensor boxes = Tensor::from<float>(Span<const float>(Box{2, 2, 4, 4}), {1, 4}).value();
  const auto chain = resize(20, 20) | to_tensor() | stage("find", [boxes](const Tensor&) { return boxes; });
  EXPECT_EQ(values_of(test::run(chain | unletterbox(), picture(10, 10)).value()), (Box{1, 1, 2, 2}));
  EXPECT_EQ(values_of(boxes), (Box{2, 2, 4, 4}));
}

TEST(Unletterbox, GoesBackThroughEveryGeometricOp) {
  const Image image = picture(80, 40);
  EXPECT_EQ(back(image, resize(160, 20), {16, 2, 32, 4}), (Box{8, 4, 16, 8}));
  EXPECT_EQ(back(image, resize_short(20), {1, 2, 3, 4}), (Box{2, 4, 6, 8}));
  EXPECT_EQ(back(image, resize_long(20), {1, 2, 3, 4}), (Box{4, 8, 12, 16}));
  EXPECT_EQ(back(image, center_crop(40), {0, 1, 2, 3}), (Box{20, 1, 22, 3}));
  EXPECT_EQ(back(image, crop(5, 6, 10, 10), {0, 1, 2, 3}), (Box{5, 7, 7, 9}));
  Pad border;
  border.left = 3;
  border.top = 4;
  EXPECT_EQ(back(image, pad(border), {4, 5, 6, 7}), (Box{1, 1, 3, 3}));
  border.mode = PadMode::kReflect;
  EXPECT_EQ(back(image, pad(border), {4, 5, 6, 7}), (Box{1, 1, 3, 3}));
  PadTo square;
  square.square = true;
  EXPECT_EQ(back(image, pad_to(square), {4, 25, 6, 27}), (Box{4, 5, 6, 7}));
  EXPECT_EQ(back(image, flip(), {0, 1, 2, 3}), (Box{78, 1, 80, 3}));
  EXPECT_EQ(back(image, flip(FlipAxis::kVertical), {0, 1, 2, 3}), (Box{0, 37, 2, 39}));
}

TEST(Unletterbox, GoesBackThroughInterpolatedTensors) {
  Interpolate to;
  to.width = 160;
  to.height = 20;
  const auto chain = to_tensor() | interpolate(to) | find({16, 2, 32, 4}) | unletterbox();
  EXPECT_EQ(values_of(test::run(chain, picture(80, 40)).value()), (Box{8, 4, 16, 8}));
}

TEST(Unletterbox, GoesBackThroughOnesInARow) {
  const auto ops = resize(40, 40) | crop(4, 8, 20, 20) | flip() | resize(10, 10) | center_crop(20);
  // Mirrored in 20 pixels and halved, with a border of 5: x0 = 5 is x = 20 of the crop, which is 24 of 40, 48 of 80.
  EXPECT_EQ(back(picture(80, 40), ops, {5, 5, 15, 15}), (Box{8, 8, 48, 28}));
}

TEST(Unletterbox, GoesBackThroughBoxesAndReducedImages) {
  Resize part;
  part.width = part.height = 10;
  part.box = image::Box{20, 10, 40, 30};
  EXPECT_EQ(back(picture(80, 40), resize(part), {0, 0, 5, 5}), (Box{20, 10, 30, 20}));
  part.width = part.height = 4;
  part.reducing_gap = 1;  // by blocks of 5, which the box is a part of
  EXPECT_EQ(back(picture(80, 40), resize(part), {0, 0, 2, 2}), (Box{20, 10, 30, 20}));
  Thumbnail small;
  small.width = small.height = 8;
  EXPECT_EQ(back(picture(800, 400), thumbnail(small), {0, 0, 2, 2}), (Box{0, 0, 200, 200}));
}

TEST(Unletterbox, GoesBackThroughQuarterTurns) {
  // Of 80x40, counterclockwise: what was at the right is at the top.
  const Box found = {1, 2, 3, 5};
  EXPECT_EQ(back(picture(80, 40), rotate90(1) | crop(0, 0, 40, 80), found), (Box{75, 1, 78, 3}));
  EXPECT_EQ(back(picture(80, 40), rotate90(2) | crop(0, 0, 80, 40), found), (Box{77, 35, 79, 38}));
  EXPECT_EQ(back(picture(80, 40), rotate90(3) | crop(0, 0, 40, 80), found), (Box{2, 37, 5, 39}));
  EXPECT_EQ(back(picture(80, 40), rotate90(1) | rotate90(3) | crop(0, 0, 80, 40), found), found);
}

TEST(Unletterbox, KnowsThePictureFromDecode) {
  test::JpegFile file;
  file.width = 64;
  file.height = 32;
  const Bytes jpeg(file.bytes());
  EXPECT_EQ(back(jpeg, decode() | resize(32, 32), {1, 1, 2, 2}), (Box{2, 1, 4, 2}));
  Decode small;
  small.approx_size = 8;  // a quarter of the size
  EXPECT_EQ(back(jpeg, decode(small) | crop(0, 0, 16, 8), {1, 1, 2, 2}), (Box{4, 4, 8, 8}));
  EXPECT_EQ(back(jpeg, decode(small) | crop(0, 0, 16, 8), {0, 0, 100, 100}), (Box{0, 0, 64, 32}));
}

TEST(Unletterbox, RefusesBoxesOfAnUnknownPicture) {
  EXPECT_THAT(test::run(unletterbox(), Tensor::zeros(DType::kF32, {1, 4}).value()),
              FailsWith(ErrorCode::kFailedPrecondition, "nobody knows which picture the boxes are of"));
}

TEST(Unletterbox, RefusesWhatIsNoBoxes) {
  for (const auto& [dtype, shape] :
       {std::pair<DType, Shape>{DType::kF32, {4}}, std::pair<DType, Shape>{DType::kF32, {2, 3}},
        std::pair<DType, Shape>{DType::kF32, {1, 2, 4}}, std::pair<DType, Shape>{DType::kF64, {1, 4}}}) {
    const Tensor other = Tensor::zeros(dtype, shape).value();
    const auto chain = to_tensor() | stage("find", [other](const Tensor&) { return other; }) | unletterbox();
    EXPECT_THAT(test::run(chain, picture(4, 4)),
                FailsWith(ErrorCode::kInvalidArgument, "takes boxes as f32[N, 4] (x0, y0, x1, y1)"));
  }
}

/// What a chain's end sees of its beginning.
std::optional<Frame> frame_after(const Stage<Image, Image>& ops, const Image& image) {
  const auto look = stage("look", [](const Image&, const CallContext& call) {
    return std::vector<Frame>(call.frame() ? 1 : 0, call.frame() ? *call.frame() : Frame());
  });
  const auto seen = test::run(ops | look, image).value();
  return seen.empty() ? std::nullopt : std::optional<Frame>(seen[0]);
}

TEST(ImageFrame, OfAWarpedImageIsItsOwn) {
  Affine turn;
  turn.angle = 10;
  EXPECT_EQ(frame_after(resize(20, 10) | affine(turn), picture(80, 40)), std::nullopt);
  const Frame after = frame_after(resize(20, 10) | affine(turn) | flip(), picture(80, 40)).value();
  EXPECT_EQ(after.width, 20);
  EXPECT_EQ(after.height, 10);
}

TEST(ImageFrame, PassesOpsOnColours) {
  const Frame after = frame_after(resize(20, 10) | to_gray() | to_rgb(), picture(80, 40)).value();
  EXPECT_EQ(after.width, 80);
  EXPECT_EQ(after.x.gain, 0.25);
}

TEST(ImageFrame, OfFiveCropsIsWhereTheyLie) {
  const auto left = stage("left", [](const Image&, const CallContext& call) {
    return std::vector<double>{call.frame()->x.back(0), call.frame()->y.back(0)};
  });
  const auto crops = test::run(resize(40, 20) | five_crop(10) | each(left), picture(80, 40)).value();
  EXPECT_EQ(crops, (std::vector<std::vector<double>>{{0, 0}, {60, 0}, {0, 20}, {60, 20}, {30, 10}}));
}

/// A host's op that cuts each box out: the crop's own detector finds a box, which goes back to the picture.
TEST(ImageFrame, OfACropPerBoxGoesBackToThePicture) {
  const auto cut = stage("cut", [](const Image& image, const CallContext& call) {
    std::vector<Image> crops;
    std::vector<std::optional<Frame>> frames;
    for (const std::int64_t at : {0, 10}) {
      crops.push_back(image.crop(at, at, 10, 10).value());
      frames.push_back(call.frame()->cropped(static_cast<double>(at), static_cast<double>(at)));
    }
    call.set_element_frames(std::move(frames));
    return crops;
  });
  const auto inner = resize(20, 20) | to_tensor() | find({2, 2, 4, 4}) | unletterbox();
  const auto boxes = test::run(resize(40, 20) | cut | each(inner), picture(80, 40)).value();
  EXPECT_EQ(values_of(boxes[0]), (Box{2, 2, 4, 4}));
  EXPECT_EQ(values_of(boxes[1]), (Box{22, 22, 24, 24}));
}

/// Corners of the boxes that are found at the origin of each crop; as in tests/pack/frames_test.py.
TEST(ImageFrame, OfCropsIsTheSameInOneEachAsInTwo) {
  const auto crops = resize(40, 20) | five_crop(10);
  const auto found = to_tensor() | find({0, 0, 1, 1});
  const std::vector<Box> expected = {{0, 0, 2, 2}, {60, 0, 62, 2}, {0, 20, 2, 22}, {60, 20, 62, 22}, {30, 10, 32, 12}};
  const auto corners = [](const std::vector<Tensor>& tensors) {
    std::vector<Box> boxes;
    for (const Tensor& tensor : tensors) boxes.push_back(values_of(tensor));
    return boxes;
  };
  EXPECT_EQ(corners(test::run(crops | each(found | unletterbox()), picture(80, 40)).value()), expected);
  EXPECT_EQ(corners(test::run(crops | each(found) | each(unletterbox()), picture(80, 40)).value()), expected);
  const auto first = stage("first", [](const std::vector<Tensor>& all) { return all[0]; });
  EXPECT_THAT(test::run(crops | each(found) | first | unletterbox(), picture(80, 40)),
              FailsWith(ErrorCode::kFailedPrecondition, "nobody knows which picture"));
  const auto turned = stage("turned", [](std::vector<Tensor> all) {
    std::swap(all.front(), all.back());
    return all;
  });
  EXPECT_THAT(test::run(crops | each(found) | turned | each(unletterbox()), picture(80, 40)),
              FailsWith(ErrorCode::kFailedPrecondition, "nobody knows which picture"));
}

TEST(ImageFrame, OfABranchGoesWithItsTensor) {
  const auto found = to_tensor() | find({0, 0, 1, 1});
  const auto flipped = resize(40, 20) | fork(flip() | found, found) | bundle("flipped", "plain");
  const auto first = stage("first", [](const Tensors& all) { return all[0].tensor; });
  EXPECT_EQ(values_of(test::run(flipped | select("flipped") | unletterbox(), picture(80, 40)).value()),
            (Box{78, 0, 80, 2}));
  EXPECT_EQ(values_of(test::run(flipped | select("plain") | unletterbox(), picture(80, 40)).value()),
            (Box{0, 0, 2, 2}));
  EXPECT_THAT(test::run(flipped | first | unletterbox(), picture(80, 40)),
              FailsWith(ErrorCode::kFailedPrecondition, "nobody knows which picture"));
  const auto prompt = stage("prompt", [](const Image&, const CallContext& call) {
    call.clear_frame();
    return Tensor::zeros(DType::kF32, {2}).value();
  });
  const auto prompted = resize(40, 20) | fork(prompt, flip() | found) | bundle("prompt", "image");
  const auto second = stage("second", [](const Tensors& all) { return all[1].tensor; });
  EXPECT_EQ(values_of(test::run(prompted | second | unletterbox(), picture(80, 40)).value()), (Box{78, 0, 80, 2}))
      << "the one picture among them";
  const auto plain = resize(40, 20) | to_tensor() | fork(find({0, 0, 1, 1}), find({1, 1, 2, 2})) | bundle("a", "b");
  EXPECT_EQ(values_of(test::run(plain | first | unletterbox(), picture(80, 40)).value()), (Box{0, 0, 2, 2}));
}

/// An EXIF segment in front of the file's own.
Bytes with_orientation(std::vector<std::uint8_t> jpeg, std::uint8_t orientation) {
  const std::vector<std::uint8_t> segment = {
      0xFF, 0xE1, 0,    34,   'E', 'x', 'i', 'f', 0, 0, 'I',         'I', 42, 0, 8, 0, 0, 0,  // one entry
      1,    0,    0x12, 0x01, 3,   0,   1,   0,   0, 0, orientation, 0,   0,  0, 0, 0, 0, 0};
  jpeg.insert(jpeg.begin() + 2, segment.begin(), segment.end());
  return Bytes(std::move(jpeg));
}

TEST(ImageFrame, OfAFileSaysHowItWasTurned) {
  const auto look = stage("look", [](const Image&, const CallContext& call) { return *call.frame(); });
  Decode upright;
  upright.exif_orientation = true;
  test::JpegFile file;
  file.width = 64;
  file.height = 32;
  const Frame stored = test::run(decode(upright) | look, Bytes(file.bytes())).value();
  EXPECT_EQ(stored.orientation, 1);
  EXPECT_EQ(stored.width, 64);
  for (const bool fuse : {false, true}) {
    CompileOptions how(calling_thread());
    how.fuse = fuse;
    const auto pipeline = compile(decode(upright) | flip() | flip() | look, how).value();
    const Frame turned = pipeline.run(with_orientation(file.bytes(), 6)).value();
    EXPECT_EQ(turned.orientation, 6);
    EXPECT_EQ(turned.width, 32) << "upright";
    EXPECT_EQ(turned.height, 64);
    EXPECT_EQ(turned.x.gain, 1);
  }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::image
