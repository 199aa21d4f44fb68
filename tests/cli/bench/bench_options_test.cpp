// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/bench_options.hpp"

#include <gtest/gtest.h>

namespace gantry::inline GANTRY_ABI::cli {
namespace {

Result<BenchOptions> options_of(const std::vector<std::string>& words) {
  CommandSpec spec;
  spec.options = budget_option_specs();
  for (const char* name :
       {"concurrency", "rate", "arrival", "seconds", "warmup", "vs", "vs-engine", "json", "junit", "html"})
    spec.options.push_back({name, true});
  spec.options.push_back({"allow-noise", false});
  return parse_bench_options(Arguments::parse(words, spec).value());
}

std::vector<std::string> titles(const std::vector<Load>& loads) {
  std::vector<std::string> titles;
  for (const Load& load : loads) titles.push_back(load.title());
  return titles;
}

TEST(BenchOptions, ALoadIsACountOfCallersOrARate) {
  const auto closed = options_of({"--concurrency", "1,4,16"});
  EXPECT_EQ(titles(closed->loads), (std::vector<std::string>{"1 caller", "4 callers", "16 callers"}));
  const auto open = options_of({"--rate", "0.5,250", "--arrival", "constant"});
  EXPECT_EQ(titles(open->loads), (std::vector<std::string>{"0.500/s", "250/s"}));
  EXPECT_EQ(open->loads[0].arrival, Arrival::kConstant);
  EXPECT_EQ(options_of({"--rate", "5"})->loads[0].arrival, Arrival::kPoisson);
}

TEST(BenchOptions, TimesAreSeconds) {
  const auto options = options_of({"--seconds", "0.25", "--warmup", "0"});
  EXPECT_EQ(options->times.length, std::chrono::milliseconds(250));
  EXPECT_EQ(options->times.warm_up.count(), 0);
  EXPECT_TRUE(options->loads.empty());
}

TEST(BenchOptions, WithoutALoadThereIsACurveAndWithABudgetOneLoad) {
  EXPECT_EQ(titles(default_loads(4, false)), (std::vector<std::string>{"1 caller", "4 callers", "8 callers"}));
  EXPECT_EQ(titles(default_loads(1, false)), (std::vector<std::string>{"1 caller", "2 callers"}));
  EXPECT_EQ(titles(default_loads(4, true)), (std::vector<std::string>{"4 callers"}));
}

TEST(BenchOptions, RefusesWhatMeansNothing) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--concurrency", "2", "--rate", "5"}, "exclude each other"},
      {{"--concurrency", "0"}, "--concurrency: expected a number from 1 to 4096, got '0'"},
      {{"--concurrency", "1,"}, "--concurrency: expected a number"},
      {{"--concurrency", "1.5"}, "expected whole numbers of callers"},
      {{"--rate", "1e3"}, "--rate: expected a number"},
      {{"--rate", "nan"}, "--rate: expected a number"},
      {{"--rate", "5", "--arrival", "random"}, "--arrival: expected poisson or constant, got 'random'"},
      {{"--arrival", "poisson"}, "give --rate R"},
      {{"--seconds", "0"}, "--seconds: expected a number from 0.01 to 86400"},
      {{"--warmup", "long"}, "--warmup: expected a number"},
      {{"--vs-engine", "aoti"}, "give --vs"},
      {{"--p99", "20"}, "--p99: expected a duration"},
      {{"--json", "x", "--html", "x"}, "'x' is given for two reports"}};
  for (const auto& [words, message] : cases) {
    const auto options = options_of(words);
    ASSERT_FALSE(options.ok()) << words[0] << " " << words[1];
    EXPECT_NE(options.error().to_string().find(message), std::string::npos) << options.error().to_string();
  }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::cli
