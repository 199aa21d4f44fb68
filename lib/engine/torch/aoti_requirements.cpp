// SPDX-License-Identifier: Apache-2.0
// Whether this machine and this LibTorch can run an AOTInductor package. Its code is loaded unchecked: on a CPU that
// lacks an instruction it would end the process.
#include <sys/utsname.h>
#include <torch/version.h>

#include <algorithm>
#include <gantry/isa.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "core/return_if_error.hpp"
#include "engine/torch/aoti_package.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

using Metadata = std::map<std::string, std::string>;

std::string_view value_of(const Metadata& metadata, const std::string& key) {
  const auto at = metadata.find(key);
  return at == metadata.end() ? std::string_view() : std::string_view(at->second);
}

/// Whether this CPU runs code for one ISA, named as in -march or by AOTInductor; nullopt for an unknown name.
std::optional<bool> runs(std::string_view isa) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"AVX2", "x86-64-v3"}, {"AVX512", "x86-64-v4"}, {"AVX512_VNNI", "avx512vnni"}, {"AMX_TILE", "amx-tile"},
      {"NEON", "aarch64"},   {"ASIMD", "aarch64"},    {"armv8-a", "aarch64"}};
  if (isa == "INVALID_VEC_ISA") return true;  // scalar code
  for (const auto& [theirs, ours] : kNames)
    if (isa == theirs) return has_isa(ours);
  return has_isa(isa);
}

/// `isas`: empty, or names separated by spaces, such as "AVX512 AVX512_VNNI AMX_TILE".
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

/// LibTorch guarantees nothing for a package of another minor version.
Result<void> check_torch(std::string_view built_with) {
  const std::string here = std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR);
  const auto minor_end = built_with.find('.', std::min(built_with.size(), built_with.find('.') + 1));
  if (built_with.empty() || built_with.substr(0, minor_end) == here) return {};
  return Error(ErrorCode::kFailedPrecondition, "the package was compiled with LibTorch " + std::string(built_with) +
                                                   ", this is " + here + "; export the model again");
}

}  // namespace

Result<void> check_aoti_metadata(const Metadata& metadata) {
  GANTRY_RETURN_IF_ERROR(check_torch(value_of(metadata, "gantry_torch_version")));
  GANTRY_RETURN_IF_ERROR(check_machine(value_of(metadata, "AOTI_MACHINE")));
  GANTRY_RETURN_IF_ERROR(check_isa(value_of(metadata, "gantry_march")));
  return check_isa(value_of(metadata, "AOTI_CPU_ISA"));
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
