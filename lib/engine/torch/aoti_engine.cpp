// SPDX-License-Identifier: Apache-2.0
// The AOTInductor engine.
//
// Each file of the model has one container with the weights and a runner per instance, so that concurrent calls do not
// wait for each other. If the model has state, each instance has its own container. Files differ in the number of
// samples that they compute; an instance picks the file for the size of the call.
#include <algorithm>
#include <gantry/libtorch.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "core/mutex.hpp"
#include "core/return_if_error.hpp"
#include "engine/torch/activation_memory.hpp"
#include "engine/torch/aoti_container.hpp"
#include "engine/torch/aoti_file.hpp"
#include "engine/torch/cuda_loader.hpp"
#include "engine/torch/engine_loaders.hpp"
#include "engine/torch/operator_libraries.hpp"
#include "engine/torch/options.hpp"
#include "engine/torch/tensor_bridge.hpp"
#include "engine/torch/thread_state.hpp"
#include "engine/torch/torch_error.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

using Containers = std::vector<std::shared_ptr<AotiContainer>>;

class AotiInstance final : public EngineInstance {
 public:
  /// `containers`: one for each of `files`, which outlive it.
  AotiInstance(Containers containers, const std::vector<AotiFile>& files, c10::Device device, int threads,
               bool retain_memory, CacheList& caches)
      : memory_(retain_memory, &caches),
        containers_(std::move(containers)),
        files_(files),
        device_(device),
        stream_(make_stream(device)),
        threads_(threads) {}

  Result<Tensors> run(const Tensors& inputs, const EngineCall&) override {
    try {
      GANTRY_ASSIGN_OR_RETURN(const auto which, file_for(inputs));
      const AotiCall& call = *files_[which].call;
      GANTRY_RETURN_IF_ERROR(check_sizes(call.bounds, inputs));
      const ThreadScope thread(threads_);
      const DeviceScope device(stream_);
      const ActivationScope memory(memory_);
      const std::vector<at::Tensor> tensors = to_torch(inputs, device_);
      std::vector<at::Tensor> arguments;
      for (const std::size_t place : call.map.inputs) arguments.push_back(tensors[place]);
      std::vector<at::Tensor> results = containers_[which]->run(arguments);
      if (results.size() != call.results)
        return Error(ErrorCode::kModelError, "the model gave " + std::to_string(results.size()) +
                                                 " outputs, its package says " + std::to_string(call.results));
      std::vector<at::Tensor> ordered;
      for (const std::size_t place : call.map.outputs) ordered.push_back(std::move(results[place]));
      return from_torch(std::move(ordered), call.outputs);
    } catch (...) {
      return translate_torch_exception(ErrorCode::kModelError);
    }
  }

 private:
  /// The index of the file that computes this many samples.
  Result<std::size_t> file_for(const Tensors& inputs) const {
    if (files_.size() == 1 && files_[0].batch == 0) return std::size_t{0};
    const std::int64_t rows = inputs[0].tensor.shape()[0];
    for (std::size_t i = 0; i < files_.size(); ++i)
      if (files_[i].batch == rows) return i;
    return Error(ErrorCode::kInvalidArgument, "input '" + inputs[0].name + "': dimension 0 is " + std::to_string(rows) +
                                                  ", but the model was not compiled for this batch size");
  }

  InstanceMemory memory_;
  const Containers containers_;
  const std::vector<AotiFile>& files_;
  const c10::Device device_;
  const std::optional<c10::Stream> stream_;
  const int threads_;
};

class AotiEngine final : public Engine {
 public:
  /// `containers`: a new one for each of `files`. A model with state has one file.
  AotiEngine(std::vector<AotiFile> files, Containers containers, EngineInfo info)
      : files_(std::move(files)), info_(std::move(info)), containers_(std::move(containers)) {}

  const EngineInfo& info() const override { return info_; }

  Result<std::unique_ptr<EngineInstance>> make_instance(int threads) override {
    try {
      GANTRY_ASSIGN_OR_RETURN(auto containers, take_containers());
      if (info_.max_threads > 0) threads = std::min(threads, info_.max_threads);
      return std::unique_ptr<EngineInstance>(std::make_unique<AotiInstance>(
          std::move(containers), files_, files_[0].source.device, threads, info_.retains_memory, caches_));
    } catch (...) {
      return translate_torch_exception(ErrorCode::kModelError);
    }
  }

  ModelMemory memory() const override {
    const ActivationMemory activations = caches_.counts();
    return {files_[0].source.weights->bytes(), activations.bytes_held, activations.bytes_in_use};
  }

  std::size_t release_idle_memory(std::chrono::milliseconds older_than) override {
    return caches_.release_idle(older_than);
  }

