// SPDX-License-Identifier: Apache-2.0
// What the command line of gantry bench asks for, beyond how packages are opened.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/bench/budget.hpp"
#include "cli/bench/load.hpp"

namespace gantry::inline GANTRY_ABI::cli {

struct BenchOptions {
  std::vector<Load> loads;  ///< those of --concurrency or --rate; none: default_loads()
  LoadTimes times;
  std::vector<Budget> budgets;
  bool allows_noise = false;
  std::optional<std::string> vs;         ///< the package to compare with
  std::optional<std::string> vs_engine;  ///< its engine, if not the same
  std::optional<std::string> json, junit, html;
};

/// invalid_argument with the option for what cannot be understood or does not go together.
Result<BenchOptions> parse_bench_options(const Arguments& arguments);

/// Where none is asked for: 1 caller, as many as workers, and twice as many, for the curve; with a budget as many as
/// workers, where every worker has something to do and nothing waits.
std::vector<Load> default_loads(int workers, bool has_budgets);

}  // namespace gantry::inline GANTRY_ABI::cli
