// SPDX-License-Identifier: Apache-2.0
// What RuntimeOptions::observer is told of requests, however they end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <gantry/observer.hpp>
#include <gantry/pipeline.hpp>

#include <algorithm>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/fake_engine.hpp"
#include "support/gate.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using namespace std::chrono_literals;
using test::FakeScript;
using test::Gate;
using test::HasCode;
using test::IsOk;
using test::make_fake_model;
using test::row;
using testing::ElementsAre;

const std::string kTraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// EndedSpan, with what it refers to.
struct Told {
  explicit Told(const EndedSpan& span)
      : kind(span.kind),
        name(span.name),
        path(span.path),
        began(span.began),
        ended(span.ended),
        samples(span.samples),
        failed(span.failed) {
    if (span.error) code = span.error->code();
    for (const auto& request : span.requests) requests.push_back(*static_cast<const int*>(request.get()));
  }
  SpanKind kind;
  std::string name;
  std::string path;
  std::chrono::steady_clock::time_point began;
  std::chrono::steady_clock::time_point ended;
  std::size_t samples;
  std::size_t failed;
  std::optional<ErrorCode> code;
  std::vector<int> requests;
  std::thread::id thread = std::this_thread::get_id();

  bool lies_within(const Told& other) const { return other.began <= began && began <= ended && ended <= other.ended; }
};

/// Numbers the requests from 0, and keeps what it is told.
class Recorder final : public Observer {
 public:
  std::function<void()> on_each;  ///< not empty: is called whenever this is
  bool wants_requests = true;

  std::shared_ptr<void> on_request(const RequestStart& request) override {
    const std::lock_guard lock(mutex_);
    parents_.push_back(request.parent);
    tenants_.emplace_back(request.tenant);
    if (on_each) on_each();
    if (!wants_requests) return nullptr;
    return std::make_shared<int>(static_cast<int>(parents_.size()) - 1);
  }
  void on_span(const EndedSpan& span) override {
    const std::lock_guard lock(mutex_);
    told_.emplace_back(span);
    if (on_each) on_each();
  }

  std::vector<Told> all() const {
    const std::lock_guard lock(mutex_);
    return told_;
  }
  std::vector<Told> of_kind(SpanKind kind) const {
    std::vector<Told> found;
    for (const Told& span : all())
      if (span.kind == kind) found.push_back(span);
    return found;
  }
  std::vector<std::optional<TraceParent>> parents() const { return parents_; }
  std::vector<std::string> tenants() const { return tenants_; }

 private:
  mutable std::mutex mutex_;
  std::vector<std::optional<TraceParent>> parents_;
  std::vector<std::string> tenants_;
  std::vector<Told> told_;
};

struct Observed {
  explicit Observed(Execution execution = Execution::kPooled, std::size_t max_in_flight = 1024, int workers = 1) {
    RuntimeOptions options;
    options.workers = workers;
    options.execution = execution;
    options.max_in_flight = max_in_flight;
    options.allow_oversubscription = true;
    options.observer = recorder;
    runtime = Runtime::create(options);
  }
  template <class In, class Out>
  Pipeline<In, Out> compile(const Stage<In, Out>& chain) const {
    CompileOptions options(**runtime);
    options.name = "cats";
    return gantry::compile(chain, options).value();
  }
  std::vector<SpanKind> kinds() const {
    std::vector<SpanKind> kinds;
    for (const Told& span : recorder->all()) kinds.push_back(span.kind);
    return kinds;
  }
  /// The one request's end.
  Told request() const {
    const auto requests = recorder->of_kind(SpanKind::kRequest);
    EXPECT_EQ(requests.size(), 1u);
    return requests.at(0);
  }

  std::shared_ptr<Recorder> recorder = std::make_shared<Recorder>();
  std::optional<Result<Runtime>> runtime;
};

Stage<int, int> fail_below_zero() {
  return stage("positive", [](int x) -> Result<int> {
    if (x < 0) return Error(ErrorCode::kInvalidArgument, "below 0");
    return x;
  });
}

