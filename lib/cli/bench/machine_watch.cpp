// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/machine_watch.hpp"

#include <algorithm>

#include "cli/quantity_text.hpp"

namespace gantry::inline GANTRY_ABI::cli {
namespace {

using std::chrono::nanoseconds;

constexpr double kToleratedShare = 0.01;
constexpr auto kLeastStolen = std::chrono::milliseconds(50);

std::string percent_text(double share) {
  return number_text(100 * share) + " %";
}

}  // namespace

MachineUse& MachineUse::operator+=(const MachineUse& later) {
  elapsed += later.elapsed;
  cpu_time += later.cpu_time;
  throttled_periods += later.throttled_periods;
  throttled += later.throttled;
  stolen += later.stolen;
  others += later.others;
  memory = later.memory;
  return *this;
}

double MachineUse::others_cpus() const {
  return elapsed.count() > 0 ? seconds_of(others) / seconds_of(elapsed) : 0;
}

std::vector<std::string> noise_in(const MachineUse& use) {
  std::vector<std::string> reasons;
  const double wanted = seconds_of(use.cpu_time + use.throttled);
  const double throttled_share = wanted > 0 ? seconds_of(use.throttled) / wanted : 0;
  if (throttled_share > kToleratedShare)
    reasons.push_back("the control group was throttled for " + duration_text(use.throttled) + " in " +
                      std::to_string(use.throttled_periods) + " quota periods, " + percent_text(throttled_share) +
                      " of the CPU time that was asked for: raise its CPU quota, or ask for less");
  const double ran = seconds_of(use.cpu_time + use.others + use.stolen);
  const double stolen_share = ran > 0 ? seconds_of(use.stolen) / ran : 0;
  if (stolen_share > kToleratedShare && use.stolen >= kLeastStolen)
    reasons.push_back("the hypervisor took " + duration_text(use.stolen) + " of CPU time, " +
                      percent_text(stolen_share) +
                      " of what was to run on these CPUs: measure on a machine of your own");
  return reasons;
}

MachineWatch::Counters MachineWatch::read() {
  return {std::chrono::steady_clock::now(), detail::read_process_cpu_time(), detail::read_cpu_throttling(),
          detail::read_machine_time()};
}

void MachineWatch::begin() {
  before_ = read();
}

MachineUse MachineWatch::end() const {
  const Counters after = read();
  MachineUse use;
  use.elapsed = after.time - before_.time;
  use.cpu_time = after.cpu_time - before_.cpu_time;
  // The counters may decrease when another group's quota has become the smallest.
  if (before_.throttling && after.throttling &&
      after.throttling->throttled_periods >= before_.throttling->throttled_periods) {
    use.throttled_periods = after.throttling->throttled_periods - before_.throttling->throttled_periods;
    use.throttled = std::max(nanoseconds(0), after.throttling->throttled_time - before_.throttling->throttled_time);
  }
  if (before_.machine && after.machine) {
    use.stolen = std::max(nanoseconds(0), after.machine->stolen - before_.machine->stolen);
    use.others = std::max(nanoseconds(0), after.machine->busy - before_.machine->busy - use.cpu_time);
  }
  use.memory = detail::read_process_memory();
  return use;
}

}  // namespace gantry::inline GANTRY_ABI::cli
