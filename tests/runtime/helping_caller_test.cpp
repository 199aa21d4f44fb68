// SPDX-License-Identifier: Apache-2.0
// Callers that run their request themselves in a worker's stead: when they may, what they leave alone, and how that
// ends. Requests are held by a gate, never by a sleep.
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <cfenv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <gantry/pipeline.hpp>
#include <gantry/runtime.hpp>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/helping_caller.hpp"
#include "runtime/own_workers.hpp"
#include "runtime/runtime_core.hpp"
#include "support/fake_engine.hpp"
#include "support/gate.hpp"
#include "support/held_stage.hpp"
#include "support/manual_time.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using namespace std::chrono_literals;
using test::Counter;
using test::FakeScript;
using test::Gate;
using test::HasCode;
using test::held_stage;
using test::IsOk;
using test::make_fake_model;
using test::make_runtime;
using test::row;
using test::row_signature;

using Who = Pipeline<int, std::thread::id>;

Who compile_who(const RuntimeOptions& options) {
  return compile(stage("who", [](int) { return std::this_thread::get_id(); }), Runtime::create(options).value())
      .value();
}

/// Whether a blocking call ran on the thread that made it.
bool helps(const Who& who, const RunOptions& call = {}) {
  return who.run(0, call).value() == std::this_thread::get_id();
}

RuntimeOptions two_workers() {
  RuntimeOptions options;
  options.workers = 2;
  options.allow_oversubscription = true;
  return options;
}

TEST(HelpingCaller, RunsItsOwnRequest) {
  EXPECT_TRUE(helps(compile_who(two_workers())));
  const auto script = std::make_shared<FakeScript>();
  const Model model = make_fake_model(script, make_runtime(2));
  const std::vector<float> values = {1, 2};
  ASSERT_THAT(model.run(Tensors{{"x", Tensor::from<float>(Span<const float>(values), {1, 2}).value()}}), IsOk());
  EXPECT_EQ(script->last_thread(), std::this_thread::get_id());
  const auto pipeline = compile(model.stage(), make_runtime(2)).value();  // the model's runtime is another
  ASSERT_THAT(pipeline.run(row({1, 2})), IsOk());
  EXPECT_NE(script->last_thread(), std::this_thread::get_id());
}

TEST(HelpingCaller, LeavesACallWithADeadlineToAWorker) {
  const Who who = compile_who(two_workers());
  EXPECT_FALSE(helps(who, within(1h)));
  EXPECT_TRUE(helps(who, within(std::chrono::hours::max())));  // which is none
}

TEST(HelpingCaller, CanBeSwitchedOff) {
  RuntimeOptions options = two_workers();
  options.callers_help = false;
  EXPECT_FALSE(helps(compile_who(options)));
}

TEST(HelpingCaller, LeavesEnginesOfSeveralThreadsToAWorker) {
  RuntimeOptions options = two_workers();
  options.intra_op_threads = 2;
  EXPECT_FALSE(helps(compile_who(options)));
}

/// What `helps(who)` says on a thread with a stack of `bytes`.
bool helps_on_stack_of(std::size_t bytes, const Who& who) {
  pthread_attr_t attributes;
  EXPECT_EQ(::pthread_attr_init(&attributes), 0);
  EXPECT_EQ(::pthread_attr_setstacksize(&attributes, bytes), 0);
  std::pair<const Who*, bool> asked(&who, false);
  pthread_t thread;
  const auto body = [](void* argument) -> void* {
    auto& question = *static_cast<std::pair<const Who*, bool>*>(argument);
    question.second = helps(*question.first);
    return nullptr;
  };
  EXPECT_EQ(::pthread_create(&thread, &attributes, body, &asked), 0);
  EXPECT_EQ(::pthread_join(thread, nullptr), 0);
  ::pthread_attr_destroy(&attributes);
  return asked.second;
}

TEST(HelpingCaller, NeedsAMegabyteOfStack) {
  const Who who = compile_who(two_workers());
  EXPECT_FALSE(helps_on_stack_of(std::size_t{512} << 10, who));
  EXPECT_TRUE(helps_on_stack_of(std::size_t{4} << 20, who));
}

