// SPDX-License-Identifier: Apache-2.0
// Whether this machine and this LibTorch can run an AOTInductor package. Its code is loaded as it is: on a CPU that
// lacks an instruction it would end the process.
#include <sys/utsname.h>
#include <torch/version.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <optional>
#include <string_view>

#include "engine/torch/aoti_package.hpp"

namespace gantry::libtorch {
namespace {

using Metadata = std::map<std::string, std::string>;

std::string_view value_of(const Metadata& metadata, const std::string& key) {
  const auto at = metadata.find(key);
  return at == metadata.end() ? std::string_view() : std::string_view(at->second);
}

#if defined(__x86_64__)
bool has_level_2() {
  return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
}
bool has_level_3() {
  return has_level_2() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}
bool has_level_4() {
  return has_level_3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
bool has_amx() {
  constexpr unsigned kAmxTile = 1u << 24;  // CPUID.(EAX=7, ECX=0):EDX
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kAmxTile) != 0;
}
#endif

/// Whether this CPU runs code for one ISA, as -march or AOTInductor calls it; nothing if gantry does not know the name.
std::optional<bool> runs(std::string_view isa) {
  if (isa == "INVALID_VEC_ISA") return true;  // scalar code
#if defined(__x86_64__)
  if (isa == "x86-64") return true;
  if (isa == "x86-64-v2") return has_level_2();
  if (isa == "AVX2" || isa == "x86-64-v3") return has_level_3();
  if (isa == "AVX512" || isa == "x86-64-v4") return has_level_4();
  if (isa == "AVX512_VNNI") return has_level_4() && __builtin_cpu_supports("avx512vnni");
  if (isa == "AMX_TILE") return has_amx();
#elif defined(__aarch64__)
  if (isa == "NEON" || isa == "ASIMD" || isa == "aarch64" || isa == "armv8-a") return true;
#endif
  return std::nullopt;
}

/// `isas`: none, or some with a space between, such as "AVX512 AVX512_VNNI AMX_TILE".
Result<void> check_isa(std::string_view isas) {
  if (isas.empty()) return {};
  const std::size_t end = std::min(isas.find(' '), isas.size());
  const std::string_view isa = isas.substr(0, end);
  const auto answer = runs(isa);
  if (answer && *answer) return check_isa(isas.substr(std::min(end + 1, isas.size())));
  const std::string name(isa);
  return Error(ErrorCode::kFailedPrecondition,
               answer ? "the package was compiled for " + name + ", which this CPU does not have"
                      : "the package was compiled for '" + name + "', and gantry cannot tell if this CPU has that");
}

Result<void> check_machine(std::string_view machine) {
  struct utsname system {};
  if (machine.empty() || ::uname(&system) != 0 || machine == system.machine) return {};
  return Error(ErrorCode::kFailedPrecondition,
               "the package was compiled for " + std::string(machine) + ", this machine is " + system.machine);
}

/// LibTorch promises nothing to a package of another minor version.
Result<void> check_torch(std::string_view built_with) {
  const std::string here = std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR);
  const auto minor_end = built_with.find('.', std::min(built_with.size(), built_with.find('.') + 1));
  if (built_with.empty() || built_with.substr(0, minor_end) == here) return {};
  return Error(ErrorCode::kFailedPrecondition, "the package was compiled with LibTorch " + std::string(built_with) +
                                                   ", this is " + here + "; export the model again");
}

}  // namespace

Result<void> check_aoti_metadata(const Metadata& metadata) {
  if (auto ok = check_torch(value_of(metadata, "gantry_torch_version")); !ok) return ok;
  if (auto ok = check_machine(value_of(metadata, "AOTI_MACHINE")); !ok) return ok;
  if (auto ok = check_isa(value_of(metadata, "gantry_march")); !ok) return ok;
  return check_isa(value_of(metadata, "AOTI_CPU_ISA"));
}

}  // namespace gantry::libtorch
