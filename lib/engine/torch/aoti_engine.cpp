// SPDX-License-Identifier: Apache-2.0
// The AOTInductor engine.
//
// One container holds the weights and a runner per instance, so that concurrent calls do not wait for each other; of a
// model with state each instance has a container of its own. The code in the package checks nothing: what it was
// compiled for is compared with the signature at load, dtype, shape and layout of a call before (ModelCall), sizes
// within bounds and numbers of tensors here.
#include <algorithm>
#include <gantry/libtorch.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/torch/activation_memory.hpp"
#include "engine/torch/aoti_container.hpp"
#include "engine/torch/aoti_package.hpp"
#include "engine/torch/call_spec.hpp"
#include "engine/torch/compiled_model.hpp"
#include "engine/torch/cuda_loader.hpp"
#include "engine/torch/engine_loaders.hpp"
#include "engine/torch/operator_libraries.hpp"
#include "engine/torch/options.hpp"
#include "engine/torch/tensor_bridge.hpp"
#include "engine/torch/thread_state.hpp"
#include "engine/torch/torch_error.hpp"

namespace gantry::libtorch {
namespace {

using Metadata = std::map<std::string, std::string>;

/// How a call of the signature becomes one of the package's code.
struct AotiCall {
  CallMap map;
  std::vector<SizeBound> bounds;
  std::vector<TensorSpec> outputs;
  std::size_t results = 0;  ///< what the code gives
};

class AotiInstance final : public EngineInstance {
 public:
  AotiInstance(std::shared_ptr<AotiContainer> container, const AotiCall& call, c10::Device device, int threads,
               bool retain_memory, CacheList& caches)
      : memory_(retain_memory, &caches),
        container_(std::move(container)),
        call_(call),
        device_(device),
        stream_(make_stream(device)),
        threads_(threads) {}

  Result<Tensors> run(const Tensors& inputs, const EngineCall&) override {
    try {
      if (auto ok = check_sizes(call_.bounds, inputs); !ok) return std::move(ok).error();
      const ThreadScope thread(threads_);
      const DeviceScope device(stream_);
      const ActivationScope memory(memory_);
      const std::vector<at::Tensor> tensors = to_torch(inputs, device_);
      std::vector<at::Tensor> arguments;
      for (const std::size_t place : call_.map.inputs) arguments.push_back(tensors[place]);
      std::vector<at::Tensor> results = container_->run(std::move(arguments));
      if (results.size() != call_.results)
        return Error(ErrorCode::kModelError, "the model gave " + std::to_string(results.size()) +
                                                 " outputs, its package says " + std::to_string(call_.results));
      std::vector<at::Tensor> ordered;
      for (const std::size_t place : call_.map.outputs) ordered.push_back(std::move(results[place]));
      return from_torch(std::move(ordered), call_.outputs);
    } catch (...) {
      return translate_torch_exception(ErrorCode::kModelError);
    }
  }

 private:
  InstanceMemory memory_;
  const std::shared_ptr<AotiContainer> container_;
  const AotiCall& call_;
  const c10::Device device_;
  const std::optional<c10::Stream> stream_;
  const int threads_;
};

class AotiEngine final : public Engine {
 public:
  /// `container`: a fresh one of `source`.
  AotiEngine(AotiContainer::Source source, std::shared_ptr<AotiContainer> container, AotiCall call, EngineInfo info)
      : source_(std::move(source)), call_(std::move(call)), info_(std::move(info)), container_(std::move(container)) {}

  const EngineInfo& info() const override { return info_; }

  Result<std::unique_ptr<EngineInstance>> make_instance(int threads) override {
    try {
      auto container = take_container();
      if (!container) return std::move(container).error();
      if (info_.max_threads > 0) threads = std::min(threads, info_.max_threads);
      return std::unique_ptr<EngineInstance>(std::make_unique<AotiInstance>(
          *std::move(container), call_, source_.device, threads, info_.retains_memory, caches_));
    } catch (...) {
      return translate_torch_exception(ErrorCode::kModelError);
    }
  }

  ModelMemory memory() const override {
    const ActivationMemory activations = caches_.counts();
    return {source_.weights->bytes(), activations.bytes_held, activations.bytes_in_use};
  }

  std::size_t release_idle_memory(std::chrono::milliseconds older_than) override {
    return caches_.release_idle(older_than);
  }

