// SPDX-License-Identifier: Apache-2.0
// CallQueue under a clock that only the test moves: named interleavings, and 10,000 random schedules.
#include "model/call_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <utility>

#include "support/fake_engine.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using namespace std::chrono_literals;

const Clock::time_point kStart{1h};

CallPtr make_call(int id, std::optional<Clock::time_point> deadline = std::nullopt, int priority = 0,
                  const std::string& tenant = "", std::size_t width = 2) {
  auto call = std::make_unique<Call>();
  call->inputs.add("x", Tensor::zeros(DType::kF32, {1, static_cast<std::int64_t>(width)}).value());
  call->options.deadline = deadline;
  call->options.priority = priority;
  call->options.tenant = tenant;
  call->options.trace_parent = std::to_string(id);
  return call;
}

int id_of(const Call& call) {
  return std::stoi(call.options.trace_parent);
}

std::vector<int> ids(const CallList& list) {
  std::vector<int> ids;
  for (const Call* call = list.first.get(); call; call = call->next.get()) ids.push_back(id_of(*call));
  return ids;
}

BatchOptions batching(std::size_t max_batch = 8) {
  BatchOptions options;
  options.max_batch = max_batch;
  options.merges_calls = true;
  return options;
}

void arrive(CallQueue& queue, CallPtr call, Clock::time_point now = kStart) {
  EXPECT_FALSE(queue.arrive(call, now));
}

/// A queue that has learned that a batch of any size takes 10 ms.
CallQueue make_queue(BatchOptions options = batching(), RuntimeOptions runtime = {}) {
  CallQueue queue(options, runtime, 2);
  for (std::size_t size = 1; size <= options.max_batch; size *= 2)
    for (int i = 0; i < 3; ++i) queue.record(size, 10ms);
  return queue;
}

