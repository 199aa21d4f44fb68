// SPDX-License-Identifier: Apache-2.0
// Defaults of Backend's virtual functions; its vtable is emitted here.
#include <gantry/backend.hpp>

namespace gantry::inline GANTRY_ABI {

Backend::~Backend() = default;

std::optional<BackendStats> Backend::stats() const {
  return std::nullopt;
}
Health Backend::health() const {
  return {};
}
ModelMemory Backend::memory() const {
  return {};
}

}  // namespace gantry::inline GANTRY_ABI
