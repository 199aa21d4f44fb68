// SPDX-License-Identifier: Apache-2.0
#include "runtime/machine_time.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/proc_text.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

using CpuRanges = std::vector<std::pair<std::int64_t, std::int64_t>>;

/// The ranges of a list such as "0-3,7"; empty if the text is not such a list.
CpuRanges parse_ranges(std::string_view text) {
  CpuRanges ranges;
  for (const std::string_view part : split(text, ',')) {
    const auto ends = split(part, '-');
    const auto first = parse_integer(ends.front());
    const auto last = parse_integer(ends.back());
    if (ends.size() > 2 || !first || !last) return {};
    ranges.emplace_back(*first, *last);
  }
  return ranges;
}

CpuRanges allowed_cpus(const std::string& status) {
  for (const std::string_view line : split(status, '\n')) {
    const auto fields = words(line);
    if (fields.size() == 2 && fields[0] == "Cpus_allowed_list:") return parse_ranges(fields[1]);
  }
  return {};
}

/// 3 for "cpu3"; nullopt for any other word, also for "cpu", the sum of all CPUs.
std::optional<std::int64_t> cpu_number(std::string_view word) {
  if (word.substr(0, 3) != "cpu") return std::nullopt;
  return parse_integer(word.substr(3));
}

}  // namespace

std::optional<MachineTime> compute_machine_time(const SystemFacts& facts, std::chrono::nanoseconds tick) {
  const auto status = facts.read("/proc/self/status");
  const auto stat = facts.read("/proc/stat");
  if (!status || !stat) return std::nullopt;
  const CpuRanges allowed = allowed_cpus(*status);
  MachineTime time;
  bool any = false;
  for (const std::string_view line : split(*stat, '\n')) {
    const auto fields = words(line);
    const auto cpu = fields.empty() ? std::nullopt : cpu_number(fields[0]);
    const auto has = [&](const auto& range) { return range.first <= *cpu && *cpu <= range.second; };
    if (!cpu || !std::any_of(allowed.begin(), allowed.end(), has)) continue;
    // Fields: user nice system idle iowait irq softirq steal. The following field, guest, is included in user.
    constexpr std::size_t kIdle = 4, kIoWait = 5, kSteal = 8;
    if (fields.size() <= kSteal) return std::nullopt;
    for (std::size_t i = 1; i <= kSteal; ++i) {
      const auto ticks = parse_integer(fields[i]);
      if (!ticks) return std::nullopt;
      if (i != kIdle && i != kIoWait) (i == kSteal ? time.stolen : time.busy) += *ticks * tick;
    }
    any = true;
  }
  return any ? std::optional<MachineTime>(time) : std::nullopt;
}

std::optional<MachineTime> read_machine_time() {
  const long ticks_per_second = ::sysconf(_SC_CLK_TCK);
  if (ticks_per_second <= 0) return std::nullopt;
  return compute_machine_time(ProcessFiles(), std::chrono::nanoseconds(std::chrono::seconds(1)) / ticks_per_second);
}

}  // namespace gantry::inline GANTRY_ABI::detail
