// SPDX-License-Identifier: Apache-2.0
// Sixteen threads on one pipeline, for some seconds: random payloads, failures, deadlines and cancellations, blocking,
// in batches and by callback. Every request is answered exactly once, and every answer is one that it may have.
#include <gtest/gtest.h>
#include <gantry/pipeline.hpp>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <tuple>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FakeScript;
using test::make_fake_model;
using test::make_runtime;
using test::row;
using test::values_of;

constexpr int kThreads = 16;
constexpr float kPoison = -1.0f;  // a row that the engine fails on

/// Fails if any row is poisoned; else doubles.
Result<Tensors> double_unless_poisoned(const Tensors& inputs) {
  auto outputs = inputs[0].tensor.clone().value();
  auto values = outputs.mutable_values<float>().value();
  for (std::size_t i = 0; i < values.size(); i += 2) {
    if (values[i] == kPoison) return Error(ErrorCode::kModelError, "poison");
    values[i] *= 2;
  }
  return Tensors{{"", std::move(outputs)}};
}

/// x -> 4x, by a list of one and two calls of the model.
Stage<Tensor, Tensor> make_chain(const Model& model) {
  const Predicate<Tensor> is_large("is_large", [](const Tensor& x) { return values_of(x)[0] > 500; });
  const auto pass = stage("pass", [](Tensor x) { return x; });
  return stage("list", [](Tensor x) { return std::vector<Tensor>{std::move(x)}; }) | each(model.stage()) |
         stage("first", [](std::vector<Tensor> list) { return std::move(list[0]); }) |
         fork(pass, when(is_large, pass, pass)) |
         stage("left", [](std::tuple<Tensor, Tensor> both) { return std::get<0>(std::move(both)); }) | model.stage();
}

struct Expectation {
  float value;
  bool is_poisoned;
  bool may_be_interrupted;
  bool may_be_shut_down = false;
};

/// Whether a request may have this answer.
bool is_allowed(const Result<Tensor>& result, const Expectation& expected) {
  if (result) return !expected.is_poisoned && values_of(*result)[0] == 4 * expected.value;
  switch (result.error().code()) {
    case ErrorCode::kModelError:
      return expected.is_poisoned;
    case ErrorCode::kUnavailable:
      return expected.may_be_shut_down;
    case ErrorCode::kCancelled:
    case ErrorCode::kDeadlineExceeded:
      return expected.may_be_interrupted;
    case ErrorCode::kResourceExhausted:
      return true;  // too many in flight
    default:
      return false;
  }
}

class Client {
 public:
  Client(const Pipeline<Tensor, Tensor>& pipeline, unsigned seed, bool may_be_shut_down)
      : pipeline_(pipeline), random_(seed), may_be_shut_down_(may_be_shut_down) {}

  void run_until(Deadline end) {
    while (std::chrono::steady_clock::now() < end) {
      switch (pick(3)) {
        case 0:
          run_one();
          break;
        case 1:
          run_many();
          break;
        default:
          submit_some();
      }
    }
  }
  /// Until all that was submitted is answered.
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return answered >= asked; });
  }
  std::size_t asked = 0;
  std::size_t answered = 0;
  std::size_t wrong = 0;

 private:
  unsigned pick(unsigned count) { return std::uniform_int_distribution<unsigned>(0, count - 1)(random_); }

  Expectation expect_something() {
    const bool is_poisoned = pick(10) == 0;
    return {is_poisoned ? kPoison : static_cast<float>(pick(1000)), is_poisoned, false, may_be_shut_down_};
  }
  RunOptions make_options(Expectation& expected) {
    RunOptions options;
    const unsigned kind = pick(4);
    expected.may_be_interrupted = kind < 2;
    if (kind == 0) options.deadline = within(std::chrono::microseconds(pick(2000)));
    if (kind == 1) options.cancel = CancelToken::create();
    return options;
  }
  void check(const Result<Tensor>& result, const Expectation& expected) {
    const bool is_wrong = !is_allowed(result, expected);
    const std::lock_guard lock(mutex_);
    wrong += is_wrong ? 1 : 0;
    ++answered;
    changed_.notify_all();
  }

  void run_one() {
    Expectation expected = expect_something();
    const RunOptions options = make_options(expected);
    ++asked;
    check(pipeline_.run(row({expected.value, 0}), options), expected);
  }
  void run_many() {
    Expectation shared = expect_something();
    const RunOptions options = make_options(shared);
    std::vector<Expectation> expected;
    std::vector<Tensor> inputs;
    for (unsigned i = pick(12); i > 0; --i) {
      expected.push_back(expect_something());
      expected.back().may_be_interrupted = shared.may_be_interrupted;
      inputs.push_back(row({expected.back().value, 0}));
    }
    asked += inputs.size();
    const auto results = pipeline_.run_batch(inputs, options);
    for (std::size_t i = 0; i < results.size(); ++i) check(results[i], expected[i]);
  }
  void submit_some() {
    for (unsigned i = pick(8); i > 0; --i) {
      Expectation expected = expect_something();
      RunOptions options = make_options(expected);
      ++asked;
      pipeline_.submit(row({expected.value, 0}), options,
                       [this, expected](Result<Tensor> result) { check(result, expected); });
      if (pick(2) == 0) options.cancel.cancel();  // an empty token does nothing
    }
  }

  const Pipeline<Tensor, Tensor>& pipeline_;
  std::mt19937 random_;
  const bool may_be_shut_down_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

void hammer(Execution execution, bool is_shut_down_early) {
  const auto script = std::make_shared<FakeScript>();
  script->compute = &double_unless_poisoned;
  Runtime runtime = make_runtime(3, execution, 64);
  const Model model = make_fake_model(script, runtime, 2, 4);
  const auto pipeline = compile(make_chain(model), runtime).value();
  std::vector<std::unique_ptr<Client>> clients;
  for (unsigned t = 0; t < kThreads; ++t) clients.push_back(std::make_unique<Client>(pipeline, t, is_shut_down_early));
  const Deadline end = within(is_shut_down_early ? std::chrono::seconds(1) : std::chrono::seconds(3));
  std::vector<std::thread> threads;
  for (auto& client : clients) threads.emplace_back([&client, end] { client->run_until(end); });
  if (is_shut_down_early) {
    script->gate.wait_for_arrivals(2000);
    EXPECT_TRUE(runtime.shutdown().ok());
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& client : clients) client->wait();
  std::size_t asked = 0;
  for (const auto& client : clients) {
    EXPECT_EQ(client->asked, client->answered);
    EXPECT_EQ(client->wrong, 0u);
    asked += client->asked;
  }
  EXPECT_GT(asked, 100u);
  ASSERT_TRUE(runtime.shutdown().ok());
  EXPECT_EQ(runtime.in_flight(), 0u);
  EXPECT_LE(script->most_at_once(), 2);
}

TEST(Stress, EveryRequestIsAnsweredOnceWhenPooled) {
  hammer(Execution::kPooled, false);
}
TEST(Stress, EveryRequestIsAnsweredOnceInCallerExecution) {
  hammer(Execution::kCaller, false);
}
TEST(Stress, EveryRequestIsAnsweredOnceThoughTheRuntimeIsShutDown) {
  hammer(Execution::kPooled, true);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