TEST(CallQueue, TakesWaitingCalls) {
  CallQueue queue = make_queue();
  for (int i = 0; i < 11; ++i) arrive(queue, make_call(i));
  EXPECT_EQ(ids(queue.begin(kStart).calls), (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(ids(queue.begin(kStart).calls), (std::vector<int>{8, 9, 10}));
  EXPECT_EQ(queue.running(), 2u);
  EXPECT_TRUE(queue.empty());
}

TEST(CallQueue, FormsBatchesThatTheEngineComputes) {
  BatchOptions options = batching();
  options.sizes = BatchSizes::make({2, 4, 8}).value();
  CallQueue queue = make_queue(options);
  for (int i = 0; i < 15; ++i) arrive(queue, make_call(i));
  std::vector<std::size_t> sizes;
  while (!queue.empty()) {
    sizes.push_back(queue.begin(kStart).calls.size);
    queue.end(kStart);
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{8, 4, 2, 1})) << "the last is filled up";
}

TEST(CallQueue, IdleInstancesShareWaitingCalls) {
  RuntimeOptions two;
  two.workers = 2;
  CallQueue queue(batching(), two, 2);
  for (std::size_t size = 1; size <= 8; size *= 2)  // a batch of 8 pays, by a tenth
    for (int i = 0; i < 3; ++i) queue.record(size, (size == 8 ? 9ms : 10ms) * static_cast<int>(size));
  for (int i = 0; i < 16; ++i) arrive(queue, make_call(i));
  EXPECT_EQ(queue.begin(kStart).calls.size, 8u);  // there is enough for both
  queue.end(kStart);
  EXPECT_EQ(queue.begin(kStart).calls.size, 4u);
  EXPECT_EQ(queue.begin(kStart).calls.size, 4u);  // the last that is idle takes what is left
}

TEST(CallQueue, IdleInstancesDoNotShareWhereABatchTakesNoLonger) {
  RuntimeOptions two;
  two.workers = 2;
  CallQueue queue = make_queue(batching(), two);
  for (int i = 0; i < 8; ++i) arrive(queue, make_call(i));
  EXPECT_EQ(queue.begin(kStart).calls.size, 8u);
}

TEST(CallQueue, ServesAtOnceUnlessMoreComesForNothing) {
  CallQueue queue = make_queue();
  arrive(queue, make_call(0));
  EXPECT_EQ(queue.when_to_serve(kStart, 0), CallQueue::When::kNow);
  EXPECT_EQ(queue.when_to_serve(kStart, 5), CallQueue::When::kDeferred);
  for (int i = 1; i < 8; ++i) arrive(queue, make_call(i));
  EXPECT_EQ(queue.when_to_serve(kStart, 5), CallQueue::When::kNow) << "the batch is full";
  queue.begin(kStart);
  arrive(queue, make_call(8));
  EXPECT_EQ(queue.when_to_serve(kStart, 5), CallQueue::When::kDeferred) << "those that left no longer wait";
  for (int i = 9; i < 20; ++i) arrive(queue, make_call(i));
  while (queue.take_any(kStart)) {
  }
  arrive(queue, make_call(20));
  EXPECT_EQ(queue.when_to_serve(kStart, 5), CallQueue::When::kDeferred) << "nor do these";
}

TEST(CallQueue, ABatchWaitsForMaxDelay) {
  BatchOptions options = batching();
  options.max_delay = 4ms;
  CallQueue queue = make_queue(options);
  arrive(queue, make_call(0));
  EXPECT_EQ(queue.when_to_serve(kStart, 0), CallQueue::When::kInTime);
  EXPECT_EQ(queue.timer_to_set(), kStart + 4ms);
  EXPECT_EQ(queue.when_to_serve(kStart + 4ms, 0), CallQueue::When::kNow);
}

TEST(CallQueue, ADeadlineClosesABatchEarly) {
  BatchOptions options = batching();
  options.max_delay = 1s;
  CallQueue queue = make_queue(options);
  arrive(queue, make_call(0));
  arrive(queue, make_call(1, kStart + 50ms));
  EXPECT_EQ(queue.timer_to_set(), kStart + 30ms) << "twice the 10 ms that it takes before the deadline";
}

TEST(CallQueue, OneTimerServesAllThatWait) {
  BatchOptions options = batching();
  options.max_delay = 50ms;
  CallQueue queue = make_queue(options);
  int set = 0;
  for (int i = 0; i < 7; ++i) {
    arrive(queue, make_call(i), kStart + i * 1ms);
    set += queue.timer_to_set().has_value();
  }
  EXPECT_EQ(set, 1);
  arrive(queue, make_call(7, kStart + 60ms), kStart + 7ms);
  EXPECT_EQ(queue.timer_to_set(), kStart + 40ms) << "a deadline that comes before";
  queue.on_timer(kStart + 40ms);
  EXPECT_EQ(queue.timer_to_set(), kStart + 40ms) << "none is set any more";
  queue.on_timer(kStart + 50ms);
  EXPECT_FALSE(queue.timer_to_set()) << "one that was overtaken changes nothing as it fires";
}

TEST(CallQueue, ABatchIsNoLargerThanADeadlineAllows) {
  CallQueue queue(batching(), {}, 2);
  for (std::size_t size = 1; size <= 8; size *= 2)
    for (int i = 0; i < 3; ++i) queue.record(size, 10ms + size * 5ms);  // 15, 20, 30, 50 ms
  arrive(queue, make_call(0, kStart + 35ms));
  for (int i = 1; i < 8; ++i) arrive(queue, make_call(i));
  EXPECT_EQ(queue.begin(kStart).calls.size, 4u);
}

TEST(CallQueue, RefusesCallsThatCannotMeetTheirDeadline) {
  CallQueue queue = make_queue();
  CallPtr first = make_call(0, kStart + 5ms);
  EXPECT_FALSE(queue.arrive(first, kStart)) << "an idle model tries, so that a wrong guess is mended";
  queue.begin(kStart);
  CallPtr second = make_call(1, kStart + 5ms);
  const auto refusal = queue.arrive(second, kStart);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason(), ErrorReason::kDeadlineUnreachable);
  EXPECT_GT(refusal->retry_after(), 4ms);
  EXPECT_TRUE(second) << "a refused call stays with who brought it";
}

TEST(CallQueue, TheTimeOfALargeBatchDoesNotRefuseASingleCall) {
  CallQueue queue(batching(16), {}, 2);
  queue.record(16, 1600ms);  // the first that is learned is a batch of golden cases
  arrive(queue, make_call(0));
  queue.begin(kStart);
  arrive(queue, make_call(1, kStart + 400ms));  // it takes 100 ms
  EXPECT_EQ(ids(queue.begin(kStart + 10ms).calls), (std::vector<int>{1}));
}

