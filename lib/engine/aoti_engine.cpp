// SPDX-License-Identifier: Apache-2.0
// The AOTInductor engine.
//
// One container holds the weights and a runner per instance, so that concurrent calls do not wait for each other. The
// code in the package checks nothing: dtype, shape and layout are checked before (ModelCall), numbers of tensors here.
#include <torch/csrc/inductor/aoti_runner/model_container_runner.h>
#include <torch/version.h>

#include <gantry/libtorch.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "engine/activation_memory.hpp"
#include "engine/aoti_package.hpp"
#include "engine/call_spec.hpp"
#include "engine/cuda_loader.hpp"
#include "engine/engine_loaders.hpp"
#include "engine/tensor_bridge.hpp"
#include "engine/thread_state.hpp"
#include "engine/torch_error.hpp"
#include "engine/torch_soname.hpp"

namespace gantry::libtorch {
namespace {

using Metadata = std::map<std::string, std::string>;
using Runner = torch::inductor::AOTIModelContainerRunner;

/// A loaded package; what its instances share.
struct LoadedPackage {
  /// Kernels for a GPU are read when they are first run, so the files stay; those of a CPU package go at once.
  ScratchDirectory scratch;
  std::unique_ptr<Runner> runner;  // before the files go
  CallMap call;
  std::vector<TensorSpec> outputs;
  c10::Device device;
  std::size_t weights_bytes = 0;
};

class AotiInstance final : public EngineInstance {
 public:
  AotiInstance(const LoadedPackage& package, int threads, bool retain_memory, CacheList& caches)
      : memory_(retain_memory, &caches), package_(package), stream_(make_stream(package.device)), threads_(threads) {}

  Result<Tensors> run(const Tensors& inputs, const RunOptions&) override {
    try {
      const ThreadScope thread(threads_);
      const DeviceScope device(stream_);
      const ActivationScope memory(memory_);
      const std::vector<at::Tensor> tensors = to_torch(inputs, package_.device);
      std::vector<at::Tensor> arguments;
      for (const std::size_t place : package_.call.inputs) arguments.push_back(tensors[place]);
      std::vector<at::Tensor> results = package_.runner->run(arguments);
      if (results.size() != package_.call.outputs.size())
        return Error(ErrorCode::kModelError, "the model gave " + std::to_string(results.size()) +
                                                 " outputs, its signature has " +
                                                 std::to_string(package_.call.outputs.size()));
      std::vector<at::Tensor> ordered;
      for (const std::size_t place : package_.call.outputs) ordered.push_back(std::move(results[place]));
      return from_torch(std::move(ordered), package_.outputs);
    } catch (...) {
      return translate_torch_exception(ErrorCode::kModelError);
    }
  }

 private:
  InstanceMemory memory_;
  const LoadedPackage& package_;
  const std::optional<c10::Stream> stream_;
  const int threads_;
};

class AotiEngine final : public Engine {
 public:
  AotiEngine(LoadedPackage package, EngineInfo info) : package_(std::move(package)), info_(std::move(info)) {}

  const EngineInfo& info() const override { return info_; }

  Result<std::unique_ptr<EngineInstance>> make_instance(int threads) override {
    try {
      return std::unique_ptr<EngineInstance>(
          std::make_unique<AotiInstance>(package_, threads, info_.retains_memory, caches_));
    } catch (...) {
      return translate_torch_exception(ErrorCode::kModelError);
    }
  }

  ModelMemory memory() const override {
    const ActivationMemory activations = caches_.counts();
    return {package_.weights_bytes, activations.bytes_held, activations.bytes_in_use};
  }

  std::size_t release_idle_memory(std::chrono::milliseconds older_than) override {
    return caches_.release_idle(older_than);
  }

