// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/budget.hpp"

#include "cli/quantity_text.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using Status = Finding::Status;

/// A figure, compared with its limit.
struct Judged {
  bool is_kept = false;
  std::string figure;
};

Judged judge_quantile(const Budget& budget, const LatencyHistogram& latencies) {
  const auto value = latencies.quantile(budget.q);
  if (value) return {*value <= budget.most, duration_text(*value)};
  return {false, "unknown: it takes " + std::to_string(LatencyHistogram::needed_for(budget.q)) +
                     " answers, and there were " + std::to_string(latencies.count()) + "; give more --seconds"};
}

Judged judge_cpu(const Budget& budget, const Measurement& measured) {
  const auto value = measured.cpu_per_request();
  return value ? Judged{*value <= budget.most, duration_text(*value)}
               : Judged{false, "unknown: no request was answered"};
}

}  // namespace

std::string Budget::text() const {
  if (kind == Kind::kRate) return name + " >= " + number_text(least_rate) + "/s";
  return name + " <= " + duration_text(most);
}

Finding Budget::judge(const Measurement& measured, const std::string& at) const {
  const Judged judged = kind == Kind::kQuantile ? judge_quantile(*this, measured.load.latencies)
                        : kind == Kind::kCpu    ? judge_cpu(*this, measured)
                                                : Judged{measured.load.answers_per_second >= least_rate,
                                                      number_text(measured.load.answers_per_second) + "/s"};
  Finding finding;
  finding.name = text() + " at " + at;
  finding.seconds = seconds_of(measured.use.elapsed);
  finding.status = judged.is_kept ? Status::kOk : Status::kFailed;
  finding.detail = name + " is " + judged.figure;
  if (measured.is_void()) {
    finding.status = Status::kCouldNotRun;
    finding.detail = "void: " + measured.noise.front() + "; " + finding.detail;
    finding.error_type = "noise";
  }
  return finding;
}

std::vector<OptionSpec> budget_option_specs() {
  std::vector<OptionSpec> specs;
  for (const ReportedQuantile& quantile : kQuantiles) specs.push_back({quantile.key, true});
  specs.push_back({"min-rate", true});
  specs.push_back({"max-cpu", true});
  return specs;
}

Result<std::vector<Budget>> parse_budgets(const Arguments& arguments) {
  std::vector<Budget> budgets;
  const auto add_duration = [&](const std::string& option, Budget budget) -> Result<void> {
    const auto text = arguments.value(option);
    if (!text) return {};
    const auto most = parse_duration(*text);
    if (!most) return most.error().within("--" + option);
    budget.most = *most;
    budgets.push_back(std::move(budget));
    return {};
  };
  for (const ReportedQuantile& quantile : kQuantiles) {
    Budget budget;
    budget.name = quantile.name;
    budget.q = quantile.q;
    GANTRY_RETURN_IF_ERROR(add_duration(quantile.key, budget));
  }
  Budget cpu;
  cpu.kind = Budget::Kind::kCpu;
  cpu.name = "CPU per request";
  GANTRY_RETURN_IF_ERROR(add_duration("max-cpu", cpu));
  if (const auto text = arguments.value("min-rate")) {
    const auto least = parse_number(*text, 1e-6, 1e9);
    if (!least) return least.error().within("--min-rate");
    Budget rate;
    rate.kind = Budget::Kind::kRate;
    rate.name = "rate";
    rate.least_rate = *least;
    budgets.push_back(std::move(rate));
  }
  return budgets;
}

}  // namespace gantry::inline GANTRY_ABI::cli
