// SPDX-License-Identifier: Apache-2.0
// The cost of a request in admission, queue and batcher, with a model that does nothing:
//   submitted: 1,024 requests in flight from one submitting thread; and the time of each submit()
//   blocking: 1, 4, 16, 64 callers, and round trips to as many threads as workers, by condition variables
//   in caller execution
//   the part of Runtime::stats(), which cannot be switched off
// and the memory that ten million requests leave behind, and that of a thousand idle pipelines.
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>

#include "load.hpp"
#include "model/model_counters.hpp"

namespace {

using namespace gantry;
using namespace std::chrono_literals;
using bench::Clock;

constexpr auto kTime = 1500ms;
constexpr int kRounds = 3;

Tensor sample() {
  return Tensor::zeros(DType::kF32, {8}).value();
}

struct Served {
  explicit Served(Execution execution) {
    RuntimeOptions options;
    options.execution = execution;
    options.max_in_flight = 4096;
    runtime = Runtime::create(options).value();
    model = bench::make_timed_model(*runtime, 0s, 0s);
    pipeline = compile(model->stage(), *runtime).value();
  }
  std::optional<Runtime> runtime;
  std::optional<Model> model;
  std::optional<Pipeline<Tensor, Tensor>> pipeline;
};

/// Submits `count` requests, at most 1,024 in flight, and waits for the last one. Adds the time of each submit() to
/// `latencies`.
void submit_all(const Served& served, std::uint64_t count, std::vector<double>* latencies = nullptr) {
  constexpr int kWindow = 1024;
  const Tensor input = sample();
  std::mutex mutex;
  std::condition_variable has_room;
  int in_flight = 0;
  while (count > 0) {
    std::unique_lock lock(mutex);
    has_room.wait(lock, [&] { return in_flight < kWindow; });
    const auto room = std::min<std::uint64_t>(count, static_cast<std::uint64_t>(kWindow - in_flight));
    in_flight += static_cast<int>(room);
    count -= room;
    lock.unlock();
    for (std::uint64_t i = 0; i < room; ++i) {
      const auto begin = latencies ? Clock::now() : Clock::time_point();
      served.pipeline->submit(input, {}, [&](Result<Tensor> result) {
        if (!result) std::abort();
        const std::lock_guard guard(mutex);
        if (--in_flight <= kWindow / 2) has_room.notify_one();
      });
      if (latencies) latencies->push_back(bench::microseconds(Clock::now() - begin));
    }
  }
  std::unique_lock lock(mutex);
  has_room.wait(lock, [&] { return in_flight == 0; });
}

void submitted(const Served& served) {
  constexpr std::uint64_t kCount = 500000;
  const auto begin = Clock::now();
  submit_all(served, kCount);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::vector<double> latencies;
  latencies.reserve(kCount);
  submit_all(served, kCount, &latencies);
  std::printf("submitted, 1024 in flight: %.0f requests/s, %.2f us each; submit() p50 %.2f us, p99 %.2f us\n",
              kCount / seconds, seconds * 1e6 / kCount, bench::quantile(latencies, 0.5),
              bench::quantile(latencies, 0.99));
}

void memory(const Served& served) {
  const long before = bench::status_kb("VmRSS");
  submit_all(served, 10000000);
  const long after = bench::status_kb("VmRSS");
  std::vector<Pipeline<Tensor, Tensor>> idle;
  for (int i = 0; i < 1000; ++i) idle.push_back(compile(served.model->stage(), *served.runtime).value());
  std::printf("resident memory: %ld kB, after ten million requests %ld kB; a thousand idle pipelines %ld kB more\n",
              before, after, bench::status_kb("VmRSS") - after);
}

/// Threads that answer through a queue with one mutex; each caller waits on its own condition variable.
class Echo {
 public:
  explicit Echo(int workers) {
    for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { serve(); });
  }
  ~Echo() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    has_work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  void round_trip() {
    Request request;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(&request);
    }
    has_work_.notify_one();
    std::unique_lock lock(request.mutex);
    request.answered.wait(lock, [&] { return request.is_answered; });
  }

 private:
  struct Request {
    std::mutex mutex;
    std::condition_variable answered;
    bool is_answered = false;
  };
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      has_work_.wait(lock, [this] { return is_over_ || !requests_.empty(); });
      if (requests_.empty()) return;
      Request* const request = requests_.front();
      requests_.pop_front();
      lock.unlock();
      {
        const std::lock_guard guard(request->mutex);
        request->is_answered = true;
        request->answered.notify_one();
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable has_work_;
  std::deque<Request*> requests_;
  bool is_over_ = false;
  std::vector<std::thread> threads_;
};

