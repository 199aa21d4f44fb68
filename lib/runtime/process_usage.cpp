// SPDX-License-Identifier: Apache-2.0
#include "runtime/process_usage.hpp"

#include <ctime>

#include "runtime/proc_text.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// The value in bytes of a line "Key: 123 kB".
std::optional<std::uint64_t> bytes_of(const std::optional<std::string>& table, std::string_view key) {
  const auto kilobytes = table ? find_value(*table, key) : std::nullopt;
  if (!kilobytes || *kilobytes < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*kilobytes) * 1024;
}

}  // namespace

ProcessMemory compute_process_memory(const SystemFacts& facts) {
  const auto status = facts.read("/proc/self/status");
  ProcessMemory memory;
  memory.resident_bytes = bytes_of(status, "VmRSS:").value_or(0);
  memory.peak_resident_bytes = bytes_of(status, "VmHWM:").value_or(0);
  memory.proportional_bytes = bytes_of(facts.read("/proc/self/smaps_rollup"), "Pss:");
  return memory;
}

ProcessMemory read_process_memory() {
  return compute_process_memory(ProcessFiles());
}

std::chrono::nanoseconds read_process_cpu_time() {
  // Has a finer resolution than getrusage(), which counts microseconds.
  timespec time{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0) return std::chrono::nanoseconds(0);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace gantry::inline GANTRY_ABI::detail