 private:
  /// The one that all share; of a model with state a fresh one, which for the first instance is there already.
  Result<std::shared_ptr<AotiContainer>> take_container() {
    if (!info_.has_state) return container_;
    {
      const std::lock_guard lock(mutex_);
      if (container_) return std::exchange(container_, nullptr);
    }
    return AotiContainer::load(source_, 1);
  }

  const AotiContainer::Source source_;
  const AotiCall call_;
  const EngineInfo info_;
  CacheList caches_;
  std::mutex mutex_;
  std::shared_ptr<AotiContainer> container_;  // guarded by mutex_ if the model has state
};

/// As many runners as Model::make makes instances; of a model with state each instance has a container.
std::size_t count_runners(const LoadRequest& request, bool has_state) {
  return has_state ? 1 : static_cast<std::size_t>(std::max(1, request.instances));
}

Result<std::string> device_key(const Metadata& metadata, c10::Device device) {
  const auto at = metadata.find("AOTI_DEVICE_KEY");
  const std::string key = at == metadata.end() ? "" : at->second;
  const std::string wanted = device.is_cpu() ? "cpu" : "cuda";
  if (key == wanted) return key;
  return Error(ErrorCode::kFailedPrecondition,
               "the package was compiled for '" + key + "' and cannot run on " + wanted + "; compile it for that");
}

/// Nothing for a package that does not say what it was compiled for, if the host vouches for it.
Result<std::optional<CompiledModel>> compiled_model(const Metadata& metadata, bool is_trusted) {
  auto compiled = read_compiled_model(metadata);
  if (!compiled) return std::move(compiled).error();
  if (!*compiled && !is_trusted)
    return Error(ErrorCode::kFailedPrecondition,
                 "the package does not say for which dtypes, sizes and threads its code was compiled, so that it "
                 "cannot be compared with the signature; pack the model (again) with gantry-pack, or, if you vouch for "
                 "it, set libtorch::Options::trust_unverified_code");
  if (*compiled && (*compiled)->threads > 1 && !is_trusted)
    return Error(ErrorCode::kFailedPrecondition,
                 "the package was compiled for " + std::to_string((*compiled)->threads) +
                     " threads a call, whatever the CPU budget allows, and a bad index in one of them ends the "
                     "process; pack the model again with gantry-pack, which compiles for one");
  return compiled;
}

/// What an unknown package may do is assumed: it writes to its inputs and keeps state.
EngineInfo describe(const Metadata& metadata, const std::optional<CompiledModel>& compiled, Device device,
                    bool retain_memory, std::size_t runners) {
  EngineInfo info;
  info.kind = "aoti";
  info.device = device;
  info.retains_memory = retain_memory && device.is_cpu();
  info.mutates_inputs = !compiled || compiled->mutates_inputs;
  info.has_state = !compiled || compiled->has_state;
  info.max_threads = compiled ? compiled->threads : 0;
  info.description = "AOTInductor, LibTorch " + version() + ", " + device.to_string();
  for (const char* key : {"gantry_march", "AOTI_CPU_ISA"}) {
    const auto isa = metadata.find(key);
    if (isa == metadata.end() || isa->second.empty() || !device.is_cpu()) continue;
    info.description += ", " + isa->second;
    break;
  }
  if (!compiled) info.description += ", not verified: taken to keep state and to write to its inputs";
  if (info.has_state)
    info.description += ", a copy for each instance";
  else
    info.description += ", " + std::to_string(runners) + (runners == 1 ? " runner" : " runners");
  return info;
}

/// How many samples gantry puts into one call of its own accord; 0: none.
std::int64_t merged_samples(const LoadRequest& request, const EngineInfo& info) {
  return info.has_state || info.mutates_inputs ? 0 : request.max_batch;
}

AotiCall call_of(CallMap map, const CallSpec& spec, const Signature& signature) {
  return {std::move(map), {}, signature.outputs(), spec.outputs.size()};
}

/// From what the package says, before anything of it is loaded.
Result<AotiCall> verified_call(const CompiledModel& compiled, const Signature& signature, std::int64_t merged) {
  const CallSpec spec = call_spec_of(compiled);
  auto map = map_call(spec, signature);
  if (!map) return std::move(map).error();
  AotiCall call = call_of(*std::move(map), spec, signature);
  auto bounds = check_signature(compiled, call.map, signature, merged);
  if (!bounds) return std::move(bounds).error();
  call.bounds = *std::move(bounds);
  return call;
}

/// From what the library of a trusted package knows.
Result<AotiCall> trusted_call(AotiContainer& container, const Signature& signature) {
  const std::vector<std::string> texts = container.call_spec();
  if (texts.size() != 2) return Error(ErrorCode::kInvalidArgument, "the package does not describe its arguments");
  const auto spec = read_call_spec(texts[0], texts[1]);
  if (!spec) return spec.error();
  auto map = map_call(*spec, signature);
  if (!map) return std::move(map).error();
  return call_of(*std::move(map), *spec, signature);
}

Result<std::unique_ptr<Engine>> load_scanned(const AotiPackage& package, const LoadRequest& request,
                                             const TorchOptions& options) {
  const Signature& signature = request.signature;
  const auto metadata = read_aoti_metadata(package);
  if (!metadata) return metadata.error();
  if (auto ok = check_aoti_metadata(*metadata); !ok) return std::move(ok).error();
  const auto device = use_device(request.device);
  if (!device) return device.error();
  const auto key = device_key(*metadata, *device);
  if (!key) return key.error();
  const auto compiled = compiled_model(*metadata, options.trust_unverified_code);
  if (!compiled) return compiled.error();
  const std::size_t runners = count_runners(request, !*compiled || (*compiled)->has_state);
  EngineInfo info = describe(*metadata, *compiled, request.device, options.retain_activation_memory, runners);
  std::optional<AotiCall> call;
  if (*compiled) {
    auto verified = verified_call(**compiled, signature, merged_samples(request, info));
    if (!verified) return std::move(verified).error();
    call = *std::move(verified);
  }
  AotiContainer::Source source{package, *key, *device, options.scratch_dir, std::make_shared<WeightsCount>()};
  auto container = AotiContainer::load(source, runners);
  if (!container) return std::move(container).error();
  if (!call) {
    auto trusted = trusted_call(**container, signature);
    if (!trusted) return std::move(trusted).error();
    call = *std::move(trusted);
  }
  info.matching = call->map.matching;
  return std::unique_ptr<Engine>(
      std::make_unique<AotiEngine>(std::move(source), *std::move(container), *std::move(call), std::move(info)));
}

/// An error of loading a library, which is of an operator that nobody has registered, or another one.
Error explain_load_failure(const Error& error) {
  constexpr std::string_view kUnknown = "Could not find schema for ";
  const std::string& message = error.message();
  const auto at = message.find(kUnknown);
  if (at == std::string::npos) return error;
  const std::string rest = message.substr(at + kUnknown.size());
  std::string name = rest.substr(0, rest.find_first_of(" '\n,;()"));
  while (!name.empty() && name.back() == '.') name.pop_back();
  return Error(ErrorCode::kUnsupported, "the model needs the operator '" + name +
                                            "', which this process lacks; give the library that defines it in "
                                            "libtorch::Options::libraries, or pack it with the model (\"options\": "
                                            "{\"libraries\": [...]})");
}

}  // namespace

Result<std::unique_ptr<Engine>> load_aoti(const LoadRequest& request) {
  const auto file = only_file(request);
  if (!file) return file.error();
  const auto options = read_options(request);
  if (!options) return options.error();
  if (!options->arguments.empty())
    return Error(ErrorCode::kInvalidArgument,
                 "option 'arguments': an AOTInductor package has its arguments compiled in; give them to gantry-pack");
  const std::string name = "'" + file->name() + "'";
  const auto format = detect_format(*file);
  if (!format) return format.error();
  if (*format != Format::kAotiPackage)
    return Error(ErrorCode::kInvalidArgument, name + " is TorchScript, not an AOTInductor package");
  const auto package = scan_aoti_package(*file);
  if (!package) return package.error();
  try {
    if (auto ok = load_operator_libraries(*options); !ok) return std::move(ok).error();
    auto engine = load_scanned(*package, request, *options);
    if (!engine) return engine.error().within(name);
    return engine;
  } catch (...) {
    return explain_load_failure(translate_torch_exception(ErrorCode::kInvalidArgument)).within(name);
  }
}

}  // namespace gantry::libtorch
