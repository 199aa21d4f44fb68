// SPDX-License-Identifier: Apache-2.0
#include "package/requirements.hpp"

#include <algorithm>
#include <gantry/node.hpp>
#include <gantry/translate_exception.hpp>
#include <utility>

#include "core/json_access.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

std::string title_of(const EngineEntry& entry) {
  return "engine '" + entry.kind + "'";
}

/// "engine 'aoti' requires torch 2.14, this is 2.15.0".
Error unusable(ErrorCode code, const EngineEntry& entry, const std::string& why) {
  return Error(code, title_of(entry) + " " + why);
}

}  // namespace

const EngineLoader* find_loader(const EngineList& engines, const std::string& kind) {
  const auto found = std::find_if(engines.begin(), engines.end(),
                                  [&](const auto& engine) { return engine && engine->kind() == kind; });
  return found == engines.end() ? nullptr : found->get();
}

std::optional<Error> unmet_requirement(const EngineEntry& entry, const EngineLoader* loader, Device device) try {
  if (loader == nullptr) {
    const std::string component = engine_component(entry.kind);
    return unusable(ErrorCode::kUnsupported, entry,
                    "is not linked" + (component.empty() ? "" : "; link gantry::" + component));
  }
  const char* wanted = device.is_cpu() ? "cpu" : "cuda";
  if (entry.device != "any" && entry.device != wanted)
    return unusable(ErrorCode::kUnsupported, entry,
                    "is for device '" + entry.device + "', asked for is '" + wanted + "'");
  const auto met = loader->check(JsonAccess::borrow(entry.requirements, entry.path + ".requires"), device);
  if (met) return std::nullopt;
  if (met.error().code() == ErrorCode::kInvalidArgument) return met.error().within(title_of(entry));
  return unusable(met.error().code(), entry, met.error().message());
} catch (...) {
  return translate_exception().within(title_of(entry));
}

}  // namespace gantry::inline GANTRY_ABI::detail
