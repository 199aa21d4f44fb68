// SPDX-License-Identifier: Apache-2.0
// The frame beside a sample: who sees it, through everything that a chain is made of.
#include <gtest/gtest.h>
#include <gantry/frame.hpp>

#include <gantry/any_pipeline.hpp>
#include <gantry/named_tensors.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
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

/// Two crops, 2 and 3 pixels from the left.
auto two_crops() {
  return stage("crops", [](int x, const CallContext& call) {
    call.set_element_frames({call.frame()->cropped(2, 0), call.frame()->cropped(3, 0)});
    return std::vector<int>{x, x};
  });
}
/// Cuts so many pixels off at the left.
auto crop(int left) {
  return stage("crop", [left](int x, const CallContext& call) {
    call.set_frame(call.frame()->cropped(left, 0));
    return x;
  });
}
using Seen = std::vector<std::string>;

TEST_P(FrameTest, OfElementsIsUnknownAfterAStageThatMakesAnotherList) {
  const auto crops = stage("crops", [](int x, const CallContext& call) {
    call.set_element_frames({std::nullopt, std::nullopt});
    return std::vector<int>{x, x};
  });
  const auto again = stage("again", [](const std::vector<int>& list) { return std::vector<int>(list.size() + 1, 0); });
  EXPECT_EQ(run(begin_frame() | crops | again | each(look<int>()), 5).value(), Seen(3, "none"));
  EXPECT_EQ(run(begin_frame() | two_crops() | again | each(look<int>()), 5).value(), Seen(3, "none"))
      << "nobody knows which of them they are";
}

TEST_P(FrameTest, OfElementsCanBeReadAndSaidByAStageThatMakesAnotherList) {
  const auto swap = stage("swap", [](const std::vector<int>& list, const CallContext& call) {
    EXPECT_EQ(call.element_frame(2), nullptr);
    call.set_element_frames({*call.element_frame(1), *call.element_frame(0)});
    return list;
  });
  EXPECT_EQ(run(begin_frame() | two_crops() | swap | each(look<int>()), 5).value(),
            (Seen{"5x10 x*1+-3", "5x10 x*1+-2"}));
}

TEST_P(FrameTest, IsTheSameInOneEachAsInTwo) {
  const auto crops = begin_frame() | two_crops();
  const Seen expected = {"5x10 x*1+-2", "5x10 x*1+-3"};
  EXPECT_EQ(run(crops | each(pass() | look<int>()), 5).value(), expected);
  EXPECT_EQ(run(crops | each(pass()) | each(look<int>()), 5).value(), expected);
  EXPECT_EQ(run(crops | each(pass()) | each(compile(pass(), runtime_).value().stage()) | each(look<int>()), 5).value(),
            expected);
  const auto list = stage("list", [](int x) { return std::vector<int>{x, x}; });
  EXPECT_EQ(run(begin_frame() | list | each(crop(1) | look<int>()), 5).value(), Seen(2, "5x10 x*1+-1"));
  EXPECT_EQ(run(begin_frame() | list | each(crop(1)) | each(look<int>()), 5).value(), Seen(2, "5x10 x*1+-1"));
  EXPECT_EQ(run(begin_frame() | list | each(crop(1)) | each(crop(-1)) | each(look<int>()), 5).value(),
            Seen(2, "5x10 x*1+0"));
}

TEST_P(FrameTest, MadeOrEndedInAnEachStaysWithItsElement) {
  const auto list = stage("list", [](int x) { return std::vector<int>{x, x + 1}; });
  EXPECT_EQ(run(list | each(begin_frame()) | each(look<int>()), 5).value(), (Seen{"5x10 x*1+0", "6x10 x*1+0"}));
  const auto end = stage("end", [](int x, const CallContext& call) {
    call.clear_frame();
    return x;
  });
  EXPECT_EQ(run(begin_frame() | list | each(end) | each(look<int>()), 5).value(), Seen(2, "none"));
}

TEST_P(FrameTest, OfListsInAListIsOfTheirElements) {
  const auto list = stage("list", [](int x) { return std::vector<int>{x, x}; });
  const auto chain = begin_frame() | list | each(two_crops()) | each(each(pass())) | each(each(look<int>()));
  EXPECT_EQ(run(chain, 5).value(), std::vector<Seen>(2, {"5x10 x*1+-2", "5x10 x*1+-3"}));
}

