// SPDX-License-Identifier: Apache-2.0
// Random graphs of arithmetic stages. Each is built by the typed front end and by the config front end, and evaluated
// by a plain interpreter that knows nothing of pipelines; all three must agree, errors included, one by one and in a
// batch, pooled and on the caller's thread; and both front ends must explain() the same.
#include <gtest/gtest.h>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "pipeline/config_fixture.hpp"
#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::add;
using test::Int;
using test::is_even;
using test::make_registry;
using test::make_runtime;
using test::multiply;
using test::refuse;
using test::spread;
using test::subtract;
using test::sum;

/// The same Int -> Int graph three times. `evaluate` gives nothing where the graph must fail.
struct Graph {
  Stage<Int, Int> typed;
  std::string json;  // ops, without the brackets of the list
  std::function<std::optional<Int>(Int)> evaluate;
};

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  Graph make(int depth) {
    Graph graph = make_one(depth);
    for (int more = pick(0, 3); more > 0; --more) graph = chain(std::move(graph), make_one(depth));
    return graph;
  }
  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

 private:
  static Graph chain(Graph a, Graph b) {
    return {a.typed | b.typed, a.json + ", " + b.json, [first = a.evaluate, second = b.evaluate](Int x) {
              const auto between = first(x);
              return between ? second(*between) : std::nullopt;
            }};
  }

  Graph make_one(int depth) {
    const int kind = pick(0, depth > 0 ? 5 : 2);
    if (kind <= 2) return make_leaf(kind);
    if (kind == 3) return make_fork(make(depth - 1), make(depth - 1));
    if (kind == 4) return make_when(make(depth - 1), make(depth - 1));
    return make_each(make(depth - 1));
  }

  Graph make_leaf(int kind) {
    const Int n = kind == 2 ? pick(3, 12) : pick(-7, 7);
    const std::string params = R"(, "n": )" + std::to_string(n) + "}";
    if (kind == 0) return {add(n), R"({"op": "test.add")" + params, [n](Int x) { return std::optional<Int>(x + n); }};
    if (kind == 1)
      return {multiply(n), R"({"op": "test.multiply")" + params, [n](Int x) { return std::optional<Int>(x * n); }};
    return {refuse(n), R"({"op": "test.refuse")" + params,
            [n](Int x) { return x % n == 0 ? std::nullopt : std::optional<Int>(x); }};
  }

  static Graph make_fork(const Graph& a, const Graph& b) {
    return {fork(a.typed, b.typed) | subtract(),
            R"({"op": "fork", "branches": [[)" + a.json + "], [" + b.json + R"(]]}, {"op": "test.subtract"})",
            [first = a.evaluate, second = b.evaluate](Int x) {
              const auto left = first(x);
              const auto right = second(x);
              return left && right ? std::optional<Int>(*left - *right) : std::nullopt;
            }};
  }

  static Graph make_when(const Graph& a, const Graph& b) {
    return {
        when(is_even(), a.typed, b.typed),
        R"({"op": "when", "if": {"predicate": "test.is_even"}, "then": [)" + a.json + R"(], "else": [)" + b.json + "]}",
        [first = a.evaluate, second = b.evaluate](Int x) { return x % 2 == 0 ? first(x) : second(x); }};
  }

  Graph make_each(const Graph& inner) {
    const Int n = pick(0, 4);
    return {spread(n) | each(inner.typed) | sum(),
            R"({"op": "test.spread", "n": )" + std::to_string(n) + R"(}, {"op": "each", "do": [)" + inner.json +
                R"(]}, {"op": "test.sum"})",
            [n, evaluate = inner.evaluate](Int x) -> std::optional<Int> {
              Int total = 0;
              for (Int i = 0; i < n; ++i) {
                const auto element = evaluate(x + i);
                if (!element) return std::nullopt;
                total += *element;
              }
              return total;
            }};
  }

  std::mt19937 random_;
};

void expect_equal(const Result<Int>& result, const std::optional<Int>& expected, const std::string& what) {
  EXPECT_EQ(result.ok(), expected.has_value()) << what;
  if (result.ok() && expected) {
    EXPECT_EQ(*result, *expected) << what;
  }
  if (!result.ok()) {
    EXPECT_EQ(result.error().code(), ErrorCode::kInvalidArgument) << what;
  }
}

TEST(RandomGraphs, EvaluateAsAnInterpreterDoesAndExplainAlike) {
  const Runtime pooled = make_runtime(2);
  const Runtime caller = make_runtime(1, Execution::kCaller);
  const Registry registry = make_registry();
  int failures = 0;
  int answers = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    Generator generator(seed);
    const Graph graph = generator.make(3);
    const std::string json = "[" + graph.json + "]";
    const auto parsed = parse_stages<Int, Int>(json, registry);
    ASSERT_THAT(parsed, test::IsOk()) << json;
    const auto typed = compile(graph.typed, pooled).value();
    const auto config = compile(*parsed, pooled).value();
    EXPECT_EQ(typed.explain(), config.explain()) << json;
    const auto typed_caller = compile(graph.typed, caller).value();

    std::vector<Int> inputs;
    for (int i = 0; i < 8; ++i) inputs.push_back(generator.pick(-20, 20));
    const auto batch = typed.run_batch(inputs);
    const auto config_batch = config.run_batch(inputs);
    const auto caller_batch = typed_caller.run_batch(inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto expected = graph.evaluate(inputs[i]);
      const std::string what = json + " of " + std::to_string(inputs[i]);
      expect_equal(batch[i], expected, what);
      expect_equal(config_batch[i], expected, what);
      expect_equal(caller_batch[i], expected, what);
      const auto alone = typed.submit(inputs[i]).get();
      expect_equal(alone, expected, what);
      if (!expected) {
        EXPECT_EQ(alone.error().to_string(), batch[i].error().to_string()) << what;
      }
      ++(expected ? answers : failures);
    }
  }
  EXPECT_GT(answers, 500);  // the graphs exercise both
  EXPECT_GT(failures, 300);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
