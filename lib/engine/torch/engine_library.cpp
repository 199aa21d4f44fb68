// SPDX-License-Identifier: Apache-2.0
// The symbol by which programs that load engines at run time find LibTorch's. Only in the shared library: a program
// that links several engines statically would define it several times.
#include <gantry/libtorch.hpp>
#include <string>

extern "C" GANTRY_API const gantry::EngineLibrary* gantry_engine_0_2();

const gantry::EngineLibrary* gantry_engine_0_2() {
  static const std::string description = "LibTorch " + gantry::libtorch::version();
  static const gantry::EngineLibrary library{"torch", description.c_str(), &gantry::libtorch::engines};
  return &library;
}
