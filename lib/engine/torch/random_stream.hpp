// SPDX-License-Identifier: Apache-2.0
// RandomStreamScope: the numbers that LibTorch draws next are the host's.
#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/core/Generator.h>
#include <c10/core/Device.h>

#include <gantry/version.hpp>
#include <mutex>

namespace gantry::inline GANTRY_ABI::libtorch {

/// Puts the state of the device's default generator back when it ends. What other threads drew meanwhile is drawn
/// again, so it is for checks of models that do draw numbers, and never for traffic.
///
/// Ownership: a scope; neither copied nor moved.
/// Threads:   one thread.
/// Errors:    may throw when it begins.
/// Cost:      a copy of 5 KB.
class RandomStreamScope {
 public:
  /// For the CPU, LibTorch's context is not asked: it would note for good that there is no CUDA, which may come later.
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
    } catch (...) {  // a device that failed; the run says so
    }
  }
  RandomStreamScope(const RandomStreamScope&) = delete;
  RandomStreamScope& operator=(const RandomStreamScope&) = delete;

 private:
  at::Generator generator_;
  at::Tensor before_;
};

}  // namespace gantry::inline GANTRY_ABI::libtorch
