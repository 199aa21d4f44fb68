// SPDX-License-Identifier: Apache-2.0
// The frame beside a sample: who sees it, through everything that a chain is made of.
#include <gtest/gtest.h>
#include <gantry/frame.hpp>

#include <gantry/pipeline.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry {
namespace {

using test::FailsWith;
using test::FakeScript;
using test::make_fake_model;
using test::make_runtime;
using test::row;

/// "640x480 x*2+3", or "none".
std::string text_of(const Frame* frame) {
  if (frame == nullptr) return "none";
  const auto number = [](double value) { return std::to_string(static_cast<int>(value)); };
  return number(static_cast<double>(frame->width)) + "x" + number(static_cast<double>(frame->height)) + " x*" +
         number(frame->x.gain) + "+" + number(frame->x.offset);
}

class FrameTest : public ::testing::TestWithParam<Execution> {
 protected:
  template <class In, class Out>
  Result<Out> run(const Stage<In, Out>& chain, In input) const {
    return compile(chain, runtime_).value().run(std::move(input));
  }
  Runtime runtime_ = make_runtime(2, GetParam());
};

INSTANTIATE_TEST_SUITE_P(Executions, FrameTest, ::testing::Values(Execution::kPooled, Execution::kCaller),
                         [](const auto& execution) {
                           return execution.param == Execution::kPooled ? "Pooled" : "Caller";
                         });

/// A picture of `width` pixels.
auto begin_frame() {
  return stage("begin", [](int width, const CallContext& call) {
    call.set_frame(Frame::of(width, 10));
    return width;
  });
}
template <class T>
auto look() {
  return stage("look", [](const T&, const CallContext& call) { return text_of(call.frame()); });
}
auto pass() {
  return stage("pass", [](int x) { return x; });
}

TEST_P(FrameTest, IsUnknownAtFirst) {
  EXPECT_EQ(run(look<int>(), 5).value(), "none");
}

TEST_P(FrameTest, PassesStagesThatKnowNothingOfIt) {
  EXPECT_EQ(run(begin_frame() | pass() | tap<int>("tap", [](const int&) {}) | look<int>(), 5).value(), "5x10 x*1+0");
}

TEST_P(FrameTest, IsEachSamplesOwn) {
  const auto pipeline = compile(begin_frame() | pass() | look<int>(), runtime_).value();
  const auto seen = pipeline.run_batch(std::vector<int>{1, 2, 3});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)].value(), std::to_string(i + 1) + "x10 x*1+0");
}

TEST_P(FrameTest, IsMovedAndEnded) {
  const auto move = stage("move", [](int x, const CallContext& call) {
    Frame frame = *call.frame();
    frame.x = frame.x.scaled(2).shifted(3);
    call.set_frame(frame);
    return x;
  });
  const auto end = stage("end", [](int x, const CallContext& call) {
    call.clear_frame();
    return x;
  });
  EXPECT_EQ(run(begin_frame() | move | look<int>(), 5).value(), "5x10 x*2+3");
  EXPECT_EQ(run(begin_frame() | move | end | look<int>(), 5).value(), "none");
}

TEST_P(FrameTest, PassesAModel) {
  const Model model = make_fake_model(std::make_shared<FakeScript>(), runtime_);
  const auto to_row = stage("row", [](int x) { return row({static_cast<float>(x), 0}); });
  const auto pipeline = compile(begin_frame() | to_row | model.stage() | look<Tensor>(), runtime_).value();
  const auto seen = pipeline.run_batch(std::vector<int>{7, 8, 9});
  EXPECT_EQ(seen[0].value(), "7x10 x*1+0");
  EXPECT_EQ(seen[2].value(), "9x10 x*1+0");
}

