// SPDX-License-Identifier: Apache-2.0
// AotiContainer: an AOTInductor package's library, loaded, with its weights and runners.
#pragma once

#include <c10/core/Device.h>
#include <torch/csrc/inductor/aoti_runner/model_container_runner.h>

#include <atomic>
#include <gantry/result.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/torch/aoti_package.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {

/// What the weights of all containers of one engine occupy. Thread-safe.
class WeightsCount {
 public:
  void add(std::size_t bytes) { bytes_ += bytes; }
  void subtract(std::size_t bytes) { bytes_ -= bytes; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::atomic<std::size_t> bytes_{0};
};

/// Every container has a copy of the weights and of all state, as packed: its library is a copy of its own, too.
///
/// Ownership: owns the loaded library, its weights and, on a GPU, the files that it reads later. The library may stay
///            mapped for as long as threads that used it live; its weights do not where they were beside it.
/// Threads:   run() may be called by as many threads at a time as it has runners; more wait.
/// Errors:    load: as the package's faults demand; run: throws what LibTorch throws.
/// Cost:      load unpacks the package.
class AotiContainer {
 public:
  struct Source {
    AotiPackage package;
    std::string device_key;  ///< AOTI_DEVICE_KEY
    c10::Device device;
    std::string scratch_dir;
    std::shared_ptr<WeightsCount> weights;  ///< not null
    bool is_verified = true;                ///< the package says what it was compiled for, as gantry-pack's do
  };

  static Result<std::shared_ptr<AotiContainer>> load(const Source& source, std::size_t runners);
  ~AotiContainer();
  AotiContainer(const AotiContainer&) = delete;
  AotiContainer& operator=(const AotiContainer&) = delete;

  std::vector<at::Tensor> run(const std::vector<at::Tensor>& arguments) { return runner_->run(arguments); }
  /// What read_call_spec() reads: one text for the arguments, one for the result.
  std::vector<std::string> call_spec() { return runner_->get_call_spec(); }

 private:
  using Runner = torch::inductor::AOTIModelContainerRunner;
  AotiContainer(ScratchDirectory scratch, std::unique_ptr<Runner> runner, const Source& source);

  /// Kernels for a GPU are read when they are first run, so the files stay; those of a CPU package go at once.
  ScratchDirectory scratch_;
  std::unique_ptr<Runner> runner_;  // before the files go
  const std::shared_ptr<WeightsCount> weights_;
  const std::size_t weights_bytes_;
};

}  // namespace gantry::inline GANTRY_ABI::libtorch
