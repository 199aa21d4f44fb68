// SPDX-License-Identifier: Apache-2.0
// Loads libtorch_cuda, and explains why a device cannot be used.
//
// libtorch_cuda registers itself when it is loaded. If LibTorch was asked for CUDA before (at::hasCUDA, manual_seed,
// pin_memory), it has cached that there is none. So a host that uses a GPU through gantry must load the model before it
// calls these.
#include "engine/torch/cuda_loader.hpp"

#include <ATen/Context.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>
#include <unistd.h>

#include <string>

#include "core/mutex.hpp"
#include "core/return_if_error.hpp"
#include "engine/torch/loaded_library.hpp"
#include "engine/torch/silence.hpp"
#include "engine/torch/torch_error.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

Error unusable(const std::string& why) {
  return Error(ErrorCode::kFailedPrecondition, "CUDA cannot be used: " + why);
}

std::string last_loader_error() {
  const char* text = ::dlerror();
  return text ? text : "no reason given";
}

bool has_driver() {
  void* driver = ::dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (driver) ::dlclose(driver);
  return driver != nullptr;
}

/// By default cuDNN's convolutions round float32 to TensorFloat-32 (10 bits). Results would then differ from those of
/// the CPU, and from golden cases recorded there. The setting is process-wide, so a host that already uses CUDA keeps
/// its own.
void compute_in_full_precision() {
  const c10::WarningUtils::WarningHandlerGuard without_warnings(&silence());
  at::globalContext().setAllowTF32CuDNN(false);
}

/// Loads CUDA support into LibTorch. The library stays loaded, since what it registers cannot be undone.
Result<void> load_torch_cuda() {
  static detail::Mutex mutex;
  const detail::MutexLock lock(mutex);
  if (c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA)) return {};
  const std::string library = torch_directory() + "libtorch_cuda.so";
  if (::access(library.c_str(), R_OK) != 0)
    return unusable("this LibTorch is built without it ('" + library + "' does not exist)");
  if (!has_driver()) return unusable("no NVIDIA driver is installed (libcuda.so.1 was not found)");
  if (!::dlopen(library.c_str(), RTLD_LAZY | RTLD_GLOBAL))
    return unusable("'" + library + "' cannot be loaded: " + last_loader_error());
  if (!c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA))
    return unusable("'" + library + "' was loaded but registered no CUDA support");
  compute_in_full_precision();
  return {};
}

}  // namespace

Result<c10::Device> use_device(Device device) {
  if (device.is_cpu()) return c10::Device(c10::kCPU);
  GANTRY_RETURN_IF_ERROR(load_torch_cuda());
  try {
    const c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
    const int count = static_cast<unsigned char>(guard.deviceCount());  // never negative
    if (count == 0) return unusable("LibTorch sees no CUDA device (none present, none visible, or a driver too old)");
    if (device.index() >= count)
      return unusable("there is no " + device.to_string() + ": LibTorch sees " + std::to_string(count) +
                      (count == 1 ? " device" : " devices"));
    return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(device.index()));
  } catch (...) {
    return unusable(translate_torch_exception(ErrorCode::kFailedPrecondition).message());
  }
}

std::optional<c10::Stream> make_stream(c10::Device device) {
  if (device.is_cpu()) return std::nullopt;
  return c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device, false);
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
