// SPDX-License-Identifier: Apache-2.0
// expect: gantry: a model gives Tensor or Tensors
#include <gantry/model_stage.hpp>
#include <string>

namespace g = gantry;

int main() {
#ifdef GANTRY_CORRECT
  void (*use)(const g::Model&) = [](const g::Model& model) { model.stage<g::Tensors, g::Tensor>(); };
  static_cast<void>(use);
#else
  void (*use)(const g::Model&) = [](const g::Model& model) { model.stage<g::Tensor, std::string>(); };
  static_cast<void>(use);
#endif
}
