// SPDX-License-Identifier: Apache-2.0
// What examples/04_tracing does, with a fake engine, with requests that fail or are not sampled, and with a pipeline
// that is a stage of another one; traces to stdout.
#include <cstdio>
#include <future>
#include <gantry/pipeline.hpp>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "otlp_observer.hpp"
#include "support/fake_engine.hpp"

int main() {
  using namespace gantry;
  RuntimeOptions options;
  options.workers = 1;
  options.observer = std::make_shared<OtlpObserver>("classifier", std::cout);
  const Runtime runtime = Runtime::create(options).value();
  const auto script = std::make_shared<test::FakeScript>();
  const Model model = test::make_fake_model(script, runtime, 1);
  CompileOptions named(runtime);
  named.name = "fake";
  const auto prepare = stage("prepare", [](Tensor x) -> Result<Tensor> {
    if (test::values_of(x)[0] < 0) return Error(ErrorCode::kInvalidArgument, "\xff is not UTF-8");
    return x;
  });
  const auto pipeline = compile(prepare | model.stage(), named).value();

  RunOptions request;
  request.trace_parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  request.tenant = "mobile";
  if (!pipeline.run(test::row({1, 2}), request)) return 1;
  if (pipeline.run(test::row({-1, 2}), request)) return 1;
  named.name = "service";
  if (!compile(pipeline.stage() | stage("pass", [](Tensor x) { return x; }), named)
           .value()
           .run(test::row({1, 2}), request))
    return 1;
  request.trace_parent = "00-00000000000000000000000000000bad-00f067aa0ba902b7-00";
  if (!pipeline.run(test::row({1, 2}), request)) return 1;

  script->gate.close();
  std::vector<std::future<Result<Tensor>>> answers;
  for (int i = 0; i < 100; ++i) answers.push_back(pipeline.submit(test::row({1, 2})));
  script->gate.open();
  for (auto& answer : answers)
    if (!answer.get()) return 1;
}