TEST(CallQueue, AWrongGuessMendsItselfWhileTheModelIsBusy) {
  CallQueue queue = make_queue();
  arrive(queue, make_call(0));
  queue.begin(kStart);
  int tried = 0;
  for (int i = 1; i <= 64; ++i) {
    CallPtr call = make_call(i, kStart + 5ms);  // such a call takes 10 ms, as far as is known
    if (queue.arrive(call, kStart)) continue;
    ++tried;
    EXPECT_EQ(ids(queue.begin(kStart).calls), (std::vector<int>{i})) << "what was let in is not refused at its turn";
    queue.record(1, 10ms);
  }
  EXPECT_EQ(tried, 4);
  queue.record(1, 2ms);
  arrive(queue, make_call(100, kStart + 5ms));
}

TEST(CallQueue, ManyEngineCallsAreNoHangingOne) {
  BatchOptions options = batching();
  options.hang_after = 50ms;
  CallQueue queue(options, {}, 1);
  queue.begin_one(kStart);
  auto began = kStart;
  for (int i = 1; i <= 10; ++i) {
    const auto now = kStart + i * 40ms;
    EXPECT_FALSE(queue.check_health(now)) << i;
    queue.restart(std::exchange(began, now), now);
  }
  EXPECT_TRUE(queue.check_health(began + 51ms));
  queue.end(began);
  EXPECT_EQ(queue.running(), 0u);
}

TEST(CallQueue, DropsCallsThatCanNoLongerMeetTheirDeadline) {
  CallQueue queue = make_queue();
  arrive(queue, make_call(0));
  queue.begin(kStart);
  arrive(queue, make_call(1, kStart + 15ms));
  arrive(queue, make_call(2));
  const Batch batch = queue.begin(kStart + 10ms);
  EXPECT_EQ(ids(batch.refused), (std::vector<int>{1}));
  EXPECT_EQ(ids(batch.calls), (std::vector<int>{2}));
}

