// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/report.hpp"

#include <algorithm>

#include "cli/quantity_text.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using Status = Finding::Status;

Finding judge_answers(const Measurement& measured, const std::string& at) {
  const LoadResult& load = measured.load;
  Finding finding;
  finding.name = "answers at " + at;
  finding.seconds = seconds_of(measured.use.elapsed);
  finding.detail = std::to_string(load.latencies.count()) + " requests were answered";
  if (load.failures.count == 0 && load.latencies.count() > 0) return finding;
  finding.status = Status::kFailed;
  if (load.failures.count == 0) {
    finding.detail = "no request was sent in the measured time; give a higher --rate or more --seconds";
    return finding;
  }
  finding.detail += ", " + std::to_string(load.failures.count) + " were not:";
  for (const auto& [type, count] : load.failures.by_type) finding.detail += " " + std::to_string(count) + " " + type;
  finding.detail += "; the first one: " + load.failures.example;
  finding.error_type = load.failures.by_type.begin()->first;
  return finding;
}

Finding judge_noise(const Measurement& measured, const std::string& at) {
  Finding finding;
  finding.name = "machine at " + at;
  finding.detail = measured.noise.empty() ? "neither throttled nor robbed of CPU time" : "";
  for (const std::string& reason : measured.noise) finding.detail += (finding.detail.empty() ? "" : "; ") + reason;
  if (!measured.noise.empty()) finding.status = measured.allows_noise ? Status::kSkipped : Status::kCouldNotRun;
  if (measured.is_void()) finding.error_type = "noise";
  return finding;
}

}  // namespace

std::string BenchMachine::text() const {
  std::string text = cpu.empty() ? "unknown CPU" : cpu;
  if (!isa.empty()) text += ", " + isa;
  return text + "; " + budget + "; " + std::to_string(workers) + (workers == 1 ? " worker" : " workers");
}

std::string BenchReport::label(std::size_t side) const {
  return sides.size() < 2 ? "" : side == 0 ? "A" : "B";
}

bool BenchReport::is_void() const {
  return std::any_of(loads.begin(), loads.end(), [](const MeasuredLoad& load) {
    return std::any_of(load.sides.begin(), load.sides.end(), [](const Measurement& side) { return side.is_void(); });
  });
}

std::vector<Finding> BenchReport::findings() const {
  std::vector<Finding> all;
  for (const Judgement& judgement : judgements) all.push_back(judgement.finding);
  return all;
}

bool BenchReport::has_failed() const {
  return std::any_of(judgements.begin(), judgements.end(), [this](const Judgement& judgement) {
    const Status status = judgement.finding.status;
    return status == Status::kFailed || (has_budgets && status == Status::kCouldNotRun);
  });
}

void judge(BenchReport& report, const std::vector<Budget>& budgets) {
  const MeasuredLoad& newest = report.loads.back();
  for (std::size_t side = 0; side < newest.sides.size(); ++side) {
    const std::string label = report.label(side);
    const std::string at = newest.load.title() + (label.empty() ? "" : ", " + label);
    report.judgements.push_back({Judgement::Of::kAnswers, at, judge_answers(newest.sides[side], at)});
    report.judgements.push_back({Judgement::Of::kMachine, at, judge_noise(newest.sides[side], at)});
    if (side > 0) continue;
    for (const Budget& budget : budgets)
      report.judgements.push_back({Judgement::Of::kBudget, at, budget.judge(newest.sides[side], at)});
  }
}

}  // namespace gantry::inline GANTRY_ABI::cli
