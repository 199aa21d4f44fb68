// SPDX-License-Identifier: Apache-2.0
// detect.crop_quads where its answer is known without OpenCV; tests/parity/quad_parity.py has the rest.
#include <gtest/gtest.h>
#include <gantry/detect/crop_quads.hpp>

#include <algorithm>
#include <tuple>
#include <vector>

#include "ops/detect/quads/quad_fixtures.hpp"
#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detect::BadQuad;
using detect::crop_quad;
using test::bytes_of;
using test::counting_image;
using test::FailsWith;
using test::kNan;
using test::quads_of;
using test::run;
using test::upright;

Result<std::vector<Image>> crops(const Image& image, const Quads& quads, const detect::CropQuads& options = {}) {
  return run(detect::crop_quads(options), std::tuple(image, quads));
}

TEST(CropQuads, OfWholePixelsAreThePixels) {
  const Image image = counting_image(16, 8);
  const std::vector<Image> cut = crops(image, quads_of({upright(3, 2, 9, 6), upright(0, 0, 16, 8)})).value();
  ASSERT_EQ(cut.size(), 2u);
  EXPECT_EQ(bytes_of(cut[0]), bytes_of(image.crop(3, 2, 6, 4).value()));
  EXPECT_EQ(bytes_of(cut[1]), bytes_of(image));
}

TEST(CropQuads, ReadAlongTheFirstSide) {
  const Image image = counting_image(16, 8);
  Quad quad = upright(3, 1, 8, 5);
  std::rotate(quad.corners.begin(), quad.corners.begin() + 2, quad.corners.end());  // upside down
  const Image crop = crop_quad(image, quad).value();
  EXPECT_EQ(crop.width(), 5);
  EXPECT_EQ(crop.height(), 4);
  EXPECT_EQ(*crop.row(0), *(image.row(5) + 8));
}

TEST(CropQuads, TurnsHighOnesCounterclockwise) {
  const Image image = counting_image(16, 16);
  detect::CropQuads options;
  const Image turned = crop_quad(image, upright(2, 1, 6, 7), options).value();
  EXPECT_EQ(turned.width(), 6);
  EXPECT_EQ(turned.height(), 4);
  EXPECT_EQ(*turned.row(0), *(image.row(1) + 5)) << "the right column is the first row";
  options.turn_from = 0;
  EXPECT_EQ(crop_quad(image, upright(2, 1, 6, 7), options).value().width(), 4);
  options.turn_from = 1.51;
  EXPECT_EQ(crop_quad(image, upright(2, 1, 6, 7), options).value().width(), 4);
}

TEST(CropQuads, HaveTheSizeThatIsAskedFor) {
  detect::CropQuads options;
  options.width = 20;
  options.height = 10;
  const Image crop = crop_quad(counting_image(16, 16), upright(2, 2, 9, 7), options).value();
  EXPECT_EQ(crop.width(), 20);
  EXPECT_EQ(crop.height(), 10);
}

TEST(CropQuads, RepeatTheEdgeOutside) {
  const Image image = counting_image(4, 4);
  const Image crop = crop_quad(image, upright(-30, -20, -20, -15)).value();
  for (const std::uint8_t byte : bytes_of(crop)) EXPECT_EQ(byte, *image.row(0));
}

TEST(CropQuads, RefusesOrSkipsBadOnes) {
  const Image image = counting_image(16, 16);
  const Quad good = upright(1, 1, 9, 5);
  Quad concave = good, on_a_line = good, crossed = good, not_finite = good, far = good;
  concave.corners[2] = {3, 2};
  on_a_line.corners[1] = {5, 3};
  on_a_line.corners[0] = {1, 1}, on_a_line.corners[2] = {9, 5};
  std::swap(crossed.corners[1], crossed.corners[2]);
  not_finite.corners[3].x = kNan;
  far.corners[2] = {3e6f, 5};
  const Quad thin = upright(1, 1, 9, 1.5f), none = upright(3, 3, 3, 3);
  detect::CropQuads skip;
  skip.bad = BadQuad::kSkip;
  for (const Quad& bad : {concave, on_a_line, crossed, not_finite, far, thin, none}) {
    EXPECT_THAT(crops(image, quads_of({good, bad})), FailsWith(ErrorCode::kInvalidArgument, "quad 1: it "));
    EXPECT_EQ(crops(image, quads_of({bad, good, bad}), skip).value().size(), 1u);
    EXPECT_THAT(crop_quad(image, bad, skip), FailsWith(ErrorCode::kInvalidArgument, "the quad "));
  }
}

