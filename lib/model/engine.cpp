// SPDX-License-Identifier: Apache-2.0
// Defines the destructors of the engine interfaces here, so that their vtables are emitted once.
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
