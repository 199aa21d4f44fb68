// SPDX-License-Identifier: Apache-2.0
// RandomStreamScope: the numbers that LibTorch draws next are the host's.
#pragma once

#include <ATen/Context.h>
#include <ATen/core/Generator.h>
#include <c10/core/Device.h>

#include <mutex>

namespace gantry::libtorch {

/// Puts the state of the device's default generator back when it ends. What other threads drew meanwhile is drawn
/// again, so it is for checks of models that do draw numbers, and never for traffic.
///
/// Ownership: a scope; neither copied nor moved.
/// Threads:   one thread.
/// Errors:    may throw when it begins.
/// Cost:      a copy of 5 KB.
class RandomStreamScope {
 public:
  explicit RandomStreamScope(c10::Device device) : generator_(at::globalContext().defaultGenerator(device)) {
    const std::lock_guard lock(generator_.mutex());
    before_ = generator_.get_state();
  }
  ~RandomStreamScope() {
    const std::lock_guard lock(generator_.mutex());
    generator_.set_state(before_);
  }
  RandomStreamScope(const RandomStreamScope&) = delete;
  RandomStreamScope& operator=(const RandomStreamScope&) = delete;

 private:
  at::Generator generator_;
  at::Tensor before_;
};

}  // namespace gantry::libtorch
