// SPDX-License-Identifier: Apache-2.0
// tests/parity/nms_parity.py compares with torchvision; here is what it leaves open, and what is refused.
#include <gtest/gtest.h>
#include <gantry/detect/nms.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "ops/detect/score_order.hpp"
#include "ops/run_stage.hpp"
#include "ops/special_floats.hpp"
#include "support/matchers.hpp"
#include "support/test_call.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detect::Suppress;
using test::FailsWith;

using Indices = std::vector<std::size_t>;

Indices nms(const std::vector<Box>& boxes, const std::vector<float>& scores, double iou,
            std::size_t max_count = std::numeric_limits<std::size_t>::max()) {
  return detect::nms(Span<const Box>(boxes), Span<const float>(scores), iou, max_count).value();
}

Indices batched(const std::vector<Box>& boxes, const std::vector<float>& scores,
                const std::vector<std::int64_t>& classes, double iou, Suppress suppress) {
  return detect::batched_nms(Span<const Box>(boxes), Span<const float>(scores), Span<const std::int64_t>(classes), iou,
                             suppress)
      .value();
}

/// The definition, pair by pair.
Indices by_definition(const std::vector<Box>& boxes, const std::vector<float>& scores, double iou) {
  Indices order(boxes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  const auto overlap = [&](const Box& a, const Box& b) {
    const float width = std::max(0.0f, std::min(a.x1, b.x1) - std::max(a.x0, b.x0));
    const float height = std::max(0.0f, std::min(a.y1, b.y1) - std::max(a.y0, b.y0));
    const float both = width * height;
    return static_cast<double>(both / (a.width() * a.height() + b.width() * b.height() - both));
  };
  Indices kept;
  for (const std::size_t i : order)
    if (std::none_of(kept.begin(), kept.end(), [&](std::size_t k) { return overlap(boxes[k], boxes[i]) > iou; }))
      kept.push_back(i);
  return kept;
}

class RandomBoxes {
 public:
  explicit RandomBoxes(unsigned seed) : random_(seed) {}
  float below(float limit) { return std::uniform_real_distribution<float>(0, limit)(random_); }
  std::vector<Box> boxes(std::size_t count, float side) {
    std::vector<Box> boxes(count);
    for (Box& box : boxes) {
      box.x0 = below(side), box.y0 = below(side);
      box.x1 = box.x0 + below(side / 4), box.y1 = box.y0 + below(side / 4);
    }
    return boxes;
  }
  /// Few different ones, so that many are equal.
  std::vector<float> scores(std::size_t count, float levels) {
    std::vector<float> scores(count);
    for (float& score : scores) score = std::floor(below(levels)) / levels;
    return scores;
  }

 private:
  std::mt19937 random_;
};

TEST(OrderByScore, FallsAndKeepsTheOrderOfEqualScores) {
  RandomBoxes random(1);
  for (const std::size_t count : {0u, 1u, 2u, 100u, 255u, 256u, 5000u}) {
    std::vector<float> scores = random.scores(count, 50);
    for (std::size_t i = 0; i < count; i += 7) scores[i] = -scores[i] * 1e30f;  // also -0
    std::vector<std::uint32_t> expected(count);
    std::iota(expected.begin(), expected.end(), 0u);
    std::stable_sort(expected.begin(), expected.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
    EXPECT_EQ(detail::order_by_score(Span<const float>(scores)), expected) << count;
  }
}

TEST(OrderByScore, PutsNanFirstWhateverItsSign) {
  const std::vector<float> scores = {1, kInfinity, -kNan, -kInfinity, kNan};
  EXPECT_EQ(detail::order_by_score(Span<const float>(scores)), (std::vector<std::uint32_t>{2, 4, 1, 0, 3}));
}

TEST(Nms, KeepsTheBestOfWhatOverlaps) {
  const std::vector<Box> boxes = {{0, 0, 10, 10}, {1, 1, 11, 11}, {20, 20, 30, 30}};
  EXPECT_EQ(nms(boxes, {0.8f, 0.9f, 0.1f}, 0.5), (Indices{1, 2}));
  EXPECT_EQ(nms(boxes, {0.8f, 0.9f, 0.1f}, 0.7), (Indices{1, 0, 2}));
  EXPECT_EQ(nms({}, {}, 0.5), Indices{});
}

TEST(Nms, IsItsDefinitionOnRandomBoxes) {
  RandomBoxes random(2);
  for (int round = 0; round < 60; ++round) {
    const std::size_t count = static_cast<std::size_t>(round) * 9;
    const auto boxes = random.boxes(count, 60);
    const auto scores = random.scores(count, 20);
    const double iou = static_cast<double>(random.below(1));
    EXPECT_EQ(nms(boxes, scores, iou), by_definition(boxes, scores, iou));
  }
}

TEST(Nms, AnOverlapOfExactlyTheThresholdStays) {
  const std::vector<Box> boxes = {{0, 0, 10, 10}, {0, 0, 10, 7}};  // 0.7 in float32 is below 0.7
  EXPECT_EQ(nms(boxes, {2, 1}, 0.7).size(), 2u);
  EXPECT_EQ(nms(boxes, {2, 1}, 0.69999998).size(), 1u);
  const std::vector<Box> halves = {{0, 0, 10, 10}, {0, 0, 10, 5}};
  EXPECT_EQ(nms(halves, {2, 1}, 0.5).size(), 2u);
  EXPECT_EQ(nms(halves, {2, 1}, std::nextafter(0.5, 0.0)).size(), 1u);
}

TEST(Nms, BoxesWithoutAreaOrWithNanOverlapNothing) {
  const std::vector<Box> boxes = {{5, 5, 5, 5}, {5, 5, 5, 5}, {kNan, 0, 9, 9}, {0, 0, 9, 9}, {0, 0, 9, 9}};
  EXPECT_EQ(nms(boxes, {5, 4, 3, 2, 1}, 0.5), (Indices{0, 1, 2, 3}));
}

TEST(Nms, SurvivesWhateverBoxesHold) {
  const float values[] = {kNan, kInfinity, -kInfinity, 1e38f, -1e38f, 0, -5, 7};
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<Box> boxes(40);
    std::vector<float> scores(40);
    for (Box& box : boxes)
      for (float* side : {&box.x0, &box.y0, &box.x1, &box.y1}) *side = values[random() % 8];
    for (float& score : scores) score = values[random() % 8];
    EXPECT_LE(nms(boxes, scores, 0.5).size(), 40u);
  }
}

TEST(Nms, GivesNoMoreThanAskedFor) {
  RandomBoxes random(4);
  const auto boxes = random.boxes(500, 1000);
  const auto scores = random.scores(500, 1000);
  Indices all = nms(boxes, scores, 0.5);
  ASSERT_GT(all.size(), 20u);
  all.resize(20);
  EXPECT_EQ(nms(boxes, scores, 0.5, 20), all);
}

TEST(Nms, StopsWhenItsCallDoes) {
  const std::vector<Box> boxes(300);
  const std::vector<float> scores(300);
  const test::TestCall cancelled(test::cancelled_options());
  EXPECT_THAT(detect::nms(Span<const Box>(boxes), Span<const float>(scores), 0.5, 300, *cancelled.get()),
              test::HasCode(ErrorCode::kCancelled));
}

TEST(Nms, RefusesListsThatDoNotFit) {
  const std::vector<Box> boxes(2);
  const std::vector<float> scores(3);
  const std::vector<std::int64_t> classes(1);
  EXPECT_THAT(detect::nms(Span<const Box>(boxes), Span<const float>(scores), 0.5),
              FailsWith(ErrorCode::kInvalidArgument, "3 scores for 2 boxes"));
  EXPECT_THAT(detect::nms(Span<const Box>(boxes), Span<const float>(scores.data(), 2), std::nan("")),
              FailsWith(ErrorCode::kInvalidArgument, "iou is NaN"));
  EXPECT_THAT(detect::batched_nms(Span<const Box>(boxes), Span<const float>(scores.data(), 2),
                                  Span<const std::int64_t>(classes), 0.5),
              FailsWith(ErrorCode::kInvalidArgument, "1 classes for 2 boxes"));
}

TEST(BatchedNms, SuppressesWithinEachClass) {
  RandomBoxes random(5);
  const auto boxes = random.boxes(300, 50);
  const auto scores = random.scores(300, 30);
  std::vector<std::int64_t> classes(300);
  for (std::size_t i = 0; i < 300; ++i) classes[i] = static_cast<std::int64_t>(i * i % 5) * 1000000000000 - 2;
  Indices expected;
  for (std::int64_t each : std::vector<std::int64_t>{-2, 999999999998, 3999999999998}) {
    Indices members;
    for (std::size_t i = 0; i < 300; ++i)
      if (classes[i] == each) members.push_back(i);
    std::vector<Box> own;
    std::vector<float> own_scores;
    for (const std::size_t i : members) own.push_back(boxes[i]), own_scores.push_back(scores[i]);
    for (const std::size_t i : by_definition(own, own_scores, 0.4)) expected.push_back(members[i]);
  }
  std::sort(expected.begin(), expected.end());
  std::stable_sort(expected.begin(), expected.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
  EXPECT_EQ(batched(boxes, scores, classes, 0.4, Suppress::kPerClass), expected);
}

TEST(BatchedNms, TakesClassesOfAnyNumber) {
  const std::vector<std::int64_t> numbers = {0, 1023, 1024, std::numeric_limits<std::int64_t>::max(),
                                             std::numeric_limits<std::int64_t>::min()};
  for (const std::int64_t one : numbers)
    for (const std::int64_t other : numbers) {
      const bool is_same = one == other;
      EXPECT_EQ(batched({{0, 0, 9, 9}, {0, 0, 9, 9}}, {0.9f, 0.8f}, {one, other}, 0.5, Suppress::kPerClass).size(),
                is_same ? 1u : 2u)
          << one << ", " << other;
    }
}

TEST(BatchedNms, TheModesDifferWhereTorchvisionMovesBoxesApart) {
  // Class 1 at -11..-1 is moved by 101, onto class 0 at 90..100.
  const std::vector<Box> boxes = {{90, 90, 100, 100}, {-11, -11, -1, -1}};
  const std::vector<float> scores = {0.9f, 0.8f};
  EXPECT_EQ(batched(boxes, scores, {0, 1}, 0.5, Suppress::kTorchvision), Indices{0});
  EXPECT_EQ(batched(boxes, scores, {0, 1}, 0.5, Suppress::kPerClass), (Indices{0, 1}));
  EXPECT_EQ(batched({{0, 0, 9, 9}, {0, 0, 9, 9}}, scores, {0, 1}, 0.5, Suppress::kAny), Indices{0});
}

Detections detections(const std::vector<Box>& boxes, const std::vector<float>& scores,
                      const std::vector<std::int64_t>& classes) {
  std::vector<Detection> entries;
  for (std::size_t i = 0; i < boxes.size(); ++i) entries.push_back({classes[i], "", scores[i], boxes[i], {}});
  return Detections(std::move(entries));
}

TEST(NmsStage, DropsDetectionsAndOrdersThem) {
  const auto all = detections({{0, 0, 10, 10}, {1, 0, 11, 10}, {1, 0, 11, 10}}, {0.5f, 0.9f, 0.7f}, {3, 3, 4});
  const Detections kept = test::run(detect::nms({}), all).value();
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].score, 0.9f);
  EXPECT_EQ(kept[1].index, 4);
  EXPECT_EQ(test::run(detect::nms({0.5, Suppress::kAny, 300}), all).value().size(), 1u);
  EXPECT_EQ(test::run(detect::nms({0.5, Suppress::kPerClass, 1}), all).value().size(), 1u);
}