TEST(CallQueue, KeepsAnInstanceIdleIfAllCallsMissTheirDeadline) {
  CallQueue queue = make_queue();
  arrive(queue, make_call(0, kStart + 1ms));
  const Batch batch = queue.begin(kStart + 2ms);
  EXPECT_EQ(batch.calls.size, 0u);
  EXPECT_EQ(batch.refused.first->refusal->code(), ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(queue.running(), 0u);
}

TEST(CallQueue, ShedsFromAStandingQueueButNeverTheLast) {
  CallQueue queue = make_queue(batching(1));
  for (int i = 0; i < 40; ++i) {
    CallPtr call = make_call(i, kStart + 1s);
    ASSERT_FALSE(queue.arrive(call, kStart));
  }
  const Batch batch = queue.begin(kStart + 200ms);
  EXPECT_EQ(batch.refused.size, 39u);
  EXPECT_EQ(batch.refused.first->refusal->reason(), ErrorReason::kShed);
  EXPECT_EQ(ids(batch.calls), (std::vector<int>{39}));
}

TEST(CallQueue, DoesNotShedACallThatHasWaitedLessThanATenthOfItsTime) {
  CallQueue queue = make_queue(batching(1));
  for (int i = 0; i < 40; ++i) {
    CallPtr call = make_call(i, kStart + 10s);
    ASSERT_FALSE(queue.arrive(call, kStart));
  }
  EXPECT_EQ(queue.begin(kStart + 200ms).refused.size, 0u);
}

TEST(CallQueue, NeverShedsCallsWithoutADeadline) {
  CallQueue queue = make_queue(batching(1));
  for (int i = 0; i < 40; ++i) arrive(queue, make_call(i));
  EXPECT_EQ(queue.begin(kStart + 10s).refused.size, 0u);
}

/// Sequences, of one extent.
std::shared_ptr<const PaddingPlan> pad_to(std::vector<std::int64_t> lengths) {
  const auto signature = Signature::parse("x:f32[batch,T]", "y:f32[batch,T]").value();
  return std::make_shared<const PaddingPlan>(PaddingPlan::make({"T", std::move(lengths), {}}, signature).value());
}

CallPtr make_padded_call(const PaddingPlan& plan, int id, std::size_t length,
                         std::optional<Clock::time_point> deadline = std::nullopt) {
  CallPtr call = make_call(id, deadline, 0, "", length);
  call->bucket = plan.bucket_of(call->inputs);
  return call;
}

BatchOptions padded_batching(std::vector<std::int64_t> lengths) {
  BatchOptions options = batching();
  options.padding = pad_to(std::move(lengths));
  return options;
}

TEST(CallQueue, CallsOfOnePaddedLengthGoTogether) {
  const BatchOptions options = padded_batching({4, 8});
  CallQueue queue(options, {}, 4);
  for (std::size_t bucket = 0; bucket < 3; ++bucket)
    for (std::size_t size = 1; size <= 8; size *= 2)
      for (int i = 0; i < 3; ++i) queue.record(size, 10ms, bucket);
  const std::size_t lengths[] = {1, 5, 4, 9, 3, 8, 10, 9};
  for (int i = 0; i < 8; ++i) arrive(queue, make_padded_call(*options.padding, i, lengths[i]));
  EXPECT_EQ(ids(queue.begin(kStart).calls), (std::vector<int>{0, 2, 4}));
  EXPECT_EQ(ids(queue.begin(kStart).calls), (std::vector<int>{1, 5}));
  EXPECT_EQ(ids(queue.begin(kStart).calls), (std::vector<int>{3, 7})) << "beyond the longest: equal shapes";
  EXPECT_EQ(ids(queue.begin(kStart).calls), (std::vector<int>{6}));
}

TEST(CallQueue, EachPaddedLengthHasItsOwnLatency) {
  const BatchOptions options = padded_batching({4, 8});
  CallQueue queue(options, {}, 4);
  for (std::size_t size = 1; size <= 8; size *= 2)
    for (int i = 0; i < 3; ++i) {
      queue.record(size, 10ms, 0);         // short ones pay in batches
      queue.record(size, size * 30ms, 1);  // long ones do not
    }
  EXPECT_EQ(queue.expected(8, 0), 10ms);
  EXPECT_EQ(queue.expected(8, 1), 240ms);
  EXPECT_EQ(queue.expected(8, 2), 0ms) << "nothing is known of it";
  EXPECT_EQ(queue.paying_batch(), 8u);
  for (int i = 0; i < 6; ++i) arrive(queue, make_padded_call(*options.padding, i, i % 2 ? 7 : 2));
  EXPECT_EQ(ids(queue.begin(kStart).calls), (std::vector<int>{0, 2, 4}));
  EXPECT_EQ(ids(queue.begin(kStart).calls), (std::vector<int>{1}));
  EXPECT_EQ(ids(queue.begin(kStart).calls), (std::vector<int>{3}));

  CallPtr call = make_padded_call(*options.padding, 6, 7, kStart + 20ms);
  EXPECT_TRUE(queue.arrive(call, kStart)) << "a long one takes 30 ms";
  call = make_padded_call(*options.padding, 6, 2, kStart + 20ms);
  EXPECT_FALSE(queue.arrive(call, kStart)) << "a short one takes 10";
}

TEST(CallQueue, WaitsForOthersOfThePaddedLengthThatIsNext) {
  const BatchOptions options = padded_batching({4, 8});
  CallQueue queue(options, {}, 4);
  for (std::size_t size = 1; size <= 8; size *= 2)
    for (int i = 0; i < 3; ++i) {
      queue.record(size, 10ms, 0);
      queue.record(size, size * 30ms, 1);
    }
  arrive(queue, make_padded_call(*options.padding, 0, 8));
  for (int i = 1; i < 4; ++i) arrive(queue, make_padded_call(*options.padding, i, 2));
  EXPECT_EQ(queue.when_to_serve(kStart, 4), CallQueue::When::kNow) << "the long one gains nothing by waiting";
  queue.begin(kStart);
  EXPECT_EQ(queue.when_to_serve(kStart, 4), CallQueue::When::kDeferred) << "short ones gain";
  for (int i = 4; i < 9; ++i) arrive(queue, make_padded_call(*options.padding, i, 2));
  EXPECT_EQ(queue.when_to_serve(kStart, 4), CallQueue::When::kNow) << "a batch of short ones is full";
}

/// One schedule: calls arrive, instances begin and end, at random times; what must hold always is checked throughout.
void run_schedule(unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
  BatchOptions options = batching(std::size_t{1} << below(4));
  if (below(3) == 0) options.max_delay = std::chrono::milliseconds(below(10));
  options.merges_calls = below(4) != 0;
  static const auto plan = pad_to({2, 4});
  if (below(2)) options.padding = plan;
  const auto padded_length = [&](const Call& call) {
    const std::int64_t length = call.inputs[0].tensor.shape()[1];
    return !options.padding || length > 4 ? length : length > 2 ? 4 : 2;
  };
  RuntimeOptions runtime;
  if (below(2)) runtime.tenant_weights = {{"1", 3.0}};
  const std::size_t instances = 1 + static_cast<std::size_t>(below(3));
  CallQueue queue(options, runtime, instances);

  enum State { kWaiting, kComputed, kRefused };
  std::map<int, State> state;
  std::map<std::tuple<int, std::string, std::int64_t>, int> last;  // by priority, tenant and shape
  struct Running {
    Clock::time_point began, ends;
    std::size_t rows, bucket;
  };
  std::vector<Running> running;
  std::vector<Clock::time_point> timers;
  std::size_t waiting = 0;
  Clock::time_point now = kStart;
  const auto finish = [&](const Call& call, State to) {
    const auto place = state.find(id_of(call));
    ASSERT_TRUE(place != state.end() && place->second == kWaiting) << "answered twice, seed " << seed;
    place->second = to;
    --waiting;
  };
  for (int step = 0; step < 60; ++step) {
    now += std::chrono::microseconds(below(8000));
    for (std::size_t i = 0; i < running.size();) {
      if (running[i].ends > now) {
        ++i;
        continue;
      }
      queue.end(running[i].began);
      queue.record(running[i].rows, running[i].ends - running[i].began, running[i].bucket);
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
    }
    for (int arrivals = below(4); arrivals > 0; --arrivals) {
      const int id = static_cast<int>(state.size());
      std::optional<Clock::time_point> deadline;
      if (below(2)) deadline = now + std::chrono::milliseconds(below(80));
      CallPtr call = make_call(id, deadline, below(3), std::to_string(below(3)),
                               1 + static_cast<unsigned>(below(options.padding ? 6 : 2)));
      if (options.padding) call->bucket = plan->bucket_of(call->inputs);
      const bool is_refused = queue.arrive(call, now).has_value();
      ASSERT_EQ(is_refused, call != nullptr);
      state[id] = is_refused ? kRefused : kWaiting;
      waiting += !is_refused;
    }
    ASSERT_EQ(queue.size(), waiting) << "lost, seed " << seed;
    for (const auto timer : std::exchange(timers, {}))
      if (timer <= now)
        queue.on_timer(timer);
      else
        timers.push_back(timer);
    while (running.size() < instances && !queue.empty()) {
      if (queue.when_to_serve(now, 0) != CallQueue::When::kNow) {
        if (const auto timer = queue.timer_to_set()) timers.push_back(*timer);
        ASSERT_FALSE(timers.empty()) << "nobody would serve it, seed " << seed;
        break;
      }
      now += 1us;  // begin() is told apart by its time
      const Batch batch = queue.begin(now);
      for (const Call* call = batch.refused.first.get(); call; call = call->next.get()) {
        ASSERT_TRUE(call->refusal);
        finish(*call, kRefused);
      }
      std::size_t rows = 0;
      for (const Call* call = batch.calls.first.get(); call; call = call->next.get()) {
        finish(*call, kComputed);
        ASSERT_TRUE(!call->options.deadline || now < *call->options.deadline) << "computed too late, seed " << seed;
        ASSERT_EQ(padded_length(*call), padded_length(*batch.calls.first)) << "seed " << seed;
        auto& before =
            last.try_emplace({call->options.priority, call->options.tenant, padded_length(*call)}, -1).first->second;
        ASSERT_LT(before, id_of(*call)) << "out of order, seed " << seed;
        before = id_of(*call);
        rows += call->rows;
      }
      ASSERT_LE(rows, options.merges_calls ? options.max_batch : 1) << "seed " << seed;
      if (rows > 0)
        running.push_back({now, now + std::chrono::microseconds(1 + below(20000)), rows, batch.calls.first->bucket});
    }
  }
  while (const CallPtr call = queue.take_any(now)) finish(*call, kRefused);
  ASSERT_EQ(waiting, 0u) << "lost, seed " << seed;
}

TEST(CallQueue, TenThousandRandomSchedules) {
  for (unsigned seed = 0; seed < 10000 && !testing::Test::HasFatalFailure(); ++seed) run_schedule(seed);
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
