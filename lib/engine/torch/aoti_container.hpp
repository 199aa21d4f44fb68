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

/// The memory of the weights of all containers of one engine. Thread-safe.
class WeightsCount {
 public:
  void add(std::size_t bytes) { bytes_ += bytes; }
  void subtract(std::size_t bytes) { bytes_ -= bytes; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::atomic<std::size_t> bytes_{0};
};

/// Every container has its own copy of the weights, of all state (as packed), and of the library.
///
/// Ownership: owns the loaded library, its weights and, on a GPU, the files that it reads later. The library may stay
///            mapped while threads that used it live; weights from a separate file are freed with the container.
/// Threads:   run() computes on as many threads at a time as there are runners; other threads wait.
/// Errors:    load: an error for the package's fault; run: throws what LibTorch throws.
/// Cost:      load unpacks the package.
class AotiContainer {
 public:
  struct Source {
    AotiPackage package;
    std::string device_key;  ///< AOTI_DEVICE_KEY
    c10::Device device;
    std::string scratch_dir;
    std::shared_ptr<WeightsCount> weights;  ///< not null
    bool is_verified = true;                ///< the package states what it was compiled for, like those of gantry-pack
  };

  static Result<std::shared_ptr<AotiContainer>> load(const Source& source, std::size_t runners);
  ~AotiContainer();
  AotiContainer(const AotiContainer&) = delete;
  AotiContainer& operator=(const AotiContainer&) = delete;

  std::vector<at::Tensor> run(const std::vector<at::Tensor>& arguments) { return runner_->run(arguments); }
  /// The input of read_call_spec(): one text for the arguments, one for the result.
  std::vector<std::string> call_spec() { return runner_->get_call_spec(); }

 private:
  using Runner = torch::inductor::AOTIModelContainerRunner;
  AotiContainer(ScratchDirectory scratch, std::unique_ptr<Runner> runner, const Source& source);

  /// GPU kernels are read on their first run, so their files are kept; the files of a CPU package are removed at once.
  ScratchDirectory scratch_;
  std::unique_ptr<Runner> runner_;  // destroyed before the files are removed
  const std::shared_ptr<WeightsCount> weights_;
  const std::size_t weights_bytes_;
};

}  // namespace gantry::inline GANTRY_ABI::libtorch
