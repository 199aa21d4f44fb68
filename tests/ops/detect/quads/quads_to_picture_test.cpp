// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <gantry/detect/quads.hpp>

#include <cmath>

#include "ops/detect/quads/quad_fixtures.hpp"
#include "ops/run_stage.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detect::quads_to_picture;
using detect::QuadsToPicture;
using test::FailsWith;
using test::kNan;
using test::quads_of;
using test::run;
using test::upright;

Result<Quads> behind(const Frame& frame, const Quads& quads, const QuadsToPicture& options = {}) {
  auto detector = stage("detector", [frame, quads](const Tensor&, const CallContext& call) {
    call.set_frame(frame);
    return quads;
  });
  return run(detector | quads_to_picture(options), Tensor());
}

/// 100 x 50 pixels, shrunk by 2 and moved 10 to the right.
Frame letterboxed() {
  Frame frame = Frame::of(100, 50);
  frame.x = {0.5, 10};
  frame.y = {0.5, 0};
  return frame;
}

TEST(QuadsToPicture, UndoesWhatWasDoneToThePicture) {
  const Quad quad = {{{{20, 5}, {35, 6}, {34, 15}, {19, 14}}}};
  const Quads there = behind(letterboxed(), quads_of({quad})).value();
  EXPECT_EQ(there[0].quad, (Quad{{{{20, 10}, {50, 12}, {48, 30}, {18, 28}}}}));
  EXPECT_EQ(there[0].score, 0.5f);
}

TEST(QuadsToPicture, CutsCornersOffUnlessTold) {
  const Quads here = quads_of({upright(0, -5, 100, 30)});
  EXPECT_EQ(behind(letterboxed(), here).value()[0].quad, upright(0, 0, 100, 50));
  EXPECT_EQ(behind(letterboxed(), here, {false, false, 0}).value()[0].quad, upright(-20, -10, 180, 60));
}

TEST(QuadsToPicture, RoundsHalvesToEvenOnes) {
  const Quads here = quads_of({upright(10.25f, 0.75f, 20.1f, 9.2f)});
  EXPECT_EQ(behind(letterboxed(), here, {true, true, 0}).value()[0].quad, upright(0, 2, 20, 18));
}

TEST(QuadsToPicture, FollowsMirroredAndTurnedPictures) {
  Frame mirrored = Frame::of(100, 50);
  mirrored.x = FrameAxis{}.mirrored(100);
  const Quads here = quads_of({upright(10, 20, 30, 25)});
  EXPECT_EQ(behind(mirrored, here).value()[0].quad, (Quad{{{{90, 20}, {70, 20}, {70, 25}, {90, 25}}}}));
  Frame turned = Frame::of(100, 50);
  turned.is_turned = true;
  EXPECT_EQ(behind(turned, here).value()[0].quad, (Quad{{{{20, 10}, {20, 30}, {25, 30}, {25, 10}}}}));
}

TEST(QuadsToPicture, DropsWhatIsTooSmallThere) {
  const Quads here = quads_of({upright(20, 5, 22, 15), upright(20, 5, 40, 7), upright(20, 5, 40, 15)});
  EXPECT_EQ(behind(letterboxed(), here, {false, true, 4}).value().size(), 3u);
  EXPECT_EQ(behind(letterboxed(), here, {false, true, 4.5}).value().size(), 1u);
  EXPECT_TRUE(behind(letterboxed(), quads_of({upright(-50, 5, -40, 15)}), {false, true, 1}).value().empty());
}

TEST(QuadsToPicture, KeepsNaN) {
  const Quad quad = behind(letterboxed(), quads_of({upright(kNan, 5, 22, 15)})).value()[0].quad;
  EXPECT_TRUE(std::isnan(quad.corners[0].x));
}

TEST(QuadsToPicture, RefusesWhatItCannotDo) {
  EXPECT_THAT(run(quads_to_picture({}), quads_of({upright(0, 0, 1, 1)})),
              FailsWith(ErrorCode::kFailedPrecondition, "nobody knows which picture"));
  EXPECT_THAT(behind(letterboxed(), Quads(), {false, true, -1}),
              FailsWith(ErrorCode::kInvalidArgument, "min_side must be 0 or more"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
