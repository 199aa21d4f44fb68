// SPDX-License-Identifier: Apache-2.0
// Budget: limits for a package under load (latency, rate, CPU time), and whether a measurement meets them.
#pragma once

#include <chrono>
#include <gantry/result.hpp>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/bench/measurement.hpp"
#include "cli/junit.hpp"

namespace gantry::inline GANTRY_ABI::cli {

/// A quantile that is reported, and that a budget may limit.
struct ReportedQuantile {
  const char* name;  ///< for options and tables; the option of "p99.9" is --p999
  const char* key;   ///< the JSON key without its suffix "_ms"
  double q;
};
constexpr ReportedQuantile kQuantiles[] = {
    {"p50", "p50", 0.5}, {"p90", "p90", 0.9}, {"p99", "p99", 0.99}, {"p99.9", "p999", 0.999}};

struct Budget {
  enum class Kind : std::uint8_t { kQuantile, kRate, kCpu };
  Kind kind = Kind::kQuantile;
  std::string name;                  ///< "p99", "rate", "CPU per request"
  double q = 0;                      ///< for kQuantile
  std::chrono::nanoseconds most{0};  ///< for kQuantile and kCpu
  double least_rate = 0;             ///< for kRate: answers per second

  /// "p99 <= 20.0 ms".
  std::string text() const;
  /// Whether a measurement meets the budget; `at` is the load's title. A void measurement cannot be judged. A quantile
  /// of too few answers counts as failed: a run that is too short proves nothing.
  Finding judge(const Measurement& measured, const std::string& at) const;
};

/// --p50, --p90, --p99, --p999, --max-cpu DURATION and --min-rate R.
std::vector<OptionSpec> budget_option_specs();
/// invalid_argument names the option that cannot be parsed.
Result<std::vector<Budget>> parse_budgets(const Arguments& arguments);

}  // namespace gantry::inline GANTRY_ABI::cli
