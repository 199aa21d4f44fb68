// SPDX-License-Identifier: Apache-2.0
// detect.classify: the best class of each crop becomes its detection's class.
#include <gantry/detect/cascade.hpp>
#include <string>
#include <utility>

#include "ops/detect/detection_columns.hpp"
#include "ops/detect/score_order.hpp"
#include "ops/picture_axes.hpp"

namespace gantry::inline GANTRY_ABI::detect {
namespace {

using ClassifierAnswers = std::tuple<Detections, std::vector<Classes>>;

constexpr const char* kScores[] = {"class", "detection", "product"};

float score_of(ClassifiedScore rule, float detection, float best) {
  if (rule == ClassifiedScore::kClass) return best;
  return rule == ClassifiedScore::kDetection ? detection : detection * best;
}

Result<Detections> run_classify(ClassifiedScore rule, ClassifierAnswers&& input, const CallContext& call) {
  auto& [detections, answers] = input;
  if (answers.size() != detections.size())
    return Error(ErrorCode::kInvalidArgument, "expected classes for each of " + std::to_string(detections.size()) +
                                                  " detections, got " + std::to_string(answers.size()));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].empty()) return Error(ErrorCode::kInvalidArgument, "answer " + std::to_string(i) + " has no class");
    Class& best = answers[i][0];
    detections[i].index = best.index;
    detections[i].label = std::move(best.label);
    detections[i].score = score_of(rule, detections[i].score, best.score);
  }
  const detail::DetectionColumns columns(detections);
  const std::vector<std::uint32_t> order = detail::order_by_score(Span<const float>(columns.scores));
  detail::keep_frame_of(call, 0);
  return detail::taken(std::move(detections), std::vector<std::size_t>(order.begin(), order.end()));
}

}  // namespace

Stage<ClassifierAnswers, Detections> classify(ClassifiedScore score) {
  Result<void> check;
  const bool is_known = score <= ClassifiedScore::kProduct;
  if (!is_known) check = Error(ErrorCode::kInvalidArgument, "unknown score");
  return detail::make_op<ClassifierAnswers, Detections>(
      "detect.classify", score, std::string("score=") + (is_known ? kScores[static_cast<int>(score)] : "?"),
      std::move(check), [](ClassifiedScore p, ClassifierAnswers&& input, const CallContext& call) {
        return run_classify(p, std::move(input), call);
      });
}

}  // namespace gantry::inline GANTRY_ABI::detect
