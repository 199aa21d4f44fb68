// SPDX-License-Identifier: Apache-2.0
// explain(): the exact text, whichever front end declared the chain.
#include <gtest/gtest.h>
#include <gantry/pipeline.hpp>
#include <gantry/registry.hpp>

#include <string>
#include <tuple>
#include <vector>

#include "pipeline/config_fixture.hpp"
#include "support/fake_engine.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::add;
using test::FakeScript;
using test::Int;
using test::is_even;
using test::make_fake_model;
using test::make_registry;
using test::make_runtime;
using test::multiply;
using test::spread;
using test::subtract;
using test::sum;

/// Without the line about the runtime, which depends on the machine.
template <class In, class Out>
std::string stages_of(const Pipeline<In, Out>& pipeline) {
  const std::string text = pipeline.explain();
  const auto first = text.find('\n');
  return text.substr(text.find('\n', first + 1) + 1);
}

TEST(Explain, BeginsWithTypesAndRuntime) {
  const Runtime runtime = make_runtime(3, Execution::kPooled, 77);
  CompileOptions options(runtime);
  options.name = "cats";
  EXPECT_EQ(compile(add(1), options).value().explain(),
            "pipeline 'cats': long -> long\n"
            "  runtime: pooled, 3 workers x 1 intra-op threads, at most 77 requests in flight; CPU budget " +
                runtime.budget_explanation() +
                "\n"
                "  pipeline[0]  test.add(n=1)  long -> long  [segment 1]\n");
}

TEST(Explain, NamesCallerExecution) {
  const Runtime runtime = make_runtime(2, Execution::kCaller, 5);
  EXPECT_EQ(
      compile(add(1), runtime).value().explain(),
      "pipeline: long -> long\n"
      "  runtime: caller execution, 2 engine calls x 1 intra-op threads, at most 5 requests in flight; CPU budget " +
          runtime.budget_explanation() +
          "\n"
          "  pipeline[0]  test.add(n=1)  long -> long  [segment 1]\n");
}

TEST(Explain, ShowsCompoundsIndentedAndCallablesMarked) {
  const auto chain = fork(add(1) | multiply(2), when(is_even(), add(-3), stage("mine", [](Int x) { return x; }))) |
                     subtract() | tap<Int>("watch", [](const Int&) {}) | spread(2) | each(add(5)) | sum();
  EXPECT_EQ(stages_of(compile(chain, make_runtime(1)).value()),
            "  pipeline[0]  fork  long -> tuple<long, long>  [segment 1]\n"
            "    pipeline[0].branches[0][0]  test.add(n=1)  long -> long  [segment 1]\n"
            "    pipeline[0].branches[0][1]  test.multiply(n=2)  long -> long  [segment 1]\n"
            "    pipeline[0].branches[1][0]  when(if=test.is_even)  long -> long  [segment 1]\n"
            "      pipeline[0].branches[1][0].then[0]  test.add(n=-3)  long -> long  [segment 1]\n"
            "      pipeline[0].branches[1][0].else[0]  mine (callable)  long -> long  [segment 1]\n"
            "  pipeline[1]  test.subtract  tuple<long, long> -> long  [segment 1]\n"
            "  pipeline[2]  watch (tap)  long -> long  [segment 1]\n"
            "  pipeline[3]  test.spread(n=2)  long -> list<long>  [segment 1]\n"
            "  pipeline[4]  each  list<long> -> list<long>  [segment 1]\n"
            "    pipeline[4].do[0]  test.add(n=5)  long -> long  [segment 1]\n"
            "  pipeline[5]  test.sum  list<long> -> long  [segment 1]\n");
}

TEST(Explain, CutsSegmentsAtModels) {
  const Runtime runtime = make_runtime(1);
  const Model model = make_fake_model(std::make_shared<FakeScript>(), runtime, 0, 8);
  const auto pass = stage("pass", [](Tensor x) { return x; });
  EXPECT_EQ(stages_of(compile(pass | model.stage() | pass, runtime).value()),
            "  pipeline[0]  pass (callable)  Tensor -> Tensor  [segment 1]\n"
            "  pipeline[1]  model('fake', (x: f32[batch, 2]) -> (y: f32[batch, 2]), max_batch=8, merges up to 8 "
            "samples, as the host "
            "assumes, a fake)  Tensor -> Tensor  [segment 2]\n"
            "  pipeline[2]  pass (callable)  Tensor -> Tensor  [segment 3]\n");
}

TEST(Explain, IsTheSameForBothFrontEnds) {
  const Runtime runtime = make_runtime(1);
  const auto typed = fork(add(1), when(is_even(), add(2), multiply(3) | add(4))) | subtract() | spread(2) |
                     each(add(5) | multiply(-1)) | sum();
  const auto parsed = parse_stages<Int, Int>(R"([
      {"op": "fork", "branches": [
          [{"op": "test.add", "n": 1}],
          [{"op": "when", "if": {"predicate": "test.is_even"},
            "then": [{"op": "test.add", "n": 2}],
            "else": [{"op": "test.multiply", "n": 3}, {"op": "test.add", "n": 4}]}]]},
      {"op": "test.subtract"},
      {"op": "test.spread", "n": 2},
      {"op": "each", "do": [{"op": "test.add", "n": 5}, {"op": "test.multiply", "n": -1}]},
      {"op": "test.sum"}])",
                                             make_registry())
                          .value();
  EXPECT_EQ(compile(typed, runtime).value().explain(), compile(parsed, runtime).value().explain());
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
