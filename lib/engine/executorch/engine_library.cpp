// SPDX-License-Identifier: Apache-2.0
// The symbol by which programs find the engine.
#include "engine/executorch/loader.hpp"

extern "C" GANTRY_API const gantry::EngineLibrary* gantry_engine_0_2();

const gantry::EngineLibrary* gantry_engine_0_2() {
  static const gantry::EngineLibrary library{"executorch", "ExecuTorch " GANTRY_EXECUTORCH_VERSION,
                                             [] { return gantry::EngineList{gantry::executorch::make_loader()}; }};
  return &library;
}