/// What is made of crops that lie in different places lies in none of them.
TEST_P(FrameTest, OfWhatIsMadeOfAWholeListIsWhatTheStageSays) {
  const auto sum = stage("sum", [](const std::vector<int>& list) { return list[0] + list[1]; });
  const auto said = stage("sum", [](const std::vector<int>& list, const CallContext& call) {
    call.set_frame(*call.frame());
    return list[0] + list[1];
  });
  const auto list = stage("list", [](int x) { return std::vector<int>{x, x}; });
  EXPECT_EQ(run(begin_frame() | two_crops() | sum | look<int>(), 5).value(), "none");
  EXPECT_EQ(run(begin_frame() | two_crops() | each(pass()) | sum | look<int>(), 5).value(), "none");
  EXPECT_EQ(run(begin_frame() | list | each(crop(1)) | sum | look<int>(), 5).value(), "5x10 x*1+-1")
      << "the one place where all lie";
  EXPECT_EQ(run(begin_frame() | two_crops() | said | look<int>(), 5).value(), "5x10 x*1+0");
  EXPECT_EQ(run(begin_frame() | list | each(pass()) | sum | look<int>(), 5).value(), "5x10 x*1+0") << "nobody moved it";
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
  EXPECT_EQ(run(begin_frame() | fork(look<int>(), pass() | look<int>()) | join, 5).value(),
            "5x10 x*1+0, 5x10 x*1+0, 5x10 x*1+0");
  EXPECT_EQ(run(begin_frame() | fork(move | look<int>(), look<int>()) | join, 5).value(),
            "5x10 x*1+-1, 5x10 x*1+0, none")
      << "which of the two the tuple as a whole has, nobody knows";
  EXPECT_EQ(run(fork(look<int>(), begin_frame() | look<int>()) | join, 5).value(), "none, 5x10 x*1+0, none");
}

/// A tensor with nothing in it that matters.
auto to_row() {
  return stage("row", [](int x) { return row({static_cast<float>(x), 0}); });
}

TEST_P(FrameTest, OfABranchGoesWithItsItem) {
  using Pair = std::tuple<Tensor, Tensor>;
  const auto pair = begin_frame() | fork(crop(1) | to_row(), to_row());
  const auto named = pair | bundle("crop", "whole");
  EXPECT_EQ(run(pair | select<0, Pair>("crop") | look<Tensor>(), 5).value(), "5x10 x*1+-1");
  EXPECT_EQ(run(pair | select<1, Pair>("whole") | look<Tensor>(), 5).value(), "5x10 x*1+0");
  EXPECT_EQ(run(named | select("crop") | look<Tensor>(), 5).value(), "5x10 x*1+-1");
  EXPECT_EQ(run(named | select("whole") | look<Tensor>(), 5).value(), "5x10 x*1+0");
  const auto swapped = named | select({"whole", "crop"}, {"a", "b"});
  EXPECT_EQ(run(swapped | select("a") | look<Tensor>(), 5).value(), "5x10 x*1+0");
  EXPECT_EQ(run(swapped | select("b") | look<Tensor>(), 5).value(), "5x10 x*1+-1");
  EXPECT_EQ(run(swapped | look<Tensors>(), 5).value(), "none");
  EXPECT_EQ(run(named | select({"crop"}) | look<Tensors>(), 5).value(), "5x10 x*1+-1") << "all that are left have it";
  const auto whole = stage("whole", [](const Tensors& all) { return all[0].tensor; });
  EXPECT_EQ(run(named | whole | look<Tensor>(), 5).value(), "none");
  EXPECT_EQ(run(pair | stage("first", [](const Pair& both) { return std::get<0>(both); }) | look<Tensor>(), 5).value(),
            "none");
  const auto seen = stage("seen", [](const Pair&, const CallContext& call) {
    return text_of(call.element_frame(0)) + ", " + text_of(call.element_frame(1)) + ", " +
           text_of(call.element_frame(2));
  });
  EXPECT_EQ(run(pair | seen, 5).value(), "5x10 x*1+-1, 5x10 x*1+0, none");
}

TEST_P(FrameTest, OfElementsGoesWithTheirNames) {
  const auto rows = begin_frame() | two_crops() | each(to_row()) | bundle_list({"a", "b"});
  EXPECT_EQ(run(rows | select("a") | look<Tensor>(), 5).value(), "5x10 x*1+-2");
  EXPECT_EQ(run(rows | select("b") | look<Tensor>(), 5).value(), "5x10 x*1+-3");
}

/// A pipeline of named inputs as a stage: what it calls second stands first in the tensors that it is given.
TEST_P(FrameTest, OfNamedTensorsGoesIntoThePipelineThatTakesThem) {
  Registry registry = Registry::builtin();
  registry.add<Tensor, std::string>("look", [](ParamReader&) { return look<Tensor>(); });
  ConfigContext context;
  context.inputs = {"whole", "crop"};
  const auto any = compile_any(R"([{"op": "fork", "branches": [[{"op": "select", "name": "crop"}, {"op": "look"}],
                                                                [{"op": "select", "name": "whole"}, {"op": "look"}]]}])",
                               registry, context, runtime_);
  using Both = std::tuple<std::string, std::string>;
  const auto inner = any.value().as<Tensors, Both>().value();
  const auto chain = begin_frame() | fork(crop(1) | to_row(), to_row()) | bundle("crop", "whole") | inner.stage();
  EXPECT_EQ(run(chain, 5).value(), Both("5x10 x*1+-1", "5x10 x*1+0"));
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
}  // namespace gantry::inline GANTRY_ABI
