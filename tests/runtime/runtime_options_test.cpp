// SPDX-License-Identifier: Apache-2.0
// RuntimeOptions: limits, what 0 stands for, and the config file.
#include <gtest/gtest.h>

#include <gantry/runtime.hpp>
#include <string>

#include "runtime/cpu_budget.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::IsOk;

RuntimeOptions with_workers(int workers) {
  RuntimeOptions options;
  options.workers = workers;
  options.allow_oversubscription = true;
  return options;
}

TEST(RuntimeOptions, TheGoalChoosesWorkersAndThreads) {
  const int budget = detail::read_cpu_budget().cpus;
  RuntimeOptions options;
  options.goal = Goal::kLatency;
  const Runtime latency = Runtime::create(options).value();
  EXPECT_EQ(latency.options().workers, 1);
  EXPECT_EQ(latency.options().intra_op_threads, budget);
  const Runtime throughput = Runtime::create({}).value();
  EXPECT_EQ(throughput.options().workers, budget);
  EXPECT_EQ(throughput.options().intra_op_threads, 1);
}

TEST(RuntimeOptions, AreLimited) {
  RuntimeOptions options = with_workers(-1);
  EXPECT_THAT(Runtime::create(options), FailsWith(ErrorCode::kInvalidArgument, "workers must be 0..4096, got -1"));
  options = with_workers(4097);
  EXPECT_THAT(Runtime::create(options), FailsWith(ErrorCode::kInvalidArgument, "got 4097"));
  options = with_workers(1);
  options.intra_op_threads = -2;
  EXPECT_THAT(Runtime::create(options), FailsWith(ErrorCode::kInvalidArgument, "intra_op_threads must be 0..4096"));
  options = with_workers(1);
  options.image_threads = 0;
  EXPECT_THAT(Runtime::create(options), FailsWith(ErrorCode::kInvalidArgument, "image_threads must be 1..4096, got 0"));
  options.image_threads = 1;
  options.max_in_flight = 0;
  EXPECT_THAT(Runtime::create(options), FailsWith(ErrorCode::kInvalidArgument, "max_in_flight must be at least 1"));
}

TEST(RuntimeOptions, KeepWithinTheBudgetUnlessAskedOtherwise) {
  const int budget = detail::read_cpu_budget().cpus;
  RuntimeOptions options;
  options.workers = budget + 1;
  EXPECT_THAT(Runtime::create(options), FailsWith(ErrorCode::kInvalidArgument, "exceed the CPU budget"));
  options.workers = 1;
  options.intra_op_threads = budget + 1;
  EXPECT_THAT(Runtime::create(options), FailsWith(ErrorCode::kInvalidArgument, "set allow_oversubscription"));
  options.allow_oversubscription = true;
  EXPECT_THAT(Runtime::create(options), IsOk());
}

TEST(RuntimeOptions, ZeroMeansTheBudget) {
  const int budget = detail::read_cpu_budget().cpus;
  const Runtime wide = Runtime::create({}).value();
  EXPECT_EQ(wide.options().workers, budget);
  EXPECT_EQ(wide.options().intra_op_threads, 1);
  EXPECT_EQ(wide.budget_explanation(), detail::read_cpu_budget().explanation);
  RuntimeOptions options;
  options.workers = 1;
  options.intra_op_threads = 0;
  EXPECT_EQ(Runtime::create(options).value().options().intra_op_threads, budget);
}

TEST(RuntimeOptions, CpusReplaceTheBudgetAndTheEnvironment) {
  ASSERT_EQ(::setenv("GANTRY_CPUS", "7", 1), 0);
  RuntimeOptions options = RuntimeOptions::parse(R"({"cpus": 3})").value();
  const Runtime by_config = Runtime::create(options).value();
  options.cpus = 5;
  const Runtime by_host = Runtime::create(options).value();
  options.cpus = 0;
  const Runtime by_environment = Runtime::create(options).value();
  ASSERT_EQ(::unsetenv("GANTRY_CPUS"), 0);
  EXPECT_EQ(by_config.options().workers, 3);
  EXPECT_EQ(by_config.budget_explanation().find("3 CPUs: RuntimeOptions::cpus=3 instead of 7 (GANTRY_CPUS=7 "), 0u);
  EXPECT_EQ(by_config.stats().effective_cpus, 3);
  EXPECT_EQ(by_host.options().workers, 5);
  EXPECT_EQ(by_environment.options().workers, 7);
  options.cpus = 4097;
  EXPECT_THAT(Runtime::create(options), FailsWith(ErrorCode::kInvalidArgument, "cpus must be 0..4096, got 4097"));
}