Stage<Tensor, Tensor> pass_on() {
  return stage("prepare", [](Tensor x) { return x; });
}

class ObserverTest : public ::testing::TestWithParam<Execution> {};
INSTANTIATE_TEST_SUITE_P(Executions, ObserverTest, ::testing::Values(Execution::kPooled, Execution::kCaller),
                         [](const auto& execution) {
                           return execution.param == Execution::kPooled ? "Pooled" : "Caller";
                         });

TEST_P(ObserverTest, SpansNestAndTheirTimesAreInOrder) {
  for (const bool submits : {false, true}) {
    Observed observed(GetParam());
    const Model model = make_fake_model(std::make_shared<FakeScript>(), **observed.runtime);
    const auto pipeline = observed.compile(pass_on() | model.stage());
    ASSERT_THAT(submits ? pipeline.submit(row({1, 2})).get() : pipeline.run(row({1, 2})), IsOk());
    auto spans = observed.recorder->all();
    if (GetParam() == Execution::kPooled) {
      EXPECT_EQ(spans.at(0).kind, SpanKind::kQueue);
      EXPECT_LE(spans.at(0).ended, spans.at(1).began);
      EXPECT_TRUE(spans.at(0).lies_within(spans.back()));
      spans.erase(spans.begin());
    }
    ASSERT_EQ(spans.size(), 5u);
    const Told &prepare = spans[0], &wait = spans[1], &engine = spans[2], &stage = spans[3], &request = spans[4];
    EXPECT_EQ(prepare.kind, SpanKind::kStage);
    EXPECT_EQ(prepare.name, "prepare");
    EXPECT_EQ(prepare.path, "pipeline[0]");
    EXPECT_EQ(wait.kind, SpanKind::kModelQueue);
    EXPECT_EQ(wait.name, "fake");
    EXPECT_EQ(engine.kind, SpanKind::kEngineCall);
    EXPECT_EQ(engine.name, "fake");
    EXPECT_EQ(stage.kind, SpanKind::kStage);
    EXPECT_EQ(stage.path, "pipeline[1]");
    EXPECT_EQ(request.kind, SpanKind::kRequest);
    EXPECT_EQ(request.name, "cats");
    EXPECT_FALSE(request.code);
    EXPECT_TRUE(wait.lies_within(stage));
    EXPECT_TRUE(engine.lies_within(stage));
    EXPECT_LE(wait.ended, engine.began);
    EXPECT_LE(prepare.ended, stage.began);
    for (const Told& span : spans) {
      EXPECT_TRUE(span.lies_within(request)) << to_string(span.kind);
      EXPECT_THAT(span.requests, ElementsAre(0));
      EXPECT_EQ(span.samples, 1u);
    }
    if (!submits) {
      EXPECT_EQ(request.thread, std::this_thread::get_id());
    }
  }
}

