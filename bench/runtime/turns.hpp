// SPDX-License-Identifier: Apache-2.0
// One side of a comparison as a separate process, controlled line by line, so that several sides can take turns.
// turns.py is the other end.
//
// It first prints {"output": [...], "note": "..."}: its answer to the input of all sides, for comparison, and what it
// is. It answers a line `run CALLERS SECONDS WARM_UP_SECONDS` with {"callers", "latencies_us": [...], "periods",
// "throttled"}; the last two count CPU quota periods of the control group, 0 without a quota.
#pragma once

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "load.hpp"

namespace gantry::inline GANTRY_ABI::bench {

struct QuotaPeriods {
  long all = 0, throttled = 0;
};

/// Of the group mounted at /sys/fs/cgroup: in a container its own.
inline QuotaPeriods quota_periods() {
  QuotaPeriods periods;
  for (const char* path : {"/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/cpu/cpu.stat"}) {
    std::ifstream file(path);
    std::string key;
    for (long value = 0; file >> key >> value;) {
      if (key == "nr_periods") periods.all = value;
      if (key == "nr_throttled") periods.throttled = value;
    }
  }
  return periods;
}

/// `count` floats in [0, 1), the same in every process.
inline std::vector<float> make_input(std::size_t count) {
  std::vector<float> values(count);
  std::uint32_t state = 12345;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / static_cast<float>(1u << 24);
  }
  return values;
}

/// Serves stdin until it ends; `call(caller)` makes one request on one of the calling threads.
template <class Call>
void take_turns(const std::vector<float>& output, const std::string& note, Call call) {
  std::cout.precision(9);
  std::cout << "{\"output\": [";
  for (std::size_t i = 0; i < output.size(); ++i) std::cout << (i ? ", " : "") << output[i];
  std::cout << "], \"note\": \"" << note << "\"}" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string word;
    int callers = 0;
    double seconds = 0, warm_up = 0;
    if (!(words >> word >> callers >> seconds >> warm_up) || word != "run" || callers < 1) std::exit(64);
    const auto duration = [](double value) {
      return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(value));
    };
    const QuotaPeriods before = quota_periods();
    const std::vector<double> latencies = closed_loop(callers, duration(seconds), call, duration(warm_up));
    const QuotaPeriods after = quota_periods();
    std::cout << "{\"callers\": " << callers << ", \"periods\": " << after.all - before.all
              << ", \"throttled\": " << after.throttled - before.throttled << ", \"latencies_us\": [";
    for (std::size_t i = 0; i < latencies.size(); ++i)
      std::cout << (i ? ", " : "") << static_cast<std::int64_t>(latencies[i]);
    std::cout << "]}" << std::endl;
  }
}

}  // namespace gantry::inline GANTRY_ABI::bench
