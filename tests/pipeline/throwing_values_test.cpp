// SPDX-License-Identifier: Apache-2.0
// Payloads that throw when they are copied or moved: nothing comes out of a pipeline's calls but an error.
#include <gtest/gtest.h>
#include <gantry/any_pipeline.hpp>
#include <gantry/pipeline.hpp>

#include <cstddef>
#include <future>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::make_runtime;

/// Throws where it is told to.
struct Fragile {
  enum Kind { kSound, kNotCopied, kNotMoved };
  explicit Fragile(Kind k) : kind(k) {}
  Fragile(const Fragile& other) : kind(other.kind) {
    if (kind == kNotCopied) throw std::runtime_error("it broke");
  }
  Fragile(Fragile&& other) : kind(other.kind) {
    if (kind == kNotMoved) throw std::runtime_error("it broke");
  }
  Kind kind;
};

/// Throws when it is moved after `moves`.
struct Short {
  explicit Short(int n) : moves(n) {}
  Short(Short&& other) : moves(other.moves - 1) {
    if (moves < 0) throw std::runtime_error("too far");
  }
  int moves;
};

class ThrowingValues : public ::testing::TestWithParam<Execution> {
 protected:
  Pipeline<Fragile, int> make() const {
    CompileOptions options(runtime_);
    options.name = "post";
    return compile(stage("kind", [](const Fragile& fragile) { return static_cast<int>(fragile.kind); }), options)
        .value();
  }
  static auto broken() {
    return FailsWith(ErrorCode::kInternal, "pipeline 'post' > input: threw std::runtime_error: it broke");
  }
  Runtime runtime_ = make_runtime(2, GetParam());
};

INSTANTIATE_TEST_SUITE_P(Executions, ThrowingValues, ::testing::Values(Execution::kPooled, Execution::kCaller),
                         [](const auto& execution) {
                           return execution.param == Execution::kPooled ? "Pooled" : "Caller";
                         });

TEST_P(ThrowingValues, AsInputsAreRefused) {
  const auto pipeline = make();
  EXPECT_THAT(pipeline.run(Fragile(Fragile::kNotMoved)), broken());
  EXPECT_EQ(pipeline.run(Fragile(Fragile::kSound)).value(), 0);
  EXPECT_THAT(pipeline.submit(Fragile(Fragile::kNotMoved)).get(), broken());
  std::promise<Result<int>> answer;
  pipeline.submit(Fragile(Fragile::kNotMoved), {}, [&](Result<int> result) { answer.set_value(std::move(result)); });
  EXPECT_THAT(answer.get_future().get(), broken());
  EXPECT_NO_THROW(pipeline.submit(Fragile(Fragile::kNotMoved), {}, [](const Result<int>&) { throw 1; }));
  const PipelineStats stats = runtime_.stats().pipelines.at(0);
  EXPECT_EQ(stats.requests, 5u);
  EXPECT_EQ(stats.errors[static_cast<std::size_t>(ErrorCode::kInternal)], 4u);
}

TEST_P(ThrowingValues, OfABatchAreRefusedAlone) {
  const auto pipeline = make();
  std::vector<Fragile> inputs;
  inputs.reserve(4);
  for (const auto kind : {Fragile::kSound, Fragile::kNotCopied, Fragile::kNotMoved, Fragile::kSound})
    inputs.emplace_back(kind);
  const auto results = pipeline.run_batch(Span<const Fragile>(inputs.data(), inputs.size()));
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ(results[0].value(), 0);
  EXPECT_THAT(results[1], broken());
  EXPECT_THAT(results[2], broken());
  EXPECT_EQ(results[3].value(), 0);
}

/// How many moves a result makes before it is the caller's is not said: whichever of them throws gives an error.
TEST_P(ThrowingValues, AsResultsGiveAnError) {
  const auto pipeline = compile(stage("make", [](int moves) { return Short(moves); }), runtime_).value();
  int given = 0;
  for (int moves = 0; moves < 8; ++moves) {
    const Result<Short> result = pipeline.run(moves);
    given += result.ok();
    if (!result) {
      EXPECT_THAT(result, FailsWith(ErrorCode::kInternal, "threw std::runtime_error: too far")) << moves;
    }
  }
  EXPECT_GT(given, 0);
  EXPECT_LT(given, 8);
  const std::vector<int> batch = {0, 99};
  const auto results = pipeline.run_batch(batch);
  EXPECT_FALSE(results[0]);
  EXPECT_TRUE(results[1]);
}

TEST_P(ThrowingValues, InAPayloadGiveAnError) {
  const Payload payload = Payload::from(std::vector<Fragile>());
  EXPECT_TRUE(payload.as<std::vector<Fragile>>());
  std::vector<Fragile> list;
  list.emplace_back(Fragile::kNotCopied);
  const Payload broken_list = Payload::from(std::move(list));
  EXPECT_THAT(broken_list.as<std::vector<Fragile>>(), FailsWith(ErrorCode::kInternal, "it broke"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
