// SPDX-License-Identifier: Apache-2.0
// Where Backend's virtual table lives, and what a backend says that says nothing.
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
