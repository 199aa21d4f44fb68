// SPDX-License-Identifier: Apache-2.0
// Where the seams' virtual tables live.
#include <gantry/engine.hpp>

namespace gantry {

EngineInstance::~EngineInstance() = default;
Engine::~Engine() = default;
Backend::~Backend() = default;

}  // namespace gantry