TEST_P(ObserverTest, StagesInsideEachLieWithinIt) {
  Observed observed(GetParam());
  const auto three = stage("three", [](int x) { return std::vector<int>{x, x + 1, x + 2}; });
  const auto pipeline = observed.compile(three | each(fail_below_zero()));
  ASSERT_THAT(pipeline.run(-1), HasCode(ErrorCode::kInvalidArgument));
  const auto stages = observed.recorder->of_kind(SpanKind::kStage);
  ASSERT_EQ(stages.size(), 3u);
  EXPECT_EQ(stages[1].path, "pipeline[1].do[0]");
  EXPECT_EQ(stages[1].samples, 3u);
  EXPECT_EQ(stages[1].failed, 1u);
  EXPECT_EQ(stages[1].code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(stages[2].path, "pipeline[1]");
  EXPECT_EQ(stages[2].failed, 1u);
  EXPECT_TRUE(stages[1].lies_within(stages[2]));
}

TEST_P(ObserverTest, ABatchIsOneRequest) {
  Observed observed(GetParam());
  const auto pipeline = observed.compile(fail_below_zero());
  const std::vector<int> inputs = {1, -1, 2, -2};
  static_cast<void>(pipeline.run_batch(inputs));
  EXPECT_EQ(observed.request().samples, 4u);
  EXPECT_EQ(observed.request().failed, 2u);
  EXPECT_EQ(observed.request().code, ErrorCode::kInvalidArgument);
}

TEST_P(ObserverTest, ARequestThatIsRefusedAtOnceEndsOnce) {
  for (const bool submits : {false, true})
    for (const bool is_cancelled : {false, true}) {
      Observed observed(GetParam());
      const auto pipeline = observed.compile(fail_below_zero());
      RunOptions options = is_cancelled ? RunOptions() : RunOptions(within(-1s));
      options.cancel = CancelToken::create();
      if (is_cancelled) options.cancel.cancel();
      const auto result = submits ? pipeline.submit(1, options).get() : pipeline.run(1, options);
      EXPECT_THAT(observed.kinds(), ElementsAre(SpanKind::kRequest));
      EXPECT_EQ(observed.request().code, result.error().code());
      EXPECT_EQ(observed.request().failed, 1u);
    }
}

TEST_P(ObserverTest, ARequestAfterShutdownEndsOnce) {
  Observed observed(GetParam());
  const auto pipeline = observed.compile(fail_below_zero());
  ASSERT_TRUE((*observed.runtime)->shutdown());
  EXPECT_THAT(pipeline.run(1), HasCode(ErrorCode::kUnavailable));
  EXPECT_EQ(observed.request().code, ErrorCode::kUnavailable);
}

/// A worker that a gate holds in the stage "hold".
struct Held : Observed {
  explicit Held(std::size_t max_in_flight = 1024) : Observed(Execution::kPooled, max_in_flight) {
    gate.close();
    pipeline = compile(stage("hold", [this](int x) {
      gate.pass();
      return x;
    }));
    first = pipeline->submit(0);
    gate.wait_for_arrivals(1);
  }
  /// The end of request 1.
  Told second() {
    gate.open();
    EXPECT_THAT(first.get(), IsOk());
    std::vector<Told> ends;
    for (const Told& span : recorder->of_kind(SpanKind::kRequest))
      if (span.requests == std::vector<int>{1}) ends.push_back(span);
    EXPECT_EQ(ends.size(), 1u);
    return ends.at(0);
  }
  Gate gate;
  std::optional<Pipeline<int, int>> pipeline;
  std::future<Result<int>> first;
};

TEST(Observer, ARequestBeyondTheLimitEndsOnce) {
  Held held(1);
  EXPECT_THAT(held.pipeline->run(1), HasCode(ErrorCode::kResourceExhausted));
  EXPECT_EQ(held.second().code, ErrorCode::kResourceExhausted);
}

TEST(Observer, ARequestCancelledInTheQueueEndsOnce) {
  Held held;
  RunOptions options;
  options.cancel = CancelToken::create();
  auto answer = held.pipeline->submit(1, options);
  options.cancel.cancel();
  held.gate.open();
  EXPECT_THAT(answer.get(), HasCode(ErrorCode::kCancelled));
  EXPECT_EQ(held.second().code, ErrorCode::kCancelled);
}

TEST(Observer, ARequestWhoseCallerGivesUpEndsOnceAndThenItsSpansComeLate) {
  Held held;
  EXPECT_THAT(held.pipeline->run(1, within(5ms)), HasCode(ErrorCode::kDeadlineExceeded));
  EXPECT_EQ(held.recorder->all().back().kind, SpanKind::kRequest);
  EXPECT_EQ(held.second().code, ErrorCode::kDeadlineExceeded);
  ASSERT_TRUE((*held.runtime)->shutdown());
  const auto waits = held.recorder->of_kind(SpanKind::kQueue);
  ASSERT_EQ(waits.size(), 2u);
  EXPECT_THAT(waits[1].requests, ElementsAre(1));
}

TEST(Observer, AShutdownEndsEachRequestOnce) {
  Held held;
  auto answer = held.pipeline->submit(1);
  std::thread stopping([&] { static_cast<void>((*held.runtime)->shutdown()); });
  EXPECT_THAT(answer.get(), HasCode(ErrorCode::kUnavailable));  // while the first is held
  EXPECT_EQ(held.second().code, ErrorCode::kUnavailable);
  stopping.join();
  const auto waits = held.recorder->of_kind(SpanKind::kQueue);
  ASSERT_EQ(waits.size(), 2u);
  EXPECT_EQ(waits[1].code, ErrorCode::kUnavailable);
}

TEST(Observer, AShutdownEndsTheWaitForAModelOnce) {
  Observed observed(Execution::kPooled, 1024, 2);
  const auto script = std::make_shared<FakeScript>();
  script->gate.close();
  const Model model = make_fake_model(script, **observed.runtime, 1);
  const auto pipeline = observed.compile(model.stage());
  auto first = pipeline.submit(row({1, 2}));
  script->gate.wait_for_arrivals(1);
  auto second = pipeline.submit(row({1, 2}));
  while ((*observed.runtime)->stats().models.at(0).waiting < 1) std::this_thread::yield();
  std::thread stopping([&] { static_cast<void>((*observed.runtime)->shutdown()); });
  EXPECT_THAT(second.get(), HasCode(ErrorCode::kUnavailable));
  script->gate.open();
  EXPECT_THAT(first.get(), IsOk());
  stopping.join();
  const auto waits = observed.recorder->of_kind(SpanKind::kModelQueue);
  ASSERT_EQ(waits.size(), 2u);
  EXPECT_THAT(waits[1].requests, ElementsAre(1));
  EXPECT_EQ(waits[1].code, ErrorCode::kUnavailable);
  EXPECT_EQ(observed.recorder->of_kind(SpanKind::kRequest).size(), 2u);
}

TEST(Observer, AnEngineCallNamesTheRequestsInItsBatch) {
  constexpr int kCalls = 100;
  Observed observed;
  const auto script = std::make_shared<FakeScript>();
  const Model model = make_fake_model(script, **observed.runtime, 1);
  const auto pipeline = observed.compile(model.stage());
  script->gate.close();
  std::vector<std::future<Result<Tensor>>> answers;
  for (int i = 0; i < kCalls; ++i) answers.push_back(pipeline.submit(row({1, 2})));
  script->gate.open();
  for (auto& answer : answers) ASSERT_THAT(answer.get(), IsOk());
  std::multiset<int> members;
  std::size_t largest = 0;
  const auto calls = observed.recorder->of_kind(SpanKind::kEngineCall);
  EXPECT_EQ(calls.size(), script->calls());
  for (const Told& call : calls) {
    EXPECT_EQ(call.samples, call.requests.size());
    members.insert(call.requests.begin(), call.requests.end());
    largest = std::max(largest, call.samples);
  }
  EXPECT_GT(largest, 1u);
  EXPECT_EQ(members.size(), std::size_t{kCalls});
  EXPECT_EQ(std::set<int>(members.begin(), members.end()).size(), std::size_t{kCalls});
}

TEST(Observer, AFailedEngineCallSaysWhy) {
  Observed observed;
  const auto script = std::make_shared<FakeScript>();
  script->compute = [](const Tensors&) -> Result<Tensors> { return Error(ErrorCode::kModelError, "no"); };
  const auto pipeline = observed.compile(make_fake_model(script, **observed.runtime, 1).stage());
  ASSERT_THAT(pipeline.run(row({1, 2})), HasCode(ErrorCode::kModelError));
  const auto calls = observed.recorder->of_kind(SpanKind::kEngineCall);
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].code, ErrorCode::kModelError);
  EXPECT_EQ(calls[0].failed, 1u);
  EXPECT_EQ(observed.request().code, ErrorCode::kModelError);
}

