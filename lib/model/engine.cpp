// SPDX-License-Identifier: Apache-2.0
// Where the seams' virtual tables live.
#include <gantry/engine.hpp>

namespace gantry::inline GANTRY_ABI {

EngineInstance::~EngineInstance() = default;
Engine::~Engine() = default;

ModelMemory Engine::memory() const {
  return {};
}
std::size_t Engine::release_idle_memory(std::chrono::milliseconds) {
  return 0;
}

}  // namespace gantry::inline GANTRY_ABI