TEST_P(FrameTest, GoesIntoEachElementAndStaysWithTheList) {
  const auto list = stage("list", [](int x) { return std::vector<int>{x, x}; });
  const auto both = begin_frame() | list | each(pass() | look<int>()) |
                    stage("join", [](const std::vector<std::string>& seen, const CallContext& call) {
                      return seen[0] + ", " + seen[1] + ", " + text_of(call.frame());
                    });
  EXPECT_EQ(run(both, 5).value(), "5x10 x*1+0, 5x10 x*1+0, 5x10 x*1+0");
}

/// A crop for each box: one that lies in the picture, and one that is a picture of its own.
TEST_P(FrameTest, OfElementsIsWhatTheStageBeforeSaid) {
  const auto crops = stage("crops", [](int x, const CallContext& call) {
    call.set_element_frames({call.frame()->cropped(2, 0), std::nullopt});
    return std::vector<int>{x, x};
  });
  const auto all = begin_frame() | crops | tap<std::vector<int>>("tap", [](const std::vector<int>&) {}) |
                   each(look<int>()) | stage("join", [](const std::vector<std::string>& seen, const CallContext& call) {
                     return seen[0] + ", " + seen[1] + ", " + text_of(call.frame());
                   });
  EXPECT_EQ(run(all, 5).value(), "5x10 x*1+-2, none, 5x10 x*1+0");
}

TEST_P(FrameTest, OfElementsGoesWithTheirList) {
  const auto crops = stage("crops", [](int x, const CallContext& call) {
    call.set_element_frames({std::nullopt, std::nullopt});
    return std::vector<int>{x, x};
  });
  const auto again = stage("again", [](const std::vector<int>& list) { return std::vector<int>(list.size() + 1, 0); });
  const auto seen = run(begin_frame() | crops | again | each(look<int>()), 5).value();
  EXPECT_EQ(seen, std::vector<std::string>(3, "5x10 x*1+0"));
}

TEST_P(FrameTest, OfElementsMustBeAsManyAsThey) {
  const auto crops = stage("crops", [](int x, const CallContext& call) {
    call.set_element_frames({std::nullopt});
    return std::vector<int>{x, x};
  });
  EXPECT_THAT(run(crops | each(look<int>()), 5),
              FailsWith(ErrorCode::kInvalidArgument, "the stage before gave 1 frames for a list of 2"));
}

TEST_P(FrameTest, GoesIntoEachBranchOfAFork) {
  const auto move = stage("move", [](int x, const CallContext& call) {
    call.set_frame(call.frame()->cropped(1, 0));
    return x;
  });
  const auto join = stage("join", [](const std::tuple<std::string, std::string>& seen, const CallContext& call) {
    return std::get<0>(seen) + ", " + std::get<1>(seen) + ", " + text_of(call.frame());
  });
  EXPECT_EQ(run(begin_frame() | fork(move | look<int>(), look<int>()) | join, 5).value(),
            "5x10 x*1+-1, 5x10 x*1+0, 5x10 x*1+0");
  EXPECT_EQ(run(fork(look<int>(), begin_frame() | look<int>()) | join, 5).value(), "none, 5x10 x*1+0, 5x10 x*1+0")
      << "the tuple of a branch that knows";
}

TEST_P(FrameTest, GoesThroughTheSideOfAWhen) {
  const Predicate<int> is_big("is_big", [](const int& x) { return x > 5; });
  const auto crop = stage("crop", [](int x, const CallContext& call) {
    call.set_frame(call.frame()->cropped(4, 0));
    return x;
  });
  const auto chain = begin_frame() | when(is_big, crop, pass()) | look<int>();
  EXPECT_EQ(run(chain, 6).value(), "6x10 x*1+-4");
  EXPECT_EQ(run(chain, 5).value(), "5x10 x*1+0");
}

TEST(FrameAxis, GoesForthAndBack) {
  const FrameAxis axis = FrameAxis().scaled(0.5).shifted(3).mirrored(20);
  EXPECT_EQ(axis.forth(0), 17);
  EXPECT_EQ(axis.forth(10), 12);
  EXPECT_EQ(axis.back(17), 0);
  EXPECT_EQ(axis.back(12), 10);
}

}  // namespace
}  // namespace gantry
