// SPDX-License-Identifier: Apache-2.0
// exit() on a thread that is computing: a model and a pipeline that a static destructor calls then give an error; they
// neither hang nor crash. runtime_exit_on_worker worker | engine | caller | inline | executor: where exit() is called.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <gantry/pipeline.hpp>
#include <memory>
#include <optional>
#include <thread>

#include "support/fake_engine.hpp"

namespace g = gantry;

/// Uses them when statics are destroyed: it was made before everything else, so it goes last.
struct LateUser {
  std::optional<g::Runtime> runtime;
  std::optional<g::Model> model;
  std::optional<g::Pipeline<g::Tensor, g::Tensor>> pipeline;

  ~LateUser() {
    const auto code = [](const auto& result) { return result ? "ok" : g::to_string(result.error().code()); };
    const g::Tensor input = g::test::row({1, 2});
    std::printf("run: %s\n", code(pipeline->run(input)));
    std::printf("run_batch: %s\n", code(pipeline->run_batch(std::vector<g::Tensor>{input})[0]));
    std::printf("submit: %s\n", code(pipeline->submit(input).get()));
    std::printf("model: %s\n", code(model->run({{"x", input.reshape({1, 2}).value()}})));
    std::printf("compile: %s\n", code(g::compile(model->stage())));
    std::printf("create: %s\n", code(g::Runtime::create({})));
  }
};

/// A thread of the host's for each task.
struct Threads final : g::Executor {
  void post(g::Function<void()> task) override {
    std::thread([task = std::move(task)]() mutable { task(); }).detach();
  }
};

int main(int, char** argv) {
  static LateUser late;
  const auto is = [&](const char* where) { return std::strcmp(argv[1], where) == 0; };
  g::RuntimeOptions options;
  options.workers = 2;
  options.allow_oversubscription = true;
  options.callers_help = is("caller");
  if (is("inline")) options.execution = g::Execution::kCaller;
  if (is("executor")) options.executor = std::make_shared<Threads>();
  late.runtime = g::Runtime::create(options).value();
  auto script = std::make_shared<g::test::FakeScript>();
  late.model = g::test::make_fake_model(script, *late.runtime, 1);
  late.pipeline = g::compile(late.model->stage(), *late.runtime).value();
  late.pipeline->run(g::test::row({1, 2})).value();
  if (is("engine")) script->compute = [](const g::Tensors&) -> g::Result<g::Tensors> { std::exit(0); };
  const auto leave =
      g::compile(g::stage("leave", [](const g::Tensor&) -> g::Tensor { std::exit(0); }), *late.runtime).value();
  static_cast<void>(is("engine") ? late.pipeline->run(g::test::row({1, 2})) : leave.run(g::test::row({1, 2})));
  std::printf("exit() came back\n");
}
