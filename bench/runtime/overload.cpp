// SPDX-License-Identifier: Apache-2.0
// Sends twice as many requests as can be computed, each with a deadline of 200 ms, on a schedule that does not wait for
// answers (open loop), through gantry and through an unbounded queue. Then sends half as many as can be computed.
//
// The engine computes for 4 ms per sample, batched or not. Goodput counts answers within the deadline.
#include <atomic>
#include <mutex>

#include "load.hpp"

namespace {

using namespace gantry;
using namespace std::chrono_literals;
using bench::Clock;

constexpr auto kSample = 4ms;
constexpr auto kPatience = 200ms;

struct Outcome {
  std::mutex mutex;
  std::vector<double> accepted_us;    // latency of answered requests
  std::vector<double> recovering_us;  // of those that began more than a second after the overload
  std::uint64_t sent = 0, in_time = 0, late = 0, refused = 0;
};

void run(const char* name, bool is_bounded) {
  RuntimeOptions options;
  options.max_in_flight = is_bounded ? 1024 : 1000000;
  if (!is_bounded) options.shed_target = 0ms;
  const Runtime runtime = Runtime::create(options).value();
  const Model model = bench::make_timed_model(runtime, 0s, kSample);
  const auto pipeline = compile(model.stage(), runtime).value();
  const Tensor input = Tensor::zeros(DType::kF32, {8}).value();
  for (int i = 0; i < 50; ++i) static_cast<void>(pipeline.run(input));

  // The current capacity, from callers that ask again at once.
  auto closed = bench::closed_loop(8, 2s, [&](int) { static_cast<void>(pipeline.run(input)); });
  const double capacity = static_cast<double>(closed.size()) / 2;

  Outcome outcome;
  std::atomic<int> pending{0};
  const auto send = [&](double rate, Clock::duration time, Clock::duration settled) {
    const auto begin = Clock::now();
    const auto count = static_cast<int>(rate * std::chrono::duration<double>(time).count());
    for (int i = 0; i < count; ++i) {
      const auto due = begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(i / rate));
      std::this_thread::sleep_until(due);
      RunOptions call;
      if (is_bounded) call.deadline = due + kPatience;
      ++pending;
      const bool is_recovering = settled > 0s;
      const bool counts = !is_recovering || due - begin > settled;
      pipeline.submit(input, call, [&, due, is_recovering, counts](Result<Tensor> result) {
        const auto took = Clock::now() - due;
        const std::lock_guard lock(outcome.mutex);
        if (is_recovering) {
          if (counts && result) outcome.recovering_us.push_back(bench::microseconds(took));
        } else {
          ++outcome.sent;
          if (!result) ++outcome.refused;
          if (result) outcome.accepted_us.push_back(bench::microseconds(took));
          if (result) ++(took <= kPatience ? outcome.in_time : outcome.late);
        }
        --pending;
      });
    }
  };
  const auto overload_time = 6s;
  send(2 * capacity, overload_time, 0s);
  send(capacity / 2, 3s, 1s);
  const bool is_over = [&] {
    for (int i = 0; i < 3000 && pending > 0; ++i) std::this_thread::sleep_for(10ms);
    return pending == 0;
  }();
  const std::lock_guard lock(outcome.mutex);
  std::printf(
      "%-16s capacity %.0f/s, sent %.0f/s: goodput %.0f/s = %.0f %% of capacity; answered p50 %.0f ms, p99 %.0f "
      "ms; %llu in time, %llu late, %llu refused; 1 s after the overload p50 %.1f ms, p99 %.1f ms%s\n",
      name, capacity, 2 * capacity, static_cast<double>(outcome.in_time) / 6,
      100.0 * static_cast<double>(outcome.in_time) / 6 / capacity, bench::quantile(outcome.accepted_us, 0.5) / 1000,
      bench::quantile(outcome.accepted_us, 0.99) / 1000, static_cast<unsigned long long>(outcome.in_time),
      static_cast<unsigned long long>(outcome.late), static_cast<unsigned long long>(outcome.refused),
      bench::quantile(outcome.recovering_us, 0.5) / 1000, bench::quantile(outcome.recovering_us, 0.99) / 1000,
      is_over ? "" : "; not all answered in 30 s");
}

}  // namespace

int main() {
  for (int round = 0; round < 2; ++round) {
    run("gantry", true);
    run("unbounded queue", false);
  }
}
