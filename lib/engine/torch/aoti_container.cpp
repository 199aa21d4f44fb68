// SPDX-License-Identifier: Apache-2.0
// Loads an AOTInductor package's library.
//
// Each instance of a model with state has its own container, which unpacks and loads its own copy of the library.
// Containers of one copy would share its static memory; also, the unpacked files are removed after loading.
#include "engine/torch/aoti_container.hpp"

#include <torch/version.h>

#include <string>
#include <utility>

#include "core/mutex.hpp"
#include "core/return_if_error.hpp"
#include "engine/torch/aoti_weights.hpp"
#include "engine/torch/thread_state.hpp"
#include "engine/torch/torch_soname.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

using Runner = torch::inductor::AOTIModelContainerRunner;

/// Loads one library at a time: the stand-in for libtorch.so (torch_soname.hpp) is visible process-wide.
Result<std::unique_ptr<Runner>> make_runner(const std::string& library, const AotiContainer::Source& source,
                                            std::size_t runners, const ScratchDirectory& scratch) {
  static detail::Mutex mutex;
  const detail::MutexLock lock(mutex);
  GANTRY_ASSIGN_OR_RETURN(const auto soname, TorchSoname::open());
  const ThreadScope thread(1);
  const auto& makers = torch::inductor::getAOTIModelRunnerRegistry();
  const auto maker = makers.find(source.device_key);
  if (maker == makers.end())
    return Error(ErrorCode::kUnsupported,
                 "this LibTorch cannot run AOTInductor packages on '" + source.device_key + "'");
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 7
  return maker->second(library, runners, source.device.str(), scratch.path(), /*run_single_threaded=*/false);
#else
  return maker->second(library, runners, source.device.str(), scratch.path());
#endif
}

/// Loads the weights from the file beside the library, if there is one; the library cannot run without them.
Result<void> complete_weights(Runner& runner, const AotiContainer::Source& source) {
  const AotiPackage& package = source.package;
  if (package.weights) return give_weights(runner, package.file, *package.weights);
  if (!source.is_verified) return {};  // querying such a library may print to stderr
  const auto wanted = weights_wanted(runner);
  if (!wanted || *wanted == 0) return {};
  return Error(ErrorCode::kInvalidArgument, "the file of its weights, of " + std::to_string(*wanted) +
                                                " bytes, is missing in the package; pack the model again");
}

}  // namespace

Result<std::shared_ptr<AotiContainer>> AotiContainer::load(const Source& source, std::size_t runners) {
  GANTRY_ASSIGN_OR_RETURN(auto scratch, ScratchDirectory::make(source.scratch_dir));
  GANTRY_ASSIGN_OR_RETURN(const auto library, unpack_aoti_package(source.package, scratch));
  GANTRY_ASSIGN_OR_RETURN(auto runner, make_runner(library, source, runners, scratch));
  GANTRY_RETURN_IF_ERROR(complete_weights(*runner, source));
  if (source.device.is_cpu()) scratch.remove();
  return std::shared_ptr<AotiContainer>(new AotiContainer(std::move(scratch), std::move(runner), source));
}

AotiContainer::AotiContainer(ScratchDirectory scratch, std::unique_ptr<Runner> runner, const Source& source)
    : scratch_(std::move(scratch)),
      runner_(std::move(runner)),
      weights_(source.weights),
      weights_bytes_(source.package.weights ? source.package.weights->size : weights_bytes(*runner_)) {
  weights_->add(weights_bytes_);
}

AotiContainer::~AotiContainer() {
  weights_->subtract(weights_bytes_);
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
