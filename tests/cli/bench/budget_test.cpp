// SPDX-License-Identifier: Apache-2.0
// What keeps to a budget, and what cannot be judged.
#include "cli/bench/budget.hpp"

#include <gtest/gtest.h>

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Status = Finding::Status;

Result<std::vector<Budget>> budgets_of(const std::vector<std::string>& words) {
  CommandSpec spec;
  spec.options = budget_option_specs();
  return parse_budgets(Arguments::parse(words, spec).value());
}

/// `count` answers of 1 ms, 2 ms, ...
Measurement measured(int count) {
  Measurement measurement;
  for (int i = 1; i <= count; ++i) measurement.load.latencies.add(milliseconds(i));
  measurement.load.answers_per_second = count;
  measurement.load.completed = static_cast<std::uint64_t>(count);
  measurement.use.cpu_time = milliseconds(3) * count;
  measurement.use.elapsed = seconds(1);
  return measurement;
}

Finding judged(const std::vector<std::string>& words, const Measurement& measurement) {
  return budgets_of(words).value().front().judge(measurement, "2 callers");
}

TEST(Budget, ReadsAllOptions) {
  const auto budgets = budgets_of({"--p50", "10ms", "--p999", "1s", "--min-rate", "200", "--max-cpu", "5ms"});
  ASSERT_TRUE(budgets.ok());
  std::vector<std::string> texts;
  for (const Budget& budget : *budgets) texts.push_back(budget.text());
  EXPECT_EQ(texts, (std::vector<std::string>{"p50 <= 10.0 ms", "p99.9 <= 1.00 s", "CPU per request <= 5.00 ms",
                                             "rate >= 200/s"}));
}

TEST(Budget, RefusesWhatHasNoUnit) {
  const auto budgets = budgets_of({"--p99", "20"});
  ASSERT_FALSE(budgets.ok());
  EXPECT_EQ(
      budgets.error().to_string(),
      "invalid_argument: --p99: expected a duration of 1ns to 1000h with its unit (ns, us, ms, s, min, h), such as "
      "20ms, got '20'");
  EXPECT_FALSE(budgets_of({"--min-rate", "-1"}).ok());
  EXPECT_FALSE(budgets_of({"--max-cpu", "fast"}).ok());
}

TEST(Budget, IsKeptUpToItsLimit) {
  EXPECT_EQ(judged({"--p90", "91ms"}, measured(100)).status, Status::kOk);
  const Finding exceeded = judged({"--p90", "80ms"}, measured(100));
  EXPECT_EQ(exceeded.status, Status::kFailed);
  EXPECT_EQ(exceeded.name, "p90 <= 80.0 ms at 2 callers");
  EXPECT_EQ(exceeded.detail, "p90 is 90.2 ms");
  EXPECT_EQ(judged({"--min-rate", "100"}, measured(100)).status, Status::kOk);
  EXPECT_EQ(judged({"--min-rate", "101"}, measured(100)).status, Status::kFailed);
  EXPECT_EQ(judged({"--max-cpu", "3ms"}, measured(100)).status, Status::kOk);
  EXPECT_EQ(judged({"--max-cpu", "2ms"}, measured(100)).detail, "CPU per request is 3.00 ms");
}

TEST(Budget, AQuantileOfTooFewAnswersFails) {
  const Finding finding = judged({"--p999", "1h"}, measured(999));
  EXPECT_EQ(finding.status, Status::kFailed);
  EXPECT_EQ(finding.detail, "p99.9 is unknown: it takes 1000 answers, and there were 999; give more --seconds");
  EXPECT_EQ(judged({"--p999", "1h"}, measured(1000)).status, Status::kOk);
  EXPECT_EQ(judged({"--max-cpu", "1h"}, measured(0)).status, Status::kFailed);
}

TEST(Budget, AVoidMeasurementProvesNothing) {
  Measurement noisy = measured(100);
  noisy.noise = {"throttled"};
  for (const char* limit : {"1h", "1ns"}) {
    const Finding finding = judged({"--p90", limit}, noisy);
    EXPECT_EQ(finding.status, Status::kCouldNotRun);
    EXPECT_EQ(finding.detail.rfind("void: throttled; p90 is ", 0), 0U) << finding.detail;
  }
  noisy.allows_noise = true;
  EXPECT_EQ(judged({"--p90", "1h"}, noisy).status, Status::kOk);
  EXPECT_EQ(judged({"--p90", "1ns"}, noisy).status, Status::kFailed);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::cli