TEST(NmsStage, RefusesLimitsThatMakeNoSense) {
  EXPECT_EQ(detect::nms({1.5}).error()->message(), "iou must be 0..1, got 1.5");
  EXPECT_EQ(detect::nms({0.5, Suppress::kAny, 0}).error()->message(), "max_count must be 1..65536, got 0");
  EXPECT_EQ(detect::nms({0.5, static_cast<Suppress>(9), 300}).error()->message(), "unknown suppress");
}

TEST(SoftNms, LowersWhatOverlaps) {
  const auto all = detections({{0, 0, 10, 10}, {0, 0, 10, 8}, {50, 50, 60, 60}, {0, 0, 10, 10}},
                              {0.9f, 0.8f, 0.5f, 0.85f}, {0, 0, 0, 1});
  detect::SoftNms options;
  options.decay = detect::Decay::kLinear;
  const Detections linear = test::run(detect::soft_nms(options), all).value();
  ASSERT_EQ(linear.size(), 4u);
  EXPECT_EQ(linear[1].index, 1);  // of another class, as it was
  EXPECT_EQ(linear[1].score, 0.85f);
  EXPECT_FLOAT_EQ(linear[3].score, 0.8f * 0.2f);
  options.decay = detect::Decay::kGaussian;
  EXPECT_FLOAT_EQ(test::run(detect::soft_nms(options), all).value()[3].score, 0.8f * std::exp(-0.64f / 0.5f));
  options.score = 0.3;
  EXPECT_EQ(test::run(detect::soft_nms(options), all).value().size(), 3u);
  options.suppress = Suppress::kTorchvision;
  EXPECT_THAT(detect::soft_nms(options).error()->message(), testing::HasSubstr("per_class or any"));
}