TEST(Observer, OfEachPipelineIsToldOfAModelElsewhere) {
  const Runtime shared = test::make_runtime(1);
  const Model model = make_fake_model(std::make_shared<FakeScript>(), shared);
  const Observed a, b;
  const auto first = a.compile(model.stage());
  const auto second = b.compile(model.stage());
  ASSERT_THAT(first.run(row({1, 2})), IsOk());
  ASSERT_THAT(second.run(row({1, 2})), IsOk());
  for (const Observed* each : {&a, &b})
    EXPECT_THAT(each->kinds(), ElementsAre(SpanKind::kQueue, SpanKind::kModelQueue, SpanKind::kEngineCall,
                                           SpanKind::kStage, SpanKind::kRequest));
}

TEST_P(ObserverTest, ThatThrowsAtTheBeginDoesNoHarm) {
  Observed observed(GetParam());
  const Model model = make_fake_model(std::make_shared<FakeScript>(), **observed.runtime);
  const auto pipeline = observed.compile(pass_on() | model.stage());
  observed.recorder->on_each = [] { throw std::runtime_error("observer"); };
  EXPECT_THAT(pipeline.run(row({1, 2})), IsOk());
  EXPECT_THAT(pipeline.submit(row({1, 2})).get(), IsOk());
  EXPECT_TRUE(observed.recorder->all().empty());
}

