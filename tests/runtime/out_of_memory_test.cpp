// SPDX-License-Identifier: Apache-2.0
// No memory to queue, to refuse, to stop or to start: each job is called exactly once, each error can be had, nothing
// that was started is left behind.
#include <gtest/gtest.h>

#include <gantry/executor.hpp>
#include <gantry/node.hpp>
#include <gantry/observer.hpp>
#include <gantry/runtime.hpp>
#include <gantry/translate_exception.hpp>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/policy/fair_queue.hpp"
#include "runtime/runtime_core.hpp"
#include "support/failing_allocations.hpp"
#include "support/fake_engine.hpp"
#include "support/gate.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using test::Failing;
using test::FailingAllocations;
using test::for_each_failure;
using test::Gate;
using test::make_runtime;

/// How each of several jobs was called.
class Calls {
 public:
  explicit Calls(std::size_t count) : times_(count), refusals_(count) {}
  Job job(std::size_t index) {
    return [this, index](const Error* refusal) {
      if (refusal) refusals_[index] = *refusal;
      ++times_[index];
      called_.add();
    };
  }
  std::size_t size() const { return times_.size(); }
  void wait() { called_.wait_for(size()); }
  int times(std::size_t index) const { return times_[index]; }
  const std::optional<Error>& refusal(std::size_t index) const { return refusals_[index]; }

 private:
  std::vector<int> times_;
  std::vector<std::optional<Error>> refusals_;
  test::Counter called_;
};

using Post = void (*)(RuntimeCore& core, Job job);
constexpr Post kPosts[] = {
    [](RuntimeCore& core, Job job) { core.post(std::move(job)); },
    [](RuntimeCore& core, Job job) { core.post_request(std::move(job), {}, {}, 1); },
    [](RuntimeCore& core, Job job) { core.post_deferred(std::move(job)); },
    [](RuntimeCore& core, Job job) { core.post_at(Clock::now(), std::move(job)); },
};

class QueueWithoutMemory : public testing::TestWithParam<std::size_t> {
 protected:
  Post post_ = kPosts[GetParam()];
};

TEST_P(QueueWithoutMemory, CallsAJobOnceWithTheReason) {
  constexpr std::size_t kJobs = 40;  // a deque asks for memory at every eighth
  const Runtime runtime = make_runtime(1);
  Gate gate;
  gate.close();
  runtime.core()->post([&](const Error*) { gate.pass(); });
  gate.wait_for_arrivals(1);
  Calls calls(kJobs);
  for (std::size_t i = 0; i < kJobs; ++i) {
    const FailingAllocations failing(0);
    post_(*runtime.core(), calls.job(i));
  }
  gate.open();
  calls.wait();
  std::size_t refused = 0;
  for (std::size_t i = 0; i < kJobs; ++i) {
    EXPECT_EQ(calls.times(i), 1) << i;
    if (!calls.refusal(i)) continue;
    ++refused;
    EXPECT_EQ(calls.refusal(i)->code(), ErrorCode::kResourceExhausted);
    EXPECT_EQ(calls.refusal(i)->reason(), ErrorReason::kOutOfMemory);
  }
  EXPECT_GT(refused, 0u) << "nothing asked for memory";
}

TEST_P(QueueWithoutMemory, StopsAndCompletesQueuedRequests) {
  constexpr std::size_t kJobs = 40;
  Runtime runtime = make_runtime(1);
  Gate gate;
  gate.close();
  runtime.core()->post([&](const Error*) { gate.pass(); });
  gate.wait_for_arrivals(1);
  Calls calls(kJobs);
  for (std::size_t i = 0; i < kJobs; ++i)
    kPosts[GetParam()](*runtime.core(), [&, job = calls.job(i)](const Error* refusal) mutable {
      job(refusal);
      gate.open();  // shutdown() waits for what runs
    });
  {
    const FailingAllocations failing(0);
    static_cast<void>(runtime.shutdown());
  }
  for (std::size_t i = 0; i < kJobs; ++i) {
    EXPECT_EQ(calls.times(i), 1) << i;
    ASSERT_TRUE(calls.refusal(i)) << i;
    EXPECT_EQ(calls.refusal(i)->code(), ErrorCode::kUnavailable);
    EXPECT_EQ(calls.refusal(i)->reason(), ErrorReason::kShutdown);
  }
}

INSTANTIATE_TEST_SUITE_P(Posts, QueueWithoutMemory, testing::Range<std::size_t>(0, std::size(kPosts)));

/// Holds the tasks, until it drops them.
class DroppingExecutor final : public Executor {
 public:
  DroppingExecutor() { tasks_.reserve(100); }
  void post(Function<void()> task) override { tasks_.push_back(std::move(task)); }
  void drop() { tasks_.clear(); }

 private:
  std::vector<Function<void()>> tasks_;
};

TEST(ExecutorWithoutMemory, CompletesTheRequestsThatItDrops) {
  RuntimeOptions options;
  options.workers = 2;
  options.allow_oversubscription = true;
  const auto executor = std::make_shared<DroppingExecutor>();
  options.executor = executor;
  const Runtime runtime = Runtime::create(options).value();
  Calls calls(30);
  for (std::size_t i = 0; i < calls.size(); ++i) kPosts[i % 3](*runtime.core(), calls.job(i));
  {
    const FailingAllocations failing(0);
    executor->drop();
  }
  for (std::size_t i = 0; i < calls.size(); ++i) {
    EXPECT_EQ(calls.times(i), 1) << i;
    EXPECT_TRUE(calls.refusal(i) && calls.refusal(i)->code() == ErrorCode::kUnavailable) << i;
  }
}

