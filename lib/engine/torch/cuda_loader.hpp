// SPDX-License-Identifier: Apache-2.0
// Makes a device usable. gantry::torch links only LibTorch's CPU libraries; the CUDA libraries are loaded on first use.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/Stream.h>
#include <c10/core/StreamGuard.h>

#include <gantry/device.hpp>
#include <gantry/result.hpp>
#include <optional>

namespace gantry::inline GANTRY_ABI::libtorch {

/// `device` as LibTorch's type, ready for use. For cuda:N: failed_precondition says what is missing: LibTorch's CUDA
/// libraries, the driver, or a device. Thread-safe. Cost: the first CUDA device takes about half a second and 250 MB.
Result<c10::Device> use_device(Device device);

/// A stream of the device's pool; none on the CPU.
std::optional<c10::Stream> make_stream(c10::Device device);

/// Makes a device and a stream current on this thread for as long as it lives. Does nothing for the CPU.
class DeviceScope {
 public:
  explicit DeviceScope(const std::optional<c10::Stream>& stream) {
    if (stream) guard_.emplace(*stream);
  }

 private:
  std::optional<c10::StreamGuard> guard_;
};

}  // namespace gantry::inline GANTRY_ABI::libtorch
