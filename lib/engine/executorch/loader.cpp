// SPDX-License-Identifier: Apache-2.0
#include "engine/executorch/loader.hpp"

#include "core/return_if_error.hpp"
#include "engine/executorch/engine.hpp"
#include "model/version_requirement.hpp"

namespace gantry::inline GANTRY_ABI::executorch {
namespace {

class ExecutorchLoader final : public EngineLoader {
 public:
  std::string kind() const override { return "executorch"; }
  std::string version() const override { return GANTRY_EXECUTORCH_VERSION; }
  Result<void> check(const JsonView& requirements, Device device) const override {
    GANTRY_RETURN_IF_ERROR(
        detail::check_version_and_isa(requirements, "executorch", version(), "\"1.5\" or \">=1.5\""));
    if (device.is_cpu()) return {};
    return Error(ErrorCode::kUnsupported, "the ExecuTorch engine computes on the CPU, not on " + device.to_string());
  }
  Result<std::unique_ptr<Engine>> load(const LoadRequest& request) const override { return load_engine(request); }
};

}  // namespace

std::shared_ptr<const EngineLoader> make_loader() {
  return std::make_shared<ExecutorchLoader>();
}

}  // namespace gantry::inline GANTRY_ABI::executorch
