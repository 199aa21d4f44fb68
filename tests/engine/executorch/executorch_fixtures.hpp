// SPDX-License-Identifier: Apache-2.0
// Models and tensors for the tests of the ExecuTorch engine. The files are made by make_models.py.
#pragma once

#include <gtest/gtest.h>

#include <gantry/core.hpp>
#include <gantry/executorch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {

inline std::string executorch_model(const std::string& name) {
  return std::string(GANTRY_EXECUTORCH_MODELS) + "/" + name;
}

inline Signature rows_signature() {
  return Signature::parse("x:f32[batch,2]", "y:f32[batch,2]").value();
}

struct SizedFile {
  std::string path;
  int batch = 0;
};

inline LoadRequest executorch_request(const std::vector<SizedFile>& files, const Signature& signature) {
  LoadRequest request;
  for (const SizedFile& file : files) request.files.push_back({ModelFile::open(file.path).value(), file.batch});
  request.signature = signature;
  return request;
}

inline LoadRequest executorch_request(const std::string& file, const Signature& signature = rows_signature()) {
  return executorch_request({{executorch_model(file), 0}}, signature);
}

inline Result<std::unique_ptr<Engine>> load_executorch(const LoadRequest& request) {
  return executorch::engines().at(0)->load(request);
}

/// Rows (0, 1), (1, 1), (2, 1), ...
inline Tensors rows_of(std::int64_t count) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>(i));
    values.push_back(1);
  }
  return {{"x", Tensor::from<float>(Span<const float>(values), {count, 2}).value()}};
}

/// What make_models.py's Rows gives for them.
inline std::vector<float> rows_answer(std::int64_t count) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto x = static_cast<float>(i);
    values.push_back(x + 3);
    values.push_back(3 * x + 3);
  }
  return values;
}

template <class T>
std::vector<T> elements(const Tensor& tensor) {
  const auto values = tensor.values<T>().value();
  return std::vector<T>(values.begin(), values.end());
}

inline Signature convolutions_signature() {
  return Signature::parse("x:f32[batch,3,64,64]", "y:f32[batch,64]").value();
}

inline Tensors picture() {
  Tensor x = Tensor::make(DType::kF32, {1, 3, 64, 64}).value();
  float value = 0;
  for (float& element : x.mutable_values<float>().value()) element = (value = value < 1 ? value + 0.01F : 0);
  return {{"x", x}};
}

}  // namespace gantry::inline GANTRY_ABI::test
