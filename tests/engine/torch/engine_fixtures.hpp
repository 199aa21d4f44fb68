// SPDX-License-Identifier: Apache-2.0
// Models and tensors for the engine's tests. The files are made by tests/pack/make_packages.py and make_models.py.
#pragma once

#include <gantry/libtorch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/torch/engine_loaders.hpp"
#include "model/npy.hpp"
#include "support/fake_engine.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {

/// A file that make_models.py made.
inline std::string model_file(const std::string& name) {
  return std::string(GANTRY_ENGINE_MODELS) + "/" + name;
}

/// A file of a package that make_packages.py made.
inline std::string package_file(const std::string& package, const std::string& name) {
  return std::string(GANTRY_TEST_PACKAGES) + "/" + package + "/1/" + name;
}

/// A recorded tensor of a package, with a batch axis of 1 in front.
inline Tensor golden(const std::string& package, const std::string& name) {
  const Bytes file = read_file(package_file(package, "golden/" + name)).value();
  const Tensor sample = detail::parse_npy(file).value();
  return sample.reshape(sample.shape().with_front(1)).value();
}

inline ModelOptions on(const Runtime& runtime, int warmup_runs = 1) {
  ModelOptions options;
  options.runtime = runtime;
  options.warmup_runs = warmup_runs;
  return options;
}

/// x: f32[batch, 2] -> y: f32[batch, 2].
inline Result<Model> load_rows(const std::string& file, const ModelOptions& options) {
  return libtorch::load(model_file(file), row_signature(), options);
}

/// A request for a file of make_models.py's.
inline LoadRequest request_for(const std::string& file, const Signature& signature,
                               const libtorch::Options& options = {}) {
  LoadRequest request;
  request.files.push_back({ModelFile::open(model_file(file)).value(), 0});
  request.signature = signature;
  request.host_options = options;
  return request;
}

/// The engine of a TorchScript file, without a runtime.
inline Result<std::unique_ptr<Engine>> load_engine(const std::string& file, const Signature& signature,
                                                   const libtorch::Options& options = {}) {
  return libtorch::load_torchscript(request_for(file, signature, options));
}

/// Of x: f32[batch, 2] -> y: f32[batch, 2].
inline Result<std::unique_ptr<Engine>> load_engine(const std::string& file) {
  return load_engine(file, row_signature());
}

inline Tensor rows(std::vector<float> values) {
  const auto count = static_cast<std::int64_t>(values.size()) / 2;
  return Tensor::from<float>(Span<const float>(values), {count, 2}).value();
}

inline Tensors x_of(std::vector<float> values) {
  return {{"x", rows(std::move(values))}};
}

/// The values of the only output.
inline std::vector<float> output_of(const Result<Tensors>& outputs) {
  return values_of(outputs.value()[0].tensor);
}

}  // namespace gantry::inline GANTRY_ABI::test
