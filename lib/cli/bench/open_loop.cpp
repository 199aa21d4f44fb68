// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <mutex>

#include "cli/bench/load_loops.hpp"
#include "cli/quantity_text.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using Time = LoadClock::Time;

/// Collects answers that come on other threads.
class Answers {
 public:
  Answers(Time begin, Time end) : begin_(begin), end_(end) {}

  void sent() {
    const std::lock_guard lock(mutex_);
    ++pending_;
  }
  void ended(const Result<Payload>& result, Time due, Time now) {
    const std::lock_guard lock(mutex_);
    --pending_;
    completed_ += result && begin_ <= now && now < end_ ? 1 : 0;
    if (due < begin_) return;
    if (result)
      latencies_.add(now - due);
    else
      failures_.add(result.error());
  }
  bool are_complete() const {
    const std::lock_guard lock(mutex_);
    return pending_ == 0;
  }
  /// Call it once are_complete().
  LoadResult result() const {
    const std::lock_guard lock(mutex_);
    LoadResult result;
    result.latencies = latencies_;
    result.failures = failures_;
    result.completed = completed_;
    result.length = end_ - begin_;
    result.answers_per_second = static_cast<double>(completed_) / seconds_of(result.length);
    return result;
  }

 private:
  const Time begin_, end_;
  mutable std::mutex mutex_;
  LatencyHistogram latencies_;
  Failures failures_;
  std::uint64_t pending_ = 0, completed_ = 0;
};

/// The schedule alone decides when requests are sent. If sending is held up, the following requests are late, and their
/// latency includes the delay.
void send_all(Service& service, const Load& load, Time first, Time begin, Time end, const CancelToken& cancel,
              LoadClock& clock, const LoadEvents& events, Answers& answers, LatencyHistogram& send_delays) {
  Arrivals arrivals(load.rate, load.arrival, load.seed);
  bool has_begun = false;
  const auto begin_measuring = [&] {
    if (!has_begun) clock.sleep_until(begin);
    if (!has_begun) events.began();
    has_begun = true;
  };
  for (std::size_t index = 0;; ++index) {
    const Time due = first + arrivals.next();
    if (due >= end) break;
    if (due >= begin) begin_measuring();
    auto input = service.make_input(index);
    clock.sleep_until(due);
    if (due >= begin) send_delays.add(clock.now() - due);
    answers.sent();
    if (!input) {
      answers.ended(input, due, clock.now());
      continue;
    }
    service.submit(*std::move(input), cancel,
                   [&answers, &clock, due](const Result<Payload>& result) { answers.ended(result, due, clock.now()); });
  }
  begin_measuring();
  clock.sleep_until(end);
  events.ended();
}

}  // namespace

LoadResult open_loop(Service& service, const Load& load, const LoadTimes& times, LoadClock& clock,
                     const LoadEvents& events) {
  constexpr auto kPoll = std::chrono::milliseconds(2);
  const Time first = clock.now();
  const Time begin = first + times.warm_up;
  const Time end = begin + times.length;
  CancelToken cancel = CancelToken::create();
  Answers answers(begin, end);
  LatencyHistogram send_delays;
  std::exception_ptr thrown;
  try {
    send_all(service, load, first, begin, end, cancel, clock, events, answers, send_delays);
  } catch (...) {
    thrown = std::current_exception();  // outstanding answers still use the clock
    cancel.cancel();
  }
  while (!answers.are_complete()) {
    if (clock.now() - end >= times.patience) cancel.cancel();
    clock.sleep_until(clock.now() + kPoll);
  }
  if (thrown) std::rethrow_exception(thrown);
  LoadResult result = answers.result();
  result.send_delays = send_delays;
  return result;
}

}  // namespace gantry::inline GANTRY_ABI::cli