struct Silent final : Observer {
  std::shared_ptr<void> on_request(const RequestStart&) override { return nullptr; }
  void on_span(const EndedSpan&) override {}
};

/// Makes a runtime with allocation `n` failing; whether that succeeded. What the core alone holds tells whether a
/// thread holds the core.
bool make_with_failure(int n, Failing which, bool has_executor, int& let_through) {
  RuntimeOptions options;
  options.workers = 4;
  options.allow_oversubscription = true;
  options.observer = std::make_shared<Silent>();
  if (has_executor) options.executor = std::make_shared<DroppingExecutor>();
  const std::weak_ptr<Observer> held = options.observer;
  std::optional<Result<Runtime>> made;
  {
    const FailingAllocations failing(n, which);
    made = Runtime::create(options);
    let_through = FailingAllocations::let_through(n);
  }
  const bool is_made = made->ok();
  if (!is_made) {
    EXPECT_EQ(made->error().reason(), ErrorReason::kOutOfMemory) << n;
  }
  made.reset();
  options.observer.reset();
  EXPECT_TRUE(held.expired()) << "a thread holds the runtime; allocation " << n << " failed";
  return is_made;
}

TEST(RuntimeWithoutMemory, LeavesNoWorkerBehindThatItStarted) {
  for (const bool has_executor : {false, true}) {
    int allocations = 0;
    ASSERT_TRUE(make_with_failure(1 << 30, Failing::kAll, has_executor, allocations));
    ASSERT_GT(allocations, 20);
    for (const Failing which : {Failing::kOne, Failing::kAll})
      for (int n = 0; n < allocations + 5; n += n < allocations - 60 ? 7 : 1) {  // the workers come last
        int ignored = 0;
        make_with_failure(n, which, has_executor, ignored);
      }
  }
}

TEST(FairQueueWithoutMemory, IsAsItWas) {
  const std::string long_name(100, 't');
  const auto ticket = [&](int priority) {
    Ticket made;
    made.priority = priority;
    made.tenant = long_name;
    return made;
  };
  bool was_pushed = false;
  for (int n = 0; !was_pushed && n < 20; ++n) {
    FairQueue<std::unique_ptr<int>> queue(std::chrono::seconds(1));
    auto item = std::make_unique<int>(7);
    auto first = ticket(3);
    try {
      const FailingAllocations failing(n, Failing::kOne);
      queue.push(std::move(item), std::move(first));
      was_pushed = true;
    } catch (const std::bad_alloc&) {
      ASSERT_TRUE(item) << n;
      EXPECT_EQ(queue.next(Clock::time_point()), nullptr) << n;
      EXPECT_FALSE(queue.take(Clock::time_point())) << n;
      EXPECT_TRUE(queue.empty()) << n;
      queue.push(std::move(item), ticket(3));
    }
    ASSERT_NE(queue.next(Clock::time_point()), nullptr) << n;
    EXPECT_EQ(*queue.take(Clock::time_point())->item, 7) << n;
  }
  EXPECT_TRUE(was_pushed);
}

template <class Throw>
Error translated_without_memory(Throw throws) {
  try {
    throws();
  } catch (...) {
    const FailingAllocations failing(0);
    return translate_exception();
  }
  return Error(ErrorCode::kInternal, "nothing was thrown");
}

TEST(ErrorWithoutMemory, IsMadeOfAnyException) {
  const auto expect_out_of_memory = [](const Error& error) {
    EXPECT_EQ(error.to_string(), "resource_exhausted: out of memory");
    EXPECT_EQ(error.reason(), ErrorReason::kOutOfMemory);
  };
  expect_out_of_memory(translated_without_memory([] { throw std::bad_alloc(); }));
  expect_out_of_memory(translated_without_memory([] { throw std::runtime_error("odd"); }));
  expect_out_of_memory(translated_without_memory([] { throw 7; }));
  const Error own(ErrorCode::kNotFound, "a message that is too long to be held without memory of its own");
  EXPECT_EQ(translated_without_memory([&] { throw ResultError(own); }).to_string(), own.to_string());
}

TEST(ErrorWithoutMemory, StaysAsItIsWhereMoreCannotBeSaid) {
  const Error error(ErrorCode::kNotFound, "a message that is too long to be held without memory of its own");
  const std::string scope = "a scope that is too long to be held without memory of its own";
  const Error none = Error::out_of_memory();
  std::optional<Error> scoped, reasoned, copied, none_scoped, none_copied;
  {
    const FailingAllocations failing(0);
    scoped = error.within(scope);
    reasoned = error.with_reason(ErrorReason::kShed);
    copied = error;
    none_scoped = none.within(scope);
    none_copied = Error::out_of_memory();
  }
  EXPECT_EQ(scoped->to_string(), error.to_string());
  EXPECT_EQ(reasoned->to_string(), error.to_string());
  EXPECT_EQ(copied->to_string(), error.to_string());
  EXPECT_EQ(none_scoped->to_string(), none.to_string());
  EXPECT_EQ(none_copied->reason(), ErrorReason::kOutOfMemory);
  EXPECT_EQ(none.within("stage 'x'").to_string(), "resource_exhausted: stage 'x': out of memory");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::detail
