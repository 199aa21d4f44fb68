// SPDX-License-Identifier: Apache-2.0
// A model in another process, through connections that fail:  08_backend [calls]
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <gantry/core.hpp>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "model_server.hpp"
#include "remote_backend.hpp"

namespace g = gantry;
using namespace std::chrono_literals;

namespace {

g::Tensor value_of(float x) {
  return g::Tensor::from(g::Span<const float>(&x, 1), {1}).value();
}
float number_in(const g::Tensor& y) {
  return y.values<float>().value()[0];
}

std::string text_of(const g::Result<g::Tensor>& result) {
  return result ? std::to_string(static_cast<int>(number_in(*result))) : result.error().to_string();
}

/// A temporary directory for the socket.
struct Directory {
  Directory() {
    if (!::mkdtemp(name.data())) std::perror("mkdtemp"), std::exit(2);
  }
  ~Directory() { ::rmdir(name.c_str()); }
  std::string name = "/tmp/gantry-backend-XXXXXX";
};

}  // namespace

int main(int argc, char** argv) {
  const int calls = argc > 1 ? std::atoi(argv[1]) : 400;
  const Directory directory;
  const std::string path = directory.name + "/model.sock";
  auto server = std::make_optional<ModelServer>(path, 1, [](int number) { return number == 1; });

  g::RuntimeOptions runtime_options;
  runtime_options.workers = 1;
  auto runtime = g::Runtime::create(runtime_options).value();
  const auto backend = std::make_shared<RemoteBackend>(RemoteBackend::Options{path});
  g::BackendOptions options;
  options.runtime = runtime;
  const auto signature = g::Signature::parse("x:f32[batch,1]", "y:f32[batch,1]").value();
  const auto model = g::Model::make(backend, signature, options).value();
  const auto pipeline = g::compile(model.stage(), runtime).value();
  const auto stats = [&] { return runtime.stats().models.at(0); };

  std::printf("an answer: %s\n", text_of(pipeline.run(value_of(3))).c_str());
  std::printf("after the connection was lost: %s\n", text_of(pipeline.run(value_of(4))).c_str());
  std::printf("%d connections, %d retry\n", backend->connections(), static_cast<int>(stats().retries));

  // Calls that arrive while the server is busy share the next batch. None of them blocks the runtime's one worker.
  server->hold();
  auto first = pipeline.submit(value_of(10));
  server->wait_for_held();
  std::vector<std::future<g::Result<g::Tensor>>> more;
  for (int i = 0; i < 4; ++i) more.push_back(pipeline.submit(value_of(static_cast<float>(20 + i))));
  while (stats().waiting < 4) std::this_thread::yield();
  server->release();
  std::printf("while it was busy: %s", text_of(first.get()).c_str());
  for (auto& answer : more) std::printf(" %s", text_of(answer.get()).c_str());
  std::printf(", the last batch has %d rows\n", static_cast<int>(server->requests().back()));

  // The model enforces the deadline, whatever the backend does; a late answer is dropped.
  server->hold();
  std::printf("in time or not at all: %s\n", text_of(pipeline.submit(value_of(1), g::within(500ms)).get()).c_str());
  server->release();
  while (stats().answers_dropped < 1) std::this_thread::yield();
  std::printf("answers dropped: %d\n", static_cast<int>(stats().answers_dropped));

  server.reset();
  std::printf("without a server: %s\n", text_of(pipeline.run(value_of(1))).c_str());
  std::printf("health: %s\n", runtime.health().reasons.at(0).c_str());
  std::mt19937 random(7);  // the failures are the same each time
  server.emplace(path, 1, [&random](int) { return random() % 8 == 0; });
  std::printf("with one again: %s\n", text_of(pipeline.run(value_of(6))).c_str());
  std::printf("health: %s\n", runtime.health().is_ready ? "ready" : runtime.health().reasons.at(0).c_str());

  // Four callers, and a server that hangs up on one request in eight.
  std::atomic<int> right{0}, unavailable{0}, wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      for (int i = caller; i < calls; i += 4) {
        const auto result = pipeline.run(value_of(static_cast<float>(i)));
        const bool is_right = result && number_in(*result) == static_cast<float>(2 * i + 1);
        const bool is_away = !result && result.error().code() == g::ErrorCode::kUnavailable;
        ++(is_right ? right : is_away ? unavailable : wrong);
      }
    });
  for (auto& caller : callers) caller.join();
  std::printf("of %d calls: %d wrong or lost; most were right: %s\n", calls, calls - right - unavailable,
              right > 3 * unavailable ? "yes" : "no");

  // A shutdown ends the call in progress, and returns when it has been answered.
  server->hold();
  auto last = pipeline.submit(value_of(1));
  server->wait_for_held();
  const bool is_down = runtime.shutdown().ok();
  std::printf("shut down: %s; %s\n", is_down ? "yes" : "no", text_of(last.get()).c_str());
  return wrong == 0 ? 0 : 1;
}
