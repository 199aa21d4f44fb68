// SPDX-License-Identifier: Apache-2.0
// The options of gantry bench, except those for opening packages.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/bench/budget.hpp"
#include "cli/bench/load.hpp"

namespace gantry::inline GANTRY_ABI::cli {

struct BenchOptions {
  std::vector<Load> loads;  ///< from --concurrency or --rate; empty: default_loads()
  LoadTimes times;
  std::vector<Budget> budgets;
  bool allows_noise = false;
  std::optional<std::string> vs;         ///< the package to compare with
  std::optional<std::string> vs_engine;  ///< its engine, if it differs
  std::optional<std::string> json, junit, html;
};

/// invalid_argument names the option that cannot be parsed or combined with another.
Result<BenchOptions> parse_bench_options(const Arguments& arguments);

/// The loads if none is given. For the curve: 1 caller, as many as workers, and twice as many. With a budget: as many
/// as workers, so that every worker is busy and nothing waits.
std::vector<Load> default_loads(int workers, bool has_budgets);

}  // namespace gantry::inline GANTRY_ABI::cli
