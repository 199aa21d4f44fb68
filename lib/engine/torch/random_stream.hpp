// SPDX-License-Identifier: Apache-2.0
// RandomStreamScope: restores LibTorch's random generator, so that gantry's checks do not change the host's random
// numbers.
#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/core/Generator.h>
#include <c10/core/Device.h>

#include <gantry/version.hpp>
#include <mutex>

namespace gantry::inline GANTRY_ABI::libtorch {

/// Restores the state of the device's default generator on destruction. Numbers that other threads drew meanwhile are
/// then drawn again, so it is only for checks of models that draw random numbers, never for traffic.
///
/// Ownership: a scope; neither copied nor moved.
/// Threads:   one thread.
/// Errors:    may throw when it begins.
/// Cost:      a copy of 5 KB.
class RandomStreamScope {
 public:
  /// For the CPU it does not use LibTorch's context, which would cache permanently that there is no CUDA; CUDA may be
  /// loaded later.
  explicit RandomStreamScope(c10::Device device)
      : generator_(device.is_cpu() ? at::detail::getDefaultCPUGenerator()
                                   : at::globalContext().defaultGenerator(device)) {
    const std::lock_guard lock(generator_.mutex());
    before_ = generator_.get_state();
  }
  ~RandomStreamScope() {
    try {
      const std::lock_guard lock(generator_.mutex());
      generator_.set_state(before_);
    } catch (...) {  // the device has failed; the run reports it
    }
  }
  RandomStreamScope(const RandomStreamScope&) = delete;
  RandomStreamScope& operator=(const RandomStreamScope&) = delete;

 private:
  at::Generator generator_;
  at::Tensor before_;
};

}  // namespace gantry::inline GANTRY_ABI::libtorch
