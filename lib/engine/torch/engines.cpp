// SPDX-License-Identifier: Apache-2.0
// The engines of gantry::torch for open().
#include <torch/version.h>

#include <gantry/libtorch.hpp>
#include <memory>

#include "engine/torch/engine_loaders.hpp"
#include "model/version_requirement.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

class TorchLoader final : public EngineLoader {
 public:
  using Load = Result<std::unique_ptr<Engine>> (*)(const LoadRequest&);
  TorchLoader(const char* kind, Load function) : kind_(kind), load_(function) {}

  std::string kind() const override { return kind_; }
  std::string version() const override { return libtorch::version(); }
  Result<void> check(const JsonView& requirements, Device) const override {
    return detail::check_version_and_isa(requirements, "torch", version(), "\"2.15\" or \">=2.6\"");
  }
  Result<std::unique_ptr<Engine>> load(const LoadRequest& request) const override { return load_(request); }

 private:
  const char* const kind_;
  const Load load_;
};

}  // namespace

std::shared_ptr<const EngineLoader> torchscript_loader() {
  return std::make_shared<TorchLoader>("torchscript", load_torchscript);
}

std::shared_ptr<const EngineLoader> aoti_loader() {
  return std::make_shared<TorchLoader>("aoti", load_aoti);
}

EngineList engines() {
  return {torchscript_loader(), aoti_loader()};
}

std::string version() {
  return std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR) + "." +
         std::to_string(TORCH_VERSION_PATCH);
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
