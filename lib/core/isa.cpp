// SPDX-License-Identifier: Apache-2.0
// Determines ISA levels and features with CPUID.
#include <algorithm>
#include <gantry/isa.hpp>
#include <iterator>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace gantry::inline GANTRY_ABI {
namespace {

constexpr std::string_view kLevels[] = {"x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4", "aarch64"};
constexpr std::string_view kFeatures[] = {"avx512vnni", "amx-tile"};

template <std::size_t N>
bool holds(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

#if defined(__x86_64__)
/// The x86-64 level 1..4, from the CPUID features of each level.
std::size_t x86_level() {
  if (!__builtin_cpu_supports("ssse3") || !__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt"))
    return 1;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi") ||
      !__builtin_cpu_supports("bmi2"))
    return 2;
  const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                          __builtin_cpu_supports("avx512vl");
  return has_avx512 ? 4 : 3;
}

bool has_amx_tile() {
  constexpr unsigned kAmxTile = 1u << 24;  // CPUID.(EAX=7, ECX=0):EDX
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kAmxTile) != 0;
}

bool has_feature(std::string_view name) {
  return name == "avx512vnni" ? x86_level() == 4 && __builtin_cpu_supports("avx512vnni") : has_amx_tile();
}
#else
bool has_feature(std::string_view) {
  return false;
}
#endif

}  // namespace

std::vector<std::string> isa_levels() {
#if defined(__x86_64__)
  return {std::begin(kLevels), std::begin(kLevels) + x86_level()};
#elif defined(__aarch64__)
  return {"aarch64"};
#else
  return {};
#endif
}

std::optional<bool> has_isa(std::string_view isa) {
  if (holds(kFeatures, isa)) return has_feature(isa);
  if (!holds(kLevels, isa)) return std::nullopt;
  const auto levels = isa_levels();
  return std::find(levels.begin(), levels.end(), isa) != levels.end();
}

Result<void> check_isa(std::string_view isa) {
  const std::string name(isa);
  if (!holds(kLevels, isa))
    return Error(ErrorCode::kInvalidArgument,
                 "isa: expected one of x86-64, x86-64-v2, x86-64-v3, x86-64-v4, aarch64, got '" + name + "'");
  const auto levels = isa_levels();
  if (std::find(levels.begin(), levels.end(), name) != levels.end()) return {};
  return Error(ErrorCode::kFailedPrecondition,
               "requires " + name + ", this CPU has " + (levels.empty() ? "no known level" : levels.back()));
}

}  // namespace gantry::inline GANTRY_ABI
