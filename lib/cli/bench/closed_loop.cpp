// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <thread>
#include <vector>

#include "cli/bench/load_loops.hpp"
#include "cli/quantity_text.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

/// Joins its threads on destruction, also if starting one of them throws.
class JoinedThreads {
 public:
  ~JoinedThreads() { join(); }
  template <class Work>
  void start(Work work) {
    threads_.emplace_back(std::move(work));
  }
  void join() {
    for (std::thread& thread : threads_)
      if (thread.joinable()) thread.join();
  }

 private:
  std::vector<std::thread> threads_;
};

}  // namespace

double CallerResult::answers_per_second() const {
  const double seconds = seconds_of(last_ended - first_began);
  return seconds > 0 ? static_cast<double>(latencies.count()) / seconds : 0;
}

CallerResult call_until(Service& service, std::size_t first, std::size_t step, LoadClock::Time begin,
                        LoadClock::Time end, LoadClock& clock) {
  CallerResult seen;
  bool has_counted = false;
  for (std::size_t index = first; clock.now() < end || !has_counted; index += step) {
    auto input = service.make_input(index);
    const auto began = clock.now();
    const auto result = input ? service.run(*std::move(input)) : std::move(input);
    const auto ended = clock.now();
    if (began < begin) continue;
    if (!has_counted) seen.first_began = began;
    has_counted = true;
    seen.last_ended = ended;
    if (result)
      seen.latencies.add(ended - began);
    else
      seen.failures.add(result.error());
  }
  return seen;
}

LoadResult closed_loop(Service& service, int callers, const LoadTimes& times, LoadClock& clock,
                       const LoadEvents& events) {
  const auto count = static_cast<std::size_t>(callers);
  std::vector<CallerResult> seen(count);
  std::vector<std::exception_ptr> thrown(count);
  const auto begin = clock.now() + times.warm_up;
  const auto end = begin + times.length;
  JoinedThreads threads;
  for (std::size_t caller = 0; caller < count; ++caller)
    threads.start([&, caller] {
      try {
        seen[caller] = call_until(service, caller, count, begin, end, clock);
      } catch (...) {
        thrown[caller] = std::current_exception();
      }
    });
  clock.sleep_until(begin);
  events.began();
  threads.join();
  events.ended();
  LoadResult result;
  for (std::size_t caller = 0; caller < count; ++caller) {
    if (thrown[caller]) std::rethrow_exception(thrown[caller]);
    result.latencies += seen[caller].latencies;
    result.failures += seen[caller].failures;
    result.answers_per_second += seen[caller].answers_per_second();
  }
  result.completed = result.latencies.count();
  result.length = times.length;
  return result;
}

}  // namespace gantry::inline GANTRY_ABI::cli
