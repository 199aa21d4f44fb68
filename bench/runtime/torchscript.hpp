// SPDX-License-Identifier: Apache-2.0
// Runs a TorchScript file without gantry, for the benchmarks that compare.
#pragma once

#include <torch/script.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <gantry/version.hpp>
#include <string>
#include <vector>

namespace gantry::inline GANTRY_ABI::bench {

/// Parses "3,224,224".
inline std::vector<std::int64_t> parse_dims(const char* text) {
  std::vector<std::int64_t> dims;
  for (char* rest = const_cast<char*>(text); *rest;) {
    dims.push_back(std::strtol(rest, &rest, 10));
    if (*rest) ++rest;
  }
  return dims;
}

inline torch::jit::Module load_frozen(const std::string& path) {
  auto module = torch::jit::load(path);
  module.eval();
  return torch::jit::freeze(module);
}

inline std::vector<float> call(torch::jit::Module& module, const at::Tensor& input) {
  const torch::InferenceMode inference;
  const at::Tensor output = module.forward({input}).toTensor().contiguous();
  return {output.data_ptr<float>(), output.data_ptr<float>() + output.numel()};
}

/// True if `a` and `b` are equal to 0.1 %: kernels differ between batch sizes and numbers of threads.
inline bool agree(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!(std::abs(a[i] - b[i]) <= 1e-3f * std::max(1.0f, std::abs(b[i])))) return false;
  return true;
}

}  // namespace gantry::inline GANTRY_ABI::bench
