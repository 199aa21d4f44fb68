// SPDX-License-Identifier: Apache-2.0
// The TorchScript engine.
//
// Instances share one frozen module: TorchScript's interpreter may run on several threads as long as the model does not
// write to its own state. A model that does (it assigns an attribute, or writes to a buffer or into a list that it
// holds) is copied for each instance, from a module that never runs.
//
// A fork of a model (torch.jit.fork) runs at once on the thread that runs the model. LibTorch would start a pool with
// one thread per core of the machine.
//
// On the CPU the graph runs as it was frozen, without profiling runs and run-time kernels (a setting of the thread,
// restored after each call). They gain nothing there (EfficientNet-lite0, an MLP, an LSTM: equal to 1 %), and LibTorch
// builds with LLVM, such as Debian's 2.6, may compile for minutes or never finish.
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <atomic>
#include <functional>
#include <gantry/libtorch.hpp>
#include <optional>
#include <utility>

#include "core/return_if_error.hpp"
#include "engine/torch/activation_memory.hpp"
#include "engine/torch/cuda_loader.hpp"
#include "engine/torch/engine_loaders.hpp"
#include "engine/torch/forward_call.hpp"
#include "engine/torch/module_copy.hpp"
#include "engine/torch/operator_libraries.hpp"
#include "engine/torch/options.hpp"
#include "engine/torch/random_stream.hpp"
#include "engine/torch/tensor_bridge.hpp"
#include "engine/torch/thread_state.hpp"
#include "engine/torch/torch_error.hpp"
#include "engine/torch/torchscript_file.hpp"
#include "engine/torch/torchscript_plan.hpp"

namespace gantry::inline GANTRY_ABI::libtorch {
namespace {

class TorchScriptInstance final : public EngineInstance {
 public:
  TorchScriptInstance(const torch::jit::Module& module, const ForwardEffects& effects, const ForwardCall& call,
                      c10::Device device, int threads, bool retain_memory, CacheList& caches)
      : memory_(retain_memory, &caches),
        forward_(module.get_method("forward")),
        call_(call),
        device_(device),
        stream_(make_stream(device)),
        threads_(threads),
        optimize_at_run_time_(!device.is_cpu()),
        forks_(effects.forks),
        draws_random_(effects.draws_random) {}

  Result<Tensors> run(const Tensors& inputs, const EngineCall& call) override {
    try {
      const ThreadScope thread(threads_);
      const DeviceScope device(stream_);
      const ActivationScope memory(memory_);
      const torch::jit::GraphOptimizerEnabledGuard optimizer(optimize_at_run_time_);
      std::optional<RandomStreamScope> random;
      if (call.is_trial && draws_random_) random.emplace(device_);
      // Keeps the inputs alive until the outputs are converted, to detect an output that aliases an input.
      const std::vector<at::Tensor> tensors = to_torch(inputs, device_);
      GANTRY_ASSIGN_OR_RETURN(auto outputs, call_.outputs_of(forward(call_.arguments(tensors))));
      return from_torch(std::move(outputs), call_.output_specs());
    } catch (...) {
      return translate_torch_exception(ErrorCode::kModelError);
    }
  }

 private:
  c10::IValue forward(std::vector<c10::IValue> arguments) {
    if (!forks_) return forward_(std::move(arguments));
    const auto done = forward_.run_async(std::move(arguments), {}, [](const std::function<void()>& task) { task(); });
    done->waitAndThrow();
    return done->value();
  }

  InstanceMemory memory_;
  torch::jit::Method forward_;
  const ForwardCall& call_;
  const c10::Device device_;
  const std::optional<c10::Stream> stream_;
  const int threads_;
  const bool optimize_at_run_time_;
  const bool forks_;
  const bool draws_random_;
};

class TorchScriptEngine final : public Engine {
 public:
  TorchScriptEngine(TorchScriptFile file, ForwardCall call, c10::Device device, EngineInfo info)
      : file_(std::move(file)), call_(std::move(call)), device_(device), info_(std::move(info)) {}

  const EngineInfo& info() const override { return info_; }

  Result<std::unique_ptr<EngineInstance>> make_instance(int threads) override {
    try {
      const ThreadScope thread(threads);
      const torch::jit::Module module = info_.has_state ? copy_module(file_.module) : file_.module;
      auto instance = std::make_unique<TorchScriptInstance>(module, file_.effects, call_, device_, threads,
                                                            info_.retains_memory, caches_);
      if (info_.has_state) ++copies_;
      return std::unique_ptr<EngineInstance>(std::move(instance));
    } catch (...) {
      return translate_torch_exception(ErrorCode::kModelError);
    }
  }

  ModelMemory memory() const override {
    const ActivationMemory activations = caches_.counts();
    return {file_.weights_bytes * copies_, activations.bytes_held, activations.bytes_in_use};
  }

  std::size_t release_idle_memory(std::chrono::milliseconds older_than) override {
    return caches_.release_idle(older_than);
  }

 private:
  const TorchScriptFile file_;
  const ForwardCall call_;
  const c10::Device device_;
  const EngineInfo info_;
  CacheList caches_;
  std::atomic<std::size_t> copies_{1};  // of the weights
};

EngineInfo describe(const TorchScriptFile& file, const ForwardCall& call, Device device, bool retain_memory) {
  EngineInfo info;
  info.kind = "torchscript";
  info.device = device;
  info.mutates_inputs = file.effects.writes_inputs;
  info.draws_random = file.effects.draws_random;
  info.has_state = file.effects.writes_state;
  info.matching = call.matching();
  info.retains_memory = retain_memory && device.is_cpu();
  info.description = "TorchScript, LibTorch " + version() + ", " + device.to_string();
  if (!file.why_not_frozen.empty()) info.description += ", not frozen (" + file.why_not_frozen + ")";
  if (info.has_state) info.description += ", one copy per instance, since the model changes its own state";
  if (info.mutates_inputs) info.description += ", inputs copied, since the model may write to them";
  return info;
}

}  // namespace

Result<std::unique_ptr<Engine>> load_torchscript(const LoadRequest& request) {
  GANTRY_ASSIGN_OR_RETURN(const auto source, only_file(request));
  GANTRY_ASSIGN_OR_RETURN(const auto options, read_torchscript_options(request));
  const std::string name = "'" + source.name() + "'";
  GANTRY_ASSIGN_OR_RETURN(const auto format, detect_format(source));
  if (format != Format::kTorchScript)
    return Error(ErrorCode::kInvalidArgument, name + " is an AOTInductor package, not TorchScript");
  GANTRY_ASSIGN_OR_RETURN(auto device, use_device(request.device));
  if (auto ok = load_operator_libraries(options); !ok) return ok.error().within(name);
  auto file = load_torchscript_file(source, device);
  if (!file) return file.error().within(name);
  auto call = ForwardCall::make(file->module, *file->effects.graph, request.signature, options.arguments);
  if (!call) return call.error().within(name);
  GANTRY_ASSIGN_OR_RETURN(const auto done, apply_plan(options.plan, *file, request.signature, *call, device));
  EngineInfo info = describe(*file, *call, request.device, options.retain_activation_memory);
  if (!done.empty()) info.description += ", plan '" + options.plan + "' (" + done + ")";
  return std::unique_ptr<Engine>(
      std::make_unique<TorchScriptEngine>(*std::move(file), *std::move(call), device, std::move(info)));
}

}  // namespace gantry::inline GANTRY_ABI::libtorch
