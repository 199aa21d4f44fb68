// SPDX-License-Identifier: Apache-2.0
// Samples that prove a model's rows independent: sixteen different ones of random numbers.
#pragma once

#include <cstdint>
#include <gantry/model_options.hpp>
#include <gantry/signature.hpp>
#include <random>
#include <vector>

namespace gantry::inline GANTRY_ABI::bench {

/// For a model of one f32 input; `dims` are those of a sample.
inline std::vector<Tensors> sixteen_samples(const Signature& signature, std::vector<std::int64_t> dims) {
  dims.insert(dims.begin(), 16);
  Tensor batch = Tensor::make(DType::kF32, Shape(Span<const std::int64_t>(dims))).value();
  std::mt19937 random(1);
  std::uniform_real_distribution<float> number(0, 1);
  for (float& value : batch.mutable_values<float>().value()) value = number(random);
  return {{{signature.inputs()[0].name, batch}}};
}

}  // namespace gantry::inline GANTRY_ABI::bench