TEST(CropQuads, RefusesCropsThatAreTooLarge) {
  const Image image = counting_image(16, 16);
  EXPECT_THAT(crops(image, quads_of({upright(0, 0, 5000, 5000)})),
              FailsWith(ErrorCode::kResourceExhausted, "quad 0: its crop of 5000 x 5000 pixels"));
  EXPECT_THAT(crops(image, quads_of({upright(0, 0, 70000, 2)})),
              FailsWith(ErrorCode::kResourceExhausted, "a side above"));
  detect::CropQuads small;
  small.max_pixels = 32;
  EXPECT_EQ(crops(image, quads_of({upright(0, 0, 8, 4)}), small).value().size(), 1u);
  EXPECT_THAT(crops(image, quads_of({upright(0, 0, 8, 5)}), small), FailsWith(ErrorCode::kResourceExhausted, "32"));
}

/// Each is within max_pixels. What they need together is known before one is made.
TEST(CropQuads, RefusesMoreBytesTogetherThanAnImageMayHave) {
  const Image image = counting_image(16, 16);
  const std::vector<Quad> all(129, upright(0, 0, 4096, 4096));
  const auto refused = crops(image, quads_of(all));
  ASSERT_THAT(refused, FailsWith(ErrorCode::kResourceExhausted,
                                 "the crops up to that of quad 128 have more than 2147483648 bytes together"));
  EXPECT_EQ(refused.error().reason(), ErrorReason::kInputTooLarge);
}

TEST(CropQuads, RefusesOptionsOutsideTheirLimits) {
  const Image image = counting_image(16, 16);
  const auto refused = [&](auto change) {
    detect::CropQuads options;
    change(options);
    return crop_quad(image, upright(1, 1, 9, 5), options);
  };
  EXPECT_THAT(refused([](auto& o) { o.width = -1; }), FailsWith(ErrorCode::kInvalidArgument, "width must be"));
  EXPECT_THAT(refused([](auto& o) { o.height = 65536; }), FailsWith(ErrorCode::kInvalidArgument, "height must be"));
  EXPECT_THAT(refused([](auto& o) { o.turn_from = -1; }), FailsWith(ErrorCode::kInvalidArgument, "turn_from must be"));
  EXPECT_THAT(refused([](auto& o) { o.max_pixels = 0; }), FailsWith(ErrorCode::kInvalidArgument, "max_pixels must be"));
}

/// Quads are of the picture; the image is a half of it, mirrored.
TEST(CropQuads, FollowTheImagesFrame) {
  const Image image = counting_image(16, 8);
  const auto half = stage("half", [](const std::tuple<Image, Quads>& input, const CallContext& call) {
    Frame frame = Frame::of(32, 16);
    frame.x = frame.x.scaled(0.5).mirrored(16);
    frame.y = frame.y.scaled(0.5);
    call.set_frame(frame);
    return input;
  });
  const std::vector<Image> cut =
      run(half | detect::crop_quads({}), std::tuple(image, quads_of({upright(4, 4, 16, 12)}))).value();
  ASSERT_EQ(cut.size(), 1u);
  EXPECT_EQ(cut[0].width(), 6);
  EXPECT_EQ(cut[0].height(), 4);
  // Pixels lie at their indices, so the mirrored one begins at the index 14.
  EXPECT_EQ(*cut[0].row(0), *(image.row(2) + 14));
  EXPECT_EQ(*(cut[0].row(0) + 5), *(image.row(2) + 9));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
