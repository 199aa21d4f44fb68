// SPDX-License-Identifier: Apache-2.0
// Defaults of EngineLoader's virtual functions.
#include <gantry/engine_loader.hpp>
#include <gantry/isa.hpp>

#include "model/known_engines.hpp"

namespace gantry::inline GANTRY_ABI {

std::string engine_component(const std::string& kind) {
  for (const detail::KnownEngine& known : detail::kKnownEngines)
    if (kind == known.kind) return known.component;
  return "";
}

EngineLoader::~EngineLoader() = default;

Result<void> EngineLoader::check(const JsonView& requirements, Device) const {
  JsonFields fields(requirements);
  const std::string isa = fields.string("isa", "");
  const bool is_asked = fields.has("isa");
  if (auto ok = fields.finish(); !ok) return ok;
  return is_asked ? check_isa(isa) : Result<void>();
}

}  // namespace gantry::inline GANTRY_ABI