TEST(HelpingCaller, RoundsAsAWorkerDoes) {
  const auto pipeline = compile(stage("rounding", [](int) { return std::fegetround(); }), make_runtime(1)).value();
  ASSERT_EQ(std::fesetround(FE_UPWARD), 0);
  const int inside = pipeline.run(0).value();
  const int outside = std::fegetround();
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(inside, FE_TONEAREST);
  EXPECT_EQ(outside, FE_UPWARD);
}

TEST(HelpingCaller, TakesAWorkersSlot) {
  constexpr int kWorkers = 2;
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  const auto pipeline = compile(stage("count",
                                      [&](int x) {
                                        const int count = ++now;
                                        int before = most.load();
                                        while (before < count && !most.compare_exchange_weak(before, count)) {
                                        }
                                        std::this_thread::yield();
                                        --now;
                                        return x;
                                      }),
                                make_runtime(kWorkers))
                            .value();
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i)
    callers.emplace_back([&] {
      for (int k = 0; k < 500; ++k) {
        auto submitted = pipeline.submit(k);
        EXPECT_EQ(pipeline.run(k).value(), k);
        EXPECT_EQ(submitted.get().value(), k);
      }
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_LE(most.load(), kWorkers);
}

TEST(HelpingCaller, WakesAWorkerForRequestsThatArrivedMeanwhile) {
  // By hand, since the timers of a Runtime would wake one some time.
  RuntimeOptions options;
  options.workers = 1;
  const auto read_nothing = [] { return detail::Budgets{}; };
  const auto core = std::make_shared<detail::RuntimeCore>(
      options, std::make_unique<detail::BudgetWatch>(read_nothing, detail::Clock::now(), 24h),
      std::make_unique<detail::OwnWorkers>(options.workers));
  core->start_threads();
  Counter done;
  const auto post = [&] { core->post_request([&](const Error*) { done.add(); }, {}, {}, 1); };
  post();
  done.wait_for(1);
  std::this_thread::sleep_for(5ms);  // the worker sleeps
  for (bool helped = false; !helped;) {
    const detail::HelpingCaller helper(*core, {}, {});
    helped = static_cast<bool>(helper);
    if (helped) post();
  }
  done.wait_for(2);
  core->stop();
}

/// A caller that helps, and is held by a gate.
class HeldCaller {
 public:
  explicit HeldCaller(const Runtime& runtime) : pipeline_(compile(held_stage(gate_), runtime).value()) {
    gate_->close();
    thread_ = std::thread([this] { result_ = pipeline_.run(1); });
    gate_->wait_for_arrivals(1);
  }
  ~HeldCaller() { EXPECT_THAT(let_go(), IsOk()); }
  Result<int> let_go() {
    gate_->open();
    if (thread_.joinable()) thread_.join();
    return result_;
  }

 private:
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  Pipeline<int, int> pipeline_;
  std::thread thread_;
  Result<int> result_ = 0;
};

TEST(HelpingCaller, ReleasesItsSlotForRequestsThatArrivedMeanwhile) {
  const Runtime runtime = make_runtime(1);
  const auto who = compile(stage("who", [](int) { return std::this_thread::get_id(); }), runtime).value();
  const auto worker = who.submit(0).get().value();
  HeldCaller caller(runtime);
  auto submitted = who.submit(0);
  std::thread second([&] { EXPECT_EQ(who.run(0).value(), worker) << "it came while the only place was taken"; });
  while (runtime.stats().queued < 2) std::this_thread::yield();
  EXPECT_EQ(caller.let_go().value(), 2);
  EXPECT_EQ(submitted.get().value(), worker);
  second.join();
}

TEST(HelpingCaller, HandsTheTimersOver) {
  const auto time = std::make_shared<test::ManualTime>();
  const Runtime runtime = make_runtime(1, Execution::kPooled, 1024, time);
  Counter fired;
  const auto when = time->now() + 1ms;
  HeldCaller caller(runtime);
  runtime.core()->post_at(when, [&](const Error* refusal) {
    EXPECT_EQ(refusal, nullptr);
    fired.add();
  });
  time->advance(2ms);  // due while no slot is free
  EXPECT_EQ(fired.count(), 0u);
  EXPECT_EQ(caller.let_go().value(), 2);
  fired.wait_for(1);
}

TEST(HelpingCaller, LeavesOthersCallsToAWorker) {
  const auto script = std::make_shared<FakeScript>();
  const auto time = std::make_shared<test::ManualTime>();
  // Two take as long as one, which is seen at load.
  script->compute = [&](const Tensors& inputs) -> Result<Tensors> {
    time->advance(20ms);
    return Tensors{{"", inputs[0].tensor}};
  };
  const Runtime runtime = make_runtime(2, Execution::kPooled, 1024, time);
  ModelOptions options;
  options.runtime = runtime;
  options.max_batch = 2;
  options.max_delay = 10s;
  options.examples = {{{"x", Tensor::from<float>(std::vector<float>{1, 2, 3, 4}, {2, 2}).value()}}};
  const Model model = Model::make(std::make_unique<test::FakeEngine>(script), row_signature(), options).value();
  const auto pipeline = compile(model.stage(), runtime).value();
  const std::size_t before = script->calls();
  std::promise<std::thread::id> promise;
  pipeline.submit(row({1, 1}), {}, [&](Result<Tensor>) { promise.set_value(std::this_thread::get_id()); });
  while (runtime.stats().models.at(0).waiting == 0) std::this_thread::yield();
  ASSERT_THAT(pipeline.run(row({2, 2})), IsOk());  // fills the batch
  EXPECT_EQ(script->calls(), before + 1);
  EXPECT_NE(script->last_thread(), std::this_thread::get_id());
  EXPECT_NE(promise.get_future().get(), std::this_thread::get_id());
}

TEST(HelpingCaller, IsWaitedForByShutdown) {
  Runtime runtime = make_runtime(2);
  HeldCaller caller(runtime);
  const auto held = std::make_shared<Gate>();
  held->close();
  const auto pipeline = compile(held_stage(held), runtime).value();
  auto running = pipeline.submit(1);
  held->wait_for_arrivals(1);
  auto queued = pipeline.submit(2);
  std::atomic<bool> has_returned{false};
  std::atomic<bool> is_let_go{false};
  std::thread stopping([&] {
    EXPECT_THAT(runtime.shutdown(), IsOk());
    EXPECT_TRUE(is_let_go.load());
    has_returned = true;
  });
  EXPECT_THAT(queued.get(), HasCode(ErrorCode::kUnavailable));
  held->open();
  EXPECT_EQ(running.get().value(), 2);
  EXPECT_FALSE(has_returned.load());
  is_let_go = true;
  EXPECT_EQ(caller.let_go().value(), 2);
  stopping.join();
}

bool are_workers_gone() {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    if (name.rfind("gantry-", 0) == 0) return false;
  }
  return true;
}

