// SPDX-License-Identifier: Apache-2.0
// A host that links gantry::executorch: its engine is there, and says what it needs of a file.
#include <cstdio>
#include <gantry/executorch.hpp>

int main() {
  gantry::ModelOptions options;
  gantry::executorch::Options executorch;
  executorch.share_packed_weights = false;
  executorch.apply_to(options);
  const auto signature = gantry::Signature::parse("x:f32[batch,2]", "y:f32[batch,2]").value();
  const auto model = gantry::executorch::load("/proc/self/exe", signature, options);
  const bool is_refused = !model.ok() && model.error().to_string().find("no ExecuTorch program") != std::string::npos;
  std::printf("ExecuTorch %s, a program is refused: %s\n", gantry::executorch::version().c_str(),
              model.ok() ? "no" : model.error().to_string().c_str());
  return !is_refused || gantry::executorch::version().empty();
}
