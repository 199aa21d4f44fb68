// SPDX-License-Identifier: Apache-2.0
// expect: gantry: a model takes Tensor or Tensors
#include <gantry/model_stage.hpp>
#include <string>

namespace g = gantry;

int main() {
#ifdef GANTRY_CORRECT
  void (*use)(const g::Model&) = [](const g::Model& model) { model.stage<g::Tensor, g::Tensors>(); };
  static_cast<void>(use);
#else
  void (*use)(const g::Model&) = [](const g::Model& model) { model.stage<std::string, g::Tensor>(); };
  static_cast<void>(use);
#endif
}