TEST(HelpingCaller, LeavesNoCallBehindWhenAllIsShutDown) {
  const auto script = std::make_shared<FakeScript>();
  script->gate.close();
  Runtime runtime = make_runtime(2);
  const Model model = make_fake_model(script, runtime, /*instances=*/1);
  const auto gate = std::make_shared<Gate>();
  gate->close();
  const auto pipeline = compile(model.stage(), runtime).value();
  const auto late = compile(stage("hold",
                                  [gate](Tensor x) {
                                    gate->pass();
                                    return x;
                                  }) |
                                model.stage(),
                            runtime)
                        .value();
  std::thread helping([&] { EXPECT_THAT(pipeline.run(row({1, 1})), IsOk()); });
  script->gate.wait_for_arrivals(1);
  auto waiting = pipeline.submit(row({2, 2}));
  while (runtime.stats().models.at(0).waiting == 0) std::this_thread::yield();
  auto coming = late.submit(row({3, 3}));
  gate->wait_for_arrivals(1);
  std::thread stopping([&] { EXPECT_THAT(runtime.shutdown(), IsOk()); });
  EXPECT_THAT(waiting.get(), HasCode(ErrorCode::kUnavailable));
  gate->open();  // it comes to the model when those that waited there have been answered
  while (!are_workers_gone()) std::this_thread::yield();
  script->gate.open();
  EXPECT_THAT(coming.get(), HasCode(ErrorCode::kUnavailable));
  stopping.join();
  helping.join();
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