TEST(RuntimeOptions, ComeFromAConfig) {
  const RuntimeOptions options =
      RuntimeOptions::parse(R"({"cpus": 6, "goal": "latency", "workers": 2, "intra_op_threads": 3, "max_in_flight": 77,
                                "execution": "caller", "callers_help": false, "image_threads": 4,
                                "allow_oversubscription": true,
                                "priority_aging_ms": 250, "tenant_weights": {"gold": 2.5, "": 1}, "shed_target_ms": 8,
                                "shed_interval_ms": 90})")
          .value();
  EXPECT_EQ(options.cpus, 6);
  EXPECT_EQ(options.goal, Goal::kLatency);
  EXPECT_EQ(options.workers, 2);
  EXPECT_EQ(options.intra_op_threads, 3);
  EXPECT_EQ(options.max_in_flight, 77u);
  EXPECT_EQ(options.execution, Execution::kCaller);
  EXPECT_FALSE(options.callers_help);
  EXPECT_EQ(options.image_threads, 4);
  EXPECT_TRUE(options.allow_oversubscription);
  EXPECT_EQ(options.priority_aging, std::chrono::milliseconds(250));
  EXPECT_EQ(options.tenant_weights, (std::map<std::string, double>{{"gold", 2.5}, {"", 1}}));
  EXPECT_EQ(options.shed_target, std::chrono::milliseconds(8));
  EXPECT_EQ(options.shed_interval, std::chrono::milliseconds(90));
}

TEST(RuntimeOptions, AnEmptyConfigChangesNothing) {
  const RuntimeOptions options = RuntimeOptions::parse("{}").value();
  const RuntimeOptions usual;
  EXPECT_EQ(options.cpus, usual.cpus);
  EXPECT_EQ(options.goal, usual.goal);
  EXPECT_EQ(options.workers, usual.workers);
  EXPECT_EQ(options.intra_op_threads, usual.intra_op_threads);
  EXPECT_EQ(options.max_in_flight, usual.max_in_flight);
  EXPECT_EQ(options.execution, usual.execution);
  EXPECT_TRUE(options.callers_help);
  EXPECT_EQ(options.image_threads, usual.image_threads);
  EXPECT_EQ(options.allow_oversubscription, usual.allow_oversubscription);
  EXPECT_EQ(options.priority_aging, usual.priority_aging);
  EXPECT_EQ(options.tenant_weights, usual.tenant_weights);
  EXPECT_EQ(options.shed_target, usual.shed_target);
  EXPECT_EQ(options.shed_interval, usual.shed_interval);
}

TEST(RuntimeOptions, ABadConfigIsRefusedWithItsPath) {
  const struct {
    const char* json;
    const char* message;
  } cases[] = {
      {"", "the runtime's config"},
      {"[]", "expected an object, got a list"},
      {R"({"cpus": 2, "cpus": 2})", "cpus"},
      {R"({"cpu": 2})", "cpu"},
      {R"({"cpus": -1})", "cpus: "},
      {R"({"cpus": 4097})", "cpus: "},
      {R"({"cpus": 1.5})", "cpus: expected an integer"},
      {R"({"cpus": "2"})", "cpus: expected an integer, got \"2\""},
      {R"({"goal": "speed"})", "goal: "},
      {R"({"workers": 5000})", "workers: "},
      {R"({"image_threads": 0})", "image_threads: "},
      {R"({"callers_help": 1})", "callers_help: "},
      {R"({"max_in_flight": 0})", "max_in_flight: "},
      {R"({"max_in_flight": 1e30})", "max_in_flight: "},
      {R"({"execution": 1})", "execution: "},
      {R"({"allow_oversubscription": "yes"})", "allow_oversubscription: "},
      {R"({"shed_target_ms": -5})", "shed_target_ms: "},
      {R"({"priority_aging_ms": 9223372036854775807})", "priority_aging_ms: "},
      {R"({"tenant_weights": []})", "tenant_weights: expected an object, got a list"},
      {R"({"tenant_weights": {"a": 0}})", "tenant_weights.a: expected a number above 0, got 0"},
      {R"({"tenant_weights": {"a": "2"}})", "tenant_weights.a: expected a number above 0"},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.json);
    EXPECT_THAT(RuntimeOptions::parse(each.json), FailsWith(ErrorCode::kInvalidArgument, each.message));
  }
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
