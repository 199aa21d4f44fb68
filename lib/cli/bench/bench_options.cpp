// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/bench_options.hpp"

#include <cmath>
#include <set>

#include "cli/quantity_text.hpp"
#include "core/return_if_error.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

constexpr double kDefaultSeconds = 2.5;
constexpr double kDefaultWarmUp = 0.5;
constexpr double kMostCallers = 4096;
constexpr double kMostRate = 1e6;
constexpr double kMostBenchSeconds = 24 * 3600;

Result<Arrival> parse_arrival(const Arguments& arguments) {
  const auto text = arguments.value("arrival");
  if (text && !arguments.has("rate")) return usage_error("--arrival says how requests of --rate come; give --rate R");
  if (!text || *text == "poisson") return Arrival::kPoisson;
  if (*text == "constant") return Arrival::kConstant;
  return usage_error("--arrival: expected poisson or constant, got '" + *text + "'");
}

Result<std::vector<Load>> parse_loads(const Arguments& arguments) {
  const auto callers = arguments.value("concurrency");
  const auto rates = arguments.value("rate");
  if (callers && rates)
    return usage_error(
        "--concurrency (callers that wait for answers) and --rate (requests that do not) exclude each other");
  GANTRY_ASSIGN_OR_RETURN(const auto arrival, parse_arrival(arguments));
  std::vector<Load> loads;
  if (!callers && !rates) return loads;
  const auto numbers = callers ? parse_numbers(*callers, 1, kMostCallers) : parse_numbers(*rates, 1e-3, kMostRate);
  if (!numbers) return numbers.error().within(callers ? "--concurrency" : "--rate");
  for (const double number : *numbers) {
    if (callers && number != std::floor(number))
      return usage_error("--concurrency: expected whole numbers of callers, got '" + *callers + "'");
    Load load;
    load.arrival = arrival;
    load.callers = callers ? static_cast<int>(number) : 0;
    load.rate = callers ? 0 : number;
    loads.push_back(load);
  }
  return loads;
}

Result<std::chrono::nanoseconds> parse_seconds(const Arguments& arguments, const std::string& option, double least,
                                               double fallback) {
  const auto text = arguments.value(option);
  if (!text) return duration_of(fallback);
  const auto seconds = parse_number(*text, least, kMostBenchSeconds);
  if (!seconds) return seconds.error().within("--" + option);
  return duration_of(*seconds);
}

/// Two reports must not share a file: the second would overwrite the first.
Result<void> check_files(const BenchOptions& options) {
  std::set<std::string> paths;
  for (const auto& path : {options.json, options.junit, options.html})
    if (path && !paths.insert(*path).second) return usage_error("'" + *path + "' is given for two reports");
  return {};
}

}  // namespace

Result<BenchOptions> parse_bench_options(const Arguments& arguments) {
  BenchOptions options;
  GANTRY_ASSIGN_OR_RETURN(options.loads, parse_loads(arguments));
  GANTRY_ASSIGN_OR_RETURN(const auto length, parse_seconds(arguments, "seconds", 0.01, kDefaultSeconds));
  GANTRY_ASSIGN_OR_RETURN(const auto warm_up, parse_seconds(arguments, "warmup", 0, kDefaultWarmUp));
  options.times.length = length;
  options.times.warm_up = warm_up;
  GANTRY_ASSIGN_OR_RETURN(options.budgets, parse_budgets(arguments));
  options.allows_noise = arguments.has("allow-noise");
  options.vs = arguments.value("vs");
  options.vs_engine = arguments.value("vs-engine");
  if (options.vs_engine && !options.vs) return usage_error("--vs-engine is the engine of --vs PKG2; give --vs");
  options.json = arguments.value("json");
  options.junit = arguments.value("junit");
  options.html = arguments.value("html");
  GANTRY_RETURN_IF_ERROR(check_files(options));
  return options;
}

std::vector<Load> default_loads(int workers, bool has_budgets) {
  std::set<int> callers = {workers};
  if (!has_budgets) callers.insert({1, 2 * workers});
  std::vector<Load> loads;
  for (const int count : callers) {
    Load load;
    load.callers = count;
    loads.push_back(load);
  }
  return loads;
}

}  // namespace gantry::inline GANTRY_ABI::cli