TEST(SoftNms, DropsNan) {
  EXPECT_TRUE(test::run(detect::soft_nms({}), detections({{0, 0, 1, 1}}, {kNan}, {0})).value().empty());
}

TEST(SoftNms, RefusesWhatThereIsNot) {
  detect::SoftNms options;
  options.decay = static_cast<detect::Decay>(9);
  EXPECT_EQ(detect::soft_nms(options).error()->message(), "unknown decay");
  options = {};
  options.suppress = static_cast<Suppress>(9);
  EXPECT_EQ(detect::soft_nms(options).error()->message(), "unknown suppress");
}

TEST(SoftNms, TakesASigmaThatIsNoFloat) {
  // They overlap by 1e-30, whose square is 0 in float32.
  const auto all = detections({{0, 0, 1e15f, 1e15f}, {0, 0, 1, 1}}, {0.9f, 0.8f}, {0, 0});
  for (const double sigma : {1e-300, 1e300}) {
    detect::SoftNms options;
    options.sigma = sigma;
    const Detections kept = test::run(detect::soft_nms(options), all).value();
    ASSERT_EQ(kept.size(), 2u) << sigma;
    EXPECT_EQ(kept[1].score, 0.8f);
  }
}

TEST(SoftNms, LowersEachScoreByAllThatAreBetter) {
  // As the paper says it, over so many that rows of the table are dropped on the way.
  RandomBoxes random(11);
  const auto boxes = random.boxes(200, 40);
  auto scores = random.scores(200, 1000);
  detect::SoftNms options;
  options.decay = detect::Decay::kLinear;
  options.score = 0.05;
  const Detections kept =
      test::run(detect::soft_nms(options), detections(boxes, scores, std::vector<std::int64_t>(200))).value();
  Indices left(200);
  std::iota(left.begin(), left.end(), std::size_t{0});
  for (const Detection& one : kept) {
    left.erase(std::remove_if(left.begin(), left.end(), [&](std::size_t i) { return !(scores[i] >= 0.05f); }),
               left.end());
    ASSERT_FALSE(left.empty());
    const auto best =
        std::max_element(left.begin(), left.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
    const Box a = boxes[*best];
    EXPECT_EQ(one.box, a);
    EXPECT_FLOAT_EQ(one.score, scores[*best]);
    left.erase(best);
    for (const std::size_t i : left) {
      const Box& b = boxes[i];
      const float width = std::max(0.0f, std::min(a.x1, b.x1) - std::max(a.x0, b.x0));
      const float both = width * std::max(0.0f, std::min(a.y1, b.y1) - std::max(a.y0, b.y0));
      const float overlap = both / (a.width() * a.height() + b.width() * b.height() - both);
      if (overlap > 0.3f) scores[i] *= 1.0f - overlap;
    }
  }
  EXPECT_TRUE(std::all_of(left.begin(), left.end(), [&](std::size_t i) { return scores[i] < 0.05f; }));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
