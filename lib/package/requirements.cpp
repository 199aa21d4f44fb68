// SPDX-License-Identifier: Apache-2.0
// ISA levels by CPUID, versions by number.
#include "package/requirements.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace gantry::detail {
namespace {

/// {2, 15} of "2.15.0+cpu"; {0, 0} if it is no version.
std::pair<int, int> major_minor(std::string_view text) {
  std::pair<int, int> version{0, 0};
  const char* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.first);
  if (major.ec == std::errc() && major.ptr != end && *major.ptr == '.')
    std::from_chars(major.ptr + 1, end, version.second);
  return version;
}

Error unusable(ErrorCode code, const EngineEntry& entry, const std::string& why) {
  return Error(code, "engine '" + entry.kind + "' " + why);
}

#if defined(__x86_64__)
/// 1..4, by the features of each level that CPUID tells apart.
int x86_level() {
  if (!__builtin_cpu_supports("sse4.2") || !__builtin_cpu_supports("popcnt")) return 1;
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2") ||
      !__builtin_cpu_supports("fma"))
    return 2;
  const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                          __builtin_cpu_supports("avx512vl");
  return has_avx512 ? 4 : 3;
}
#endif

}  // namespace

std::vector<std::string> available_isas() {
#if defined(__x86_64__)
  static constexpr const char* kLevels[] = {"x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
  return {kLevels, kLevels + x86_level()};
#elif defined(__aarch64__)
  return {"aarch64"};
#else
  return {};
#endif
}

bool meets_torch_requirement(std::string_view version, std::string_view requirement) {
  const bool is_minimum = requirement.rfind(">=", 0) == 0;
  if (is_minimum) requirement.remove_prefix(2);
  const auto have = major_minor(version);
  const auto need = major_minor(requirement);
  return is_minimum ? have >= need : have == need;
}

std::optional<Error> unmet_requirement(const EngineEntry& entry, const EngineLoader* loader, Device device) {
  if (loader == nullptr) {
    const bool is_of_torch = entry.kind == "torchscript" || entry.kind == "aoti";
    return unusable(ErrorCode::kUnsupported, entry,
                    std::string("is not linked") + (is_of_torch ? "; link gantry::torch" : ""));
  }
  const char* wanted = device.is_cpu() ? "cpu" : "cuda";
  if (entry.device != "any" && entry.device != wanted)
    return unusable(ErrorCode::kUnsupported, entry,
                    "is for device '" + entry.device + "', asked for is '" + wanted + "'");
  if (!entry.torch.empty() && !meets_torch_requirement(loader->version, entry.torch))
    return unusable(ErrorCode::kFailedPrecondition, entry,
                    "requires torch " + entry.torch + ", this is " + loader->version);
  if (entry.isa.empty()) return std::nullopt;
  const auto levels = available_isas();
  if (std::find(levels.begin(), levels.end(), entry.isa) != levels.end()) return std::nullopt;
  return unusable(ErrorCode::kFailedPrecondition, entry,
                  "requires " + entry.isa + ", this CPU has " + (levels.empty() ? "no known level" : levels.back()));
}

}  // namespace gantry::detail
