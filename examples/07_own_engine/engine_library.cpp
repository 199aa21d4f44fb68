// SPDX-License-Identifier: Apache-2.0
// The same engine as a shared library libgantry_linear.so, for programs that load engines at run time:
//   g++ -std=c++17 -shared -fPIC engine_library.cpp -o libgantry_linear.so -lgantry_core
//   gantry check PKG --engine-dir .
#include "linear_engine.hpp"

extern "C" GANTRY_API const gantry::EngineLibrary* gantry_engine_0_2();

const gantry::EngineLibrary* gantry_engine_0_2() {
  static const gantry::EngineLibrary library{"linear", "acme's linear models",
                                             [] { return gantry::EngineList{std::make_shared<acme::LinearLoader>()}; }};
  return &library;
}