class ThrowsAtSpans final : public Observer {
 public:
  std::shared_ptr<void> on_request(const RequestStart&) override { return std::make_shared<int>(0); }
  void on_span(const EndedSpan&) override { throw 1; }
};

TEST_P(ObserverTest, ThatThrowsAtSpansDoesNoHarm) {
  RuntimeOptions options;
  options.execution = GetParam();
  options.workers = 1;
  options.observer = std::make_shared<ThrowsAtSpans>();
  const Runtime runtime = Runtime::create(options).value();
  const Model model = make_fake_model(std::make_shared<FakeScript>(), runtime);
  const auto pipeline = compile(pass_on() | model.stage(), runtime).value();
  EXPECT_THAT(pipeline.run(row({1, 2})), IsOk());
  EXPECT_THAT(pipeline.submit(row({1, 2})).get(), IsOk());
  EXPECT_THAT(pipeline.run(row({1, 2}), within(-1s)), HasCode(ErrorCode::kDeadlineExceeded));
}

TEST_P(ObserverTest, IsToldNothingOfARequestItDoesNotWant) {
  Observed observed(GetParam());
  observed.recorder->wants_requests = false;
  const Model model = make_fake_model(std::make_shared<FakeScript>(), **observed.runtime);
  const auto pipeline = observed.compile(model.stage());
  EXPECT_THAT(pipeline.run(row({1, 2})), IsOk());
  EXPECT_THAT(pipeline.submit(row({1, 2})).get(), IsOk());
  EXPECT_EQ(observed.recorder->parents().size(), 2u);
  EXPECT_TRUE(observed.recorder->all().empty());
}

TEST_P(ObserverTest, IsCalledUnderNoLock) {
  Observed observed(GetParam());
  const Model model = make_fake_model(std::make_shared<FakeScript>(), **observed.runtime);
  const auto pipeline = observed.compile(pass_on() | model.stage());
  int pages = 0;
  observed.recorder->on_each = [&] { pages += (*observed.runtime)->stats().models.size() == 1; };  // takes all locks
  EXPECT_THAT(pipeline.run(row({1, 2})), IsOk());
  EXPECT_EQ(pages, GetParam() == Execution::kPooled ? 7 : 6);
}

TEST(Observer, GetsTheParentAndTheTenantOfARequest) {
  Observed observed;
  const auto pipeline = observed.compile(fail_below_zero());
  RunOptions options;
  options.tenant = "mobile";
  for (const std::string& parent : {kTraceParent, std::string(), std::string("00-1-2-01")}) {
    options.trace_parent = parent;
    ASSERT_THAT(pipeline.run(1, options), IsOk());
  }
  const auto parents = observed.recorder->parents();
  ASSERT_EQ(parents.size(), 3u);
  ASSERT_TRUE(parents[0]);
  EXPECT_EQ(to_string(*parents[0]), kTraceParent);
  EXPECT_FALSE(parents[1]);
  EXPECT_FALSE(parents[2]) << "what is not valid is absent";
  EXPECT_EQ(observed.recorder->tenants().at(2), "mobile");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
