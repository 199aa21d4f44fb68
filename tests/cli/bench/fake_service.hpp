// SPDX-License-Identifier: Apache-2.0
// A clock that tests move, and a service on it: one server with a queue, which answers at times that are computed.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "cli/bench/load.hpp"

namespace gantry::inline GANTRY_ABI::cli {

using std::chrono::milliseconds;
using std::chrono::seconds;

class FakeClock final : public LoadClock {
 public:
  Time now() override { return now_; }
  void sleep_until(Time time) override {
    // Whatever happens meanwhile happens at its own time.
    while (!events_.empty() && events_.front().first <= std::max(time, now_)) {
      auto event = std::move(events_.front());
      events_.pop_front();
      now_ = std::max(now_, event.first);
      event.second();
    }
    now_ = std::max(now_, time);
  }
  /// Events have to be added in the order of their times.
  void at(Time time, std::function<void()> event) { events_.emplace_back(time, std::move(event)); }

 private:
  Time now_{std::chrono::hours(1)};
  std::deque<std::pair<Time, std::function<void()>>> events_;
};

class FakeService : public Service {
 public:
  explicit FakeService(FakeClock& clock) : clock_(clock) {}

  /// What request number `index` takes once the server is at it.
  std::function<LoadClock::Time::duration(std::size_t index)> service_time = [](std::size_t) {
    return milliseconds(1);
  };
  /// How long submit() itself does not return.
  std::function<LoadClock::Time::duration(std::size_t index)> submit_time = [](std::size_t) { return milliseconds(0); };
  /// The answer, once it is there.
  std::function<Result<Payload>(std::size_t index)> answer = [](std::size_t) { return Result<Payload>(Payload()); };
  std::size_t asked = 0;

  Result<Payload> make_input(std::size_t) override { return Payload(); }
  Result<Payload> run(Payload) override {
    const std::size_t index = asked++;
    clock_.sleep_until(clock_.now() + service_time(index));
    return answer(index);
  }
  void submit(Payload, const CancelToken&, Function<void(Result<Payload>)> done) override {
    const std::size_t index = asked++;
    free_at_ = std::max(free_at_, clock_.now()) + service_time(index);
    auto shared = std::make_shared<Function<void(Result<Payload>)>>(std::move(done));
    clock_.at(free_at_, [this, shared, index] { (*shared)(answer(index)); });
    clock_.sleep_until(clock_.now() + submit_time(index));
  }

 private:
  FakeClock& clock_;
  LoadClock::Time free_at_{};
};

}  // namespace gantry::inline GANTRY_ABI::cli