void blocking(const Served& served, int callers) {
  const Tensor input = sample();
  std::vector<double> ours, theirs, differences;
  Echo echo(served.runtime->options().workers);
  for (int round = 0; round < kRounds; ++round) {
    auto run = bench::closed_loop(callers, kTime / kRounds, [&](int) {
      if (!served.pipeline->run(input)) std::abort();
    });
    auto trips = bench::closed_loop(callers, kTime / kRounds, [&](int) { echo.round_trip(); });
    differences.push_back(bench::quantile(run, 0.5) - bench::quantile(trips, 0.5));
    ours.insert(ours.end(), run.begin(), run.end());
    theirs.insert(theirs.end(), trips.begin(), trips.end());
  }
  const double rate = static_cast<double>(ours.size()) / static_cast<double>(theirs.size());
  std::printf(
      "blocking, %2d callers: p50 %.1f us, p99 %.1f us; round trip p50 %.1f us, p99 %.1f us; "
      "%.1f us more (%.1f..%.1f), throughput ratio %.2f\n",
      callers, bench::quantile(ours, 0.5), bench::quantile(ours, 0.99), bench::quantile(theirs, 0.5),
      bench::quantile(theirs, 0.99), bench::quantile(differences, 0.5), bench::quantile(differences, 0.0),
      bench::quantile(differences, 1.0), rate);
}

void on_caller(const Served& served) {
  const Tensor input = sample();
  auto run = bench::closed_loop(1, kTime, [&](int) {
    for (int i = 0; i < 100; ++i)
      if (!served.pipeline->run(input)) std::abort();
  });
  std::printf("caller execution: %.2f us\n", bench::quantile(run, 0.5) / 100);
}

/// Records what one request through a pipeline of one model records: its wait at the runtime; for the model the call,
/// its wait, the engine call and its size; the request, the sample and the time of the stage.
struct Recording {
  detail::HistogramRecorder queue_age;
  detail::ModelCounters model;
  detail::Counter requests;
  detail::Counter stage_samples;
  detail::HistogramRecorder stage_time;

  void one_request(std::chrono::nanoseconds took) {
    queue_age.record(took);
    model.calls.add();
    model.queue_wait.record(took);
    model.compute.record(took);
    model.batches.add();
    model.samples.add();
    model.batch_sizes[0].add();
    requests.add();
    stage_samples.add();
    stage_time.record(took);
  }
};

void recording() {
  constexpr int kCount = 10000;
  for (const int threads : {1, 2}) {
    Recording counted;
    auto run = bench::closed_loop(threads, kTime / 3, [&](int) {
      for (int i = 0; i < kCount; ++i) counted.one_request(std::chrono::nanoseconds(1000 + 50 * (i % 64)));
    });
    auto clock = bench::closed_loop(threads, kTime / 3, [&](int) {
      Clock::rep sum = 0;
      for (int i = 0; i < 3 * kCount; ++i) sum += Clock::now().time_since_epoch().count();
      if (sum == 0) std::abort();
    });
    if (counted.queue_age.snapshot().count != counted.model.calls.load()) std::abort();
    std::printf(
        "recorded for one request, %d threads on the same counters: %.0f ns, and %.0f ns for 3 clock readings\n",
        threads, bench::quantile(run, 0.5) * 1000 / kCount, bench::quantile(clock, 0.5) * 1000 / kCount);
  }
}

}  // namespace

int main() {
  const Served pooled(Execution::kPooled);
  const Served caller(Execution::kCaller);
  if (pooled.pipeline->run(sample()).value().shape() != Shape{8}) return 1;
  for (int i = 0; i < kRounds; ++i) submitted(pooled);
  for (const int callers : {1, 4, 16, 64}) blocking(pooled, callers);
  on_caller(caller);
  recording();
  memory(pooled);
}
