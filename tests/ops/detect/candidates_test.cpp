// SPDX-License-Identifier: Apache-2.0
// Which scores become candidates, and the gates in front of exp().
#include "ops/detect/candidates.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "ops/detect/activation.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using test::FailsWith;

std::vector<std::int64_t> indices_of(const std::vector<Candidate>& candidates) {
  std::vector<std::int64_t> indices;
  for (const Candidate& one : candidates) indices.push_back(one.index);
  return indices;
}

/// By sorting everything.
std::vector<Candidate> best_by_sorting(const std::vector<Candidate>& all, float threshold, std::size_t top) {
  std::vector<Candidate> best;
  for (const Candidate& one : all)
    if (one.score > threshold) best.push_back(one);
  std::sort(best.begin(), best.end(), [](const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score > b.score : a.index < b.index;
  });
  best.resize(std::min(best.size(), top));
  return best;
}

TEST(TopCandidates, AreTheBestWhateverTheOrderTheyComeIn) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<Candidate> all;
    const auto count = static_cast<std::int64_t>(random() % 300);
    for (std::int64_t i = 0; i < count; ++i)
      all.push_back({static_cast<float>(random() % 10) / 10, i});  // many are equal
    const std::size_t top = 1 + random() % 20;
    const auto expected = indices_of(best_by_sorting(all, 0.3f, top));
    for (int order = 0; order < 3; ++order) {
      TopCandidates best(0.3f, static_cast<std::int64_t>(top));
      for (const Candidate& one : all) best.add(one.score, one.index);
      EXPECT_EQ(indices_of(best.take()), expected);
      if (order == 0) std::reverse(all.begin(), all.end());
      if (order == 1) std::shuffle(all.begin(), all.end(), random);
    }
  }
}

TEST(TopCandidates, AreAboveTheThresholdAndNoNaN) {
  TopCandidates best(0.5f, 9);
  const float scores[] = {0.5f, std::nextafter(0.5f, 1.0f), NAN, INFINITY, -INFINITY, 0.4f};
  for (std::int64_t i = 0; i < 6; ++i) best.add(scores[i], i);
  EXPECT_EQ(indices_of(best.take()), (std::vector<std::int64_t>{3, 1}));
}

TEST(AddRow, TakesTheFirstOfEqualBestClasses) {
  const detect::Candidates rules = {0.1f, 9};
  const float scores[] = {0.3f, 0.7f, NAN, 0.7f};
  TopCandidates best(rules), all(rules);
  add_row(best, rules, false, 2, 4, [&](std::int64_t c) { return scores[c]; });
  add_row(all, rules, true, 2, 4, [&](std::int64_t c) { return scores[c]; });
  EXPECT_EQ(indices_of(best.take()), (std::vector<std::int64_t>{9}));
  EXPECT_EQ(indices_of(all.take()), (std::vector<std::int64_t>{9, 11, 8}));
}

TEST(AddRow, FiltersTheBestClassAfterItIsFound) {
  const detect::Candidates rules = sorted({0.1f, 9, {3, 0, 3}});
  const float scores[] = {0.3f, 0.7f, 0.2f, 0.6f};
  TopCandidates best(rules), all(rules);
  add_row(best, rules, false, 0, 4, [&](std::int64_t c) { return scores[c]; });
  add_row(all, rules, true, 0, 4, [&](std::int64_t c) { return scores[c]; });
  EXPECT_TRUE(best.take().empty());
  EXPECT_EQ(indices_of(all.take()), (std::vector<std::int64_t>{3, 0}));
}

TEST(Gates, LetEverythingThroughThatIsAboveTheThreshold) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> any(0, 1), logits(-20, 20);
  for (int round = 0; round < 300; ++round) {
    float threshold = any(random);
    if (round % 3 == 1) threshold = threshold * threshold * threshold * threshold;
    if (round % 3 == 2) threshold = 1 - threshold * threshold * threshold * threshold;
    const float gate = sigmoid_gate(static_cast<double>(threshold));
    const float near =
        static_cast<float>(std::log(static_cast<double>(threshold) / (1 - static_cast<double>(threshold))));
    float x = near;
    for (int i = 0; i < 200; ++i) {
      x = i < 100 ? std::nextafter(x, i < 50 ? -INFINITY : INFINITY) : logits(random);
      EXPECT_TRUE(!(sigmoid(x) > threshold) || x > gate) << threshold;
    }
    const float row_gate = softmax_gate(static_cast<double>(threshold));
    float row[3] = {0, logits(random), std::log(threshold)}, shares[3];
    row[1] = -std::fabs(row[1]);
    softmax_row(row, shares, 3);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(!(shares[i] > threshold) || row[i] > row_gate) << threshold;
  }
}

TEST(Gates, AreOpenAtNoThreshold) {
  EXPECT_EQ(sigmoid_gate(0), -INFINITY);
  EXPECT_EQ(softmax_gate(0), -INFINITY);
  EXPECT_LT(sigmoid_gate(1), 17.0f);  // from where on float32 says 1
}

TEST(Candidates, HaveLimits) {
  EXPECT_THAT(check_candidates(detect::Candidates{-0.1f, 1}),
              FailsWith(ErrorCode::kInvalidArgument, "score must be 0..1, got -0.1"));
  EXPECT_THAT(check_candidates(detect::Candidates{NAN, 1}),
              FailsWith(ErrorCode::kInvalidArgument, "score must be 0..1, got nan"));
  EXPECT_THAT(check_candidates(detect::Candidates{0, 0}),
              FailsWith(ErrorCode::kInvalidArgument, "top must be 1..65536, got 0"));
  EXPECT_THAT(check_candidates(detect::Candidates{0, 1, {-1}}),
              FailsWith(ErrorCode::kInvalidArgument, "classes must be 0..2147483647, got -1"));
  EXPECT_THAT(check_candidates(detect::Candidates{1, 65536, {0, kMaxClass}}), test::IsOk());
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