 private:
  const LoadedPackage package_;
  const EngineInfo info_;
  CacheList caches_;
};

/// As many runners as Model::make makes instances.
Result<std::size_t> count_runners(const ModelOptions& options) {
  if (options.instances > 0) return static_cast<std::size_t>(options.instances);
  auto runtime = options.runtime ? Result<Runtime>(*options.runtime) : Runtime::shared();
  if (!runtime) return std::move(runtime).error();
  return static_cast<std::size_t>(runtime->options().workers);
}

Result<std::string> device_key(const Metadata& metadata, c10::Device device) {
  const auto at = metadata.find("AOTI_DEVICE_KEY");
  const std::string key = at == metadata.end() ? "" : at->second;
  const std::string wanted = device.is_cpu() ? "cpu" : "cuda";
  if (key == wanted) return key;
  return Error(ErrorCode::kFailedPrecondition,
               "the package was compiled for '" + key + "' and cannot run on " + wanted + "; compile it for that");
}

/// Loads the library. One at a time: the dynamic loader's view of libtorch.so is process-wide.
Result<std::unique_ptr<Runner>> make_runner(const std::string& library, const std::string& key, c10::Device device,
                                            std::size_t runners, const ScratchDirectory& scratch) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  auto soname = TorchSoname::open();
  if (!soname) return std::move(soname).error();
  const ThreadScope thread(1);
  const auto& makers = torch::inductor::getAOTIModelRunnerRegistry();
  const auto maker = makers.find(key);
  if (maker == makers.end())
    return Error(ErrorCode::kUnsupported, "this LibTorch runs no AOTInductor packages on '" + key + "'");
#if TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 7
  return maker->second(library, runners, device.str(), scratch.path(), /*run_single_threaded=*/false);
#else
  return maker->second(library, runners, device.str(), scratch.path());
#endif
}

/// Of the constants, which all runners share; 0 where this LibTorch, or the one that compiled the package, cannot tell.
template <class AnyRunner>
std::size_t weights_of(const AnyRunner& runner) {
  std::size_t bytes = 0;
  if constexpr (requires { runner.extract_constants_map(false); }) try {
      for (const auto& [name, constant] : runner.extract_constants_map(/*use_inactive=*/false))
        bytes += constant.nbytes();
    } catch (...) {
      return 0;
    }
  return bytes;
}

EngineInfo describe(const Metadata& metadata, Device device, std::size_t runners, bool retain_memory) {
  EngineInfo info;
  info.kind = "aoti";
  info.device = device;
  info.retains_memory = retain_memory && device.is_cpu();
  // The library does not say if it writes to its arguments; an exporter that knows that it does not may.
  const auto mutates = metadata.find("gantry_mutates_inputs");
  info.mutates_inputs = mutates == metadata.end() || mutates->second != "false";
  info.description = "AOTInductor, LibTorch " + version() + ", " + device.to_string();
  for (const char* key : {"gantry_march", "AOTI_CPU_ISA"}) {
    const auto isa = metadata.find(key);
    if (isa == metadata.end() || isa->second.empty() || !device.is_cpu()) continue;
    info.description += ", " + isa->second;
    break;
  }
  info.description += ", " + std::to_string(runners) + (runners == 1 ? " runner" : " runners");
  return info;
}

Result<std::unique_ptr<Engine>> load_scanned(const AotiPackage& package, const Signature& signature,
                                             const ModelOptions& options) {
  auto scratch = ScratchDirectory::make(options.scratch_dir);
  if (!scratch) return std::move(scratch).error();
  const auto metadata = read_aoti_metadata(package);
  if (!metadata) return metadata.error();
  if (auto ok = check_aoti_metadata(*metadata); !ok) return std::move(ok).error();
  const auto device = use_device(options.device);
  if (!device) return device.error();
  const auto key = device_key(*metadata, *device);
  if (!key) return key.error();
  const auto runners = count_runners(options);
  if (!runners) return runners.error();
  const auto library = unpack_aoti_package(package, *scratch);
  if (!library) return library.error();
  auto runner = make_runner(*library, *key, *device, *runners, *scratch);
  if (!runner) return std::move(runner).error();
  const std::vector<std::string> spec = (*runner)->get_call_spec();
  if (spec.size() != 2) return Error(ErrorCode::kInvalidArgument, "the package does not describe its arguments");
  auto call = map_call(spec[0], spec[1], signature);
  if (!call) return std::move(call).error();
  if (device->is_cpu()) scratch->remove();
  const std::size_t weights_bytes = weights_of(**runner);
  return std::unique_ptr<Engine>(
      std::make_unique<AotiEngine>(LoadedPackage{*std::move(scratch), *std::move(runner), *std::move(call),
                                                 signature.outputs(), *device, weights_bytes},
                                   describe(*metadata, options.device, *runners, options.retain_activation_memory)));
}

}  // namespace

Result<std::unique_ptr<Engine>> load_aoti(const LoadRequest& request) {
  const std::string name = "'" + request.file.name() + "'";
  const auto format = detect_format(request.file);
  if (!format) return format.error();
  if (*format != Format::kAotiPackage)
    return Error(ErrorCode::kInvalidArgument, name + " is TorchScript, not an AOTInductor package");
  const auto package = scan_aoti_package(request.file);
  if (!package) return package.error();
  try {
    auto engine = load_scanned(*package, request.signature, request.options);
    if (!engine) return engine.error().within(name);
    return engine;
  } catch (...) {
    return translate_torch_exception(ErrorCode::kInvalidArgument).within(name);
  }
}

}  // namespace gantry::libtorch