 private:
  /// The containers that all instances share. For a model with state: new ones, except that the first instance gets
  /// those that are already loaded.
  Result<Containers> take_containers() {
    if (!info_.has_state) return containers_;
    {
      const detail::MutexLock lock(mutex_);
      if (!containers_.empty()) return std::exchange(containers_, {});
    }
    GANTRY_ASSIGN_OR_RETURN(auto fresh, AotiContainer::load(files_[0].source, 1));
    return Containers{std::move(fresh)};
  }

  const std::vector<AotiFile> files_;  // they share one count of weights
  const EngineInfo info_;
  CacheList caches_;
  detail::Mutex mutex_;
  Containers containers_;  // guarded by mutex_ if the model has state
};

/// As many runners as Model::make makes instances; one if the model has state, since each instance has a container.
std::size_t count_runners(const LoadRequest& request, bool has_state) {
  return has_state ? 1 : static_cast<std::size_t>(std::max(1, request.instances));
}

EngineInfo describe(const std::vector<AotiFile>& files, const LoadRequest& request, const TorchOptions& options) {
  EngineInfo info;
  info.kind = "aoti";
  info.device = request.device;
  info.retains_memory = options.retain_activation_memory && request.device.is_cpu();
  for (const AotiFile& file : files) {
    info.mutates_inputs = info.mutates_inputs || file.mutates_inputs();
    info.has_state = info.has_state || file.has_state();
    info.max_threads = std::max(info.max_threads, file.max_threads());
    if (file.batch != 0) info.batch_sizes.push_back(static_cast<int>(file.batch));
  }
  info.description = "AOTInductor, LibTorch " + version() + ", " + request.device.to_string();
  if (!files[0].isa.empty()) info.description += ", " + files[0].isa;
  if (!files[0].compiled) info.description += ", not verified: taken to keep state and to write to its inputs";
  const std::size_t runners = count_runners(request, info.has_state);
  if (info.has_state)
    info.description += ", a copy for each instance";
  else
    info.description += ", " + std::to_string(runners) + (runners == 1 ? " runner" : " runners");
  if (files.size() > 1) info.description += " and weights for each batch size";
  return info;
}

Result<std::vector<AotiFile>> read_files(const LoadRequest& request, const TorchOptions& options) {
  const auto weights = std::make_shared<WeightsCount>();
  std::vector<AotiFile> files;
  for (const EngineFile& file : request.files) {
    GANTRY_ASSIGN_OR_RETURN(auto read, read_aoti_file(file, request, options, weights));
    files.push_back(std::move(read));
    if (request.files.size() == 1) break;
    if (files.back().batch == 0)
      return Error(ErrorCode::kInvalidArgument,
                   "a model of several files needs the batch size of each file, and this one does not state it")
          .within("'" + file.file.name() + "'");
    if (files.back().has_state())
      return Error(ErrorCode::kInvalidArgument,
                   "it keeps state, or may do so, and files for several "
                   "batch sizes would not share that state; give one file")
          .within("'" + file.file.name() + "'");
  }
  return files;
}

/// Explains a failure to load a library, such as a missing operator.
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

Result<std::unique_ptr<Engine>> load_read(std::vector<AotiFile> files, const LoadRequest& request,
                                          const TorchOptions& options) {
  EngineInfo info = describe(files, request, options);
  Containers containers;
  for (AotiFile& file : files) {
    const std::string name = "'" + file.source.package.file.name() + "'";
    try {
      auto container = load_aoti_file(file, request.signature, count_runners(request, info.has_state));
      if (!container) return container.error().within(name);
      containers.push_back(*std::move(container));
    } catch (...) {
      return explain_load_failure(translate_torch_exception(ErrorCode::kInvalidArgument)).within(name);
    }
  }
  info.matching = files[0].call->map.matching;
  return std::unique_ptr<Engine>(
      std::make_unique<AotiEngine>(std::move(files), std::move(containers), std::move(info)));
}

}  // namespace

Result<std::unique_ptr<Engine>> load_aoti(const LoadRequest& request) {
  GANTRY_ASSIGN_OR_RETURN(const auto options, read_options(request));
  if (!options.arguments.empty())
    return Error(ErrorCode::kInvalidArgument,
                 "option 'arguments': an AOTInductor package has its arguments compiled in; give them to gantry-pack");
  GANTRY_ASSIGN_OR_RETURN(auto files, read_files(request, options));
  try {
    GANTRY_RETURN_IF_ERROR(load_operator_libraries(options));
  } catch (...) {
    return translate_torch_exception(ErrorCode::kInvalidArgument);
  }
  return load_read(std::move(files), request, options);
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
