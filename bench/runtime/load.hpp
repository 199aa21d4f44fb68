// SPDX-License-Identifier: Apache-2.0
// Latencies of many calls, and an engine with a known run time, for the benchmarks of the runtime.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <gantry/core.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace gantry::inline GANTRY_ABI::bench {

using Clock = std::chrono::steady_clock;

inline double microseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

/// Sorts `values`, and returns their quantile `q`; 0 if there are none.
inline double quantile(std::vector<double>& values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(q * static_cast<double>(values.size())))];
}

/// A number of kB in /proc/self/status, such as VmRSS.
inline long status_kb(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind(key + ":", 0) == 0) return std::stol(line.substr(key.size() + 1));
  return 0;
}

/// Returns its input, after computing on the CPU for `per_call`, plus `per_sample` for each sample.
class TimedEngine final : public Engine {
 public:
  TimedEngine(Clock::duration per_call, Clock::duration per_sample) : per_call_(per_call), per_sample_(per_sample) {
    info_.kind = info_.description = "timed";
  }
  const EngineInfo& info() const override { return info_; }
  Result<std::unique_ptr<EngineInstance>> make_instance(int) override {
    return std::unique_ptr<EngineInstance>(std::make_unique<Instance>(*this));
  }

 private:
  class Instance final : public EngineInstance {
   public:
    explicit Instance(const TimedEngine& engine) : engine_(engine) {}
    Result<Tensors> run(const Tensors& inputs, const EngineCall&) override {
      const auto end = Clock::now() + engine_.per_call_ + inputs[0].tensor.shape()[0] * engine_.per_sample_;
      if (engine_.per_call_ + engine_.per_sample_ > Clock::duration::zero())
        while (Clock::now() < end) {
        }
      return Tensors{{"y", inputs[0].tensor}};
    }

   private:
    const TimedEngine& engine_;
  };
  const Clock::duration per_call_, per_sample_;
  EngineInfo info_;
};

inline Model make_timed_model(const Runtime& runtime, Clock::duration per_call, Clock::duration per_sample,
                              int max_batch = 16) {
  ModelOptions options;
  options.runtime = runtime;
  options.warmup_runs = 0;
  options.merge = Merge::kAssume;
  options.max_batch = max_batch;
  options.name = "timed";
  return Model::make(std::make_unique<TimedEngine>(per_call, per_sample),
                     Signature::parse("x:f32[batch,8]", "y:f32[batch,8]").value(), options)
      .value();
}

/// `callers` threads call `call(thread)` for `warm_up` and then for `time`. Returns the latencies, in microseconds, of
/// the calls that began in `time`, at least one per thread.
template <class Call>
std::vector<double> closed_loop(int callers, Clock::duration time, Call call, Clock::duration warm_up = {}) {
  std::vector<std::vector<double>> latencies(static_cast<std::size_t>(callers));
  std::vector<std::thread> threads;
  const auto begin = Clock::now() + warm_up;
  const auto end = begin + time;
  for (int i = 0; i < callers; ++i)
    threads.emplace_back([&, i] {
      auto& mine = latencies[static_cast<std::size_t>(i)];
      for (auto now = Clock::now(); now < end || mine.empty();) {
        call(i);
        const auto after = Clock::now();
        if (now >= begin) mine.push_back(microseconds(after - now));
        now = after;
      }
    });
  for (std::thread& thread : threads) thread.join();
  std::vector<double> all;
  for (const auto& some : latencies) all.insert(all.end(), some.begin(), some.end());
  return all;
}

}  // namespace gantry::inline GANTRY_ABI::bench
