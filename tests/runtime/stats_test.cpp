// SPDX-License-Identifier: Apache-2.0
// The metrics page is the same in every host, whatever its locale.
#include <gantry/stats.hpp>
#include <gantry/version.hpp>

#include <gmock/gmock.h>

#include "support/host_locale.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

RuntimeStats some_stats() {
  RuntimeStats stats;
  stats.workers = 2;
  stats.requests = 1234567;
  stats.effective_cpus = 1.5;
  stats.cpu_budget = "2 CPUs";
  ++stats.queue_age.counts[Histogram::bucket_of(1500000)];
  stats.queue_age.count = 1;
  stats.queue_age.sum_ns = 1500000;
  ModelStats model;
  model.name = "m";
  model.calls = 7654321;
  stats.models.push_back(model);
  return stats;
}

TEST(MetricsPage, NamesTheVersionAndTheEngines) {
  RuntimeStats stats = some_stats();
  stats.models[0].engine = "an engine, \"quoted\"";
  const std::string page = to_prometheus(stats);
  EXPECT_THAT(page, testing::HasSubstr(std::string("\ngantry_build_info{version=\"") + version() + "\"} 1\n"));
  EXPECT_THAT(page, testing::HasSubstr("\ngantry_model_info{model=\"m\",engine=\"an engine, \\\"quoted\\\"\"} 1\n"));
}

TEST(MetricsPage, IsTheSameInEveryHost) {
  const std::string expected = to_prometheus(some_stats());
  ASSERT_THAT(expected, testing::HasSubstr("gantry_model_calls_total{model=\"m\"} 7654321\n"));
  ASSERT_THAT(expected, testing::HasSubstr("_sum 0.0015\n"));
  const test::HostLocale host("de_DE");
  EXPECT_EQ(to_prometheus(some_stats()), expected);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
