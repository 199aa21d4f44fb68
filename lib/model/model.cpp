// SPDX-License-Identifier: Apache-2.0
// Model: making instances, warming them up, and raw calls.
#include <algorithm>
#include <future>
#include <gantry/model.hpp>
#include <gantry/node.hpp>
#include <utility>

#include "model/local_backend.hpp"
#include "model/model_call.hpp"
#include "runtime/helping_caller.hpp"

namespace gantry {
namespace {

using detail::LocalBackend;
using detail::ModelCall;

Result<void> check_range(const char* option, int value, int low, int high) {
  if (value >= low && value <= high) return {};
  return Error(ErrorCode::kInvalidArgument, std::string("ModelOptions::") + option + " must be " + std::to_string(low) +
                                                ".." + std::to_string(high) + ", got " + std::to_string(value));
}

Result<void> check_options(const ModelOptions& options) {
  if (auto ok = check_range("max_batch", options.max_batch, 0, 65536); !ok) return ok;
  if (options.max_delay.count() < 0 || options.max_delay > std::chrono::seconds(10))
    return Error(ErrorCode::kInvalidArgument,
                 "ModelOptions::max_delay must be 0..10 s, got " + std::to_string(options.max_delay.count()) + " us");
  if (options.hang_after.count() < 0)
    return Error(ErrorCode::kInvalidArgument, "ModelOptions::hang_after may not be negative");
  if (options.release_memory_after.count() < 0 || options.release_memory_after > std::chrono::hours(24))
    return Error(ErrorCode::kInvalidArgument, "ModelOptions::release_memory_after must be 0..1 day, got " +
                                                  std::to_string(options.release_memory_after.count()) + " ms");
  if (auto ok = check_range("warmup_runs", options.warmup_runs, 0, 100); !ok) return ok;
  return check_range("instances", options.instances, 0, 4096);
}

constexpr auto kTrialTime = std::chrono::milliseconds(2500);

std::size_t max_batch_of(const ModelOptions& options) {
  return options.max_batch == 0 ? 16 : static_cast<std::size_t>(options.max_batch);
}

/// Zero-filled inputs of `rows` samples, with every other symbol at 1.
Result<Tensors> blank_inputs(const Signature& signature, std::int64_t rows) {
  Tensors inputs;
  for (const TensorSpec& spec : signature.inputs()) {
    std::vector<std::int64_t> dims;
    for (const Dim& dim : spec.dims) dims.push_back(dim.is_symbolic() ? 1 : dim.extent);
    if (signature.has_batch_axis()) dims[0] = rows;
    auto tensor = Tensor::zeros(spec.dtype, Shape(Span<const std::int64_t>(dims)));
    if (!tensor) return std::move(tensor).error();
    inputs.add(spec.name, *std::move(tensor));
  }
  return inputs;
}

/// Whether the calling thread may run what it waits for.
enum class Help { kNever, kWhereItMay };

Result<Tensors> run_where_it_belongs(const ModelCall& call, const std::optional<Runtime>& runtime,
                                     const Tensors& inputs, const RunOptions& options, Help help) {
  if (!runtime || runtime->core()->on_worker()) return call.run(inputs, options);
  if (auto interruption = options.interruption()) return *interruption;
  detail::RuntimeCore& core = *runtime->core();
  if (runtime->options().execution == Execution::kCaller) {
    auto admission = core.admit(options);
    if (!admission) return std::move(admission).error();
    const detail::CallerScope caller(core);
    return call.run(inputs, options);
  }
  std::promise<Result<Tensors>> promise;
  auto future = promise.get_future();
  detail::Admission helped;  // otherwise submit() admits
  {
    std::optional<detail::HelpingCaller> helper;
    if (help == Help::kWhereItMay) helper.emplace(core, options, detail::Clock::duration::zero());
    if (helper && *helper) {
      auto admission = core.admit(options);
      if (!admission) return std::move(admission).error();
      helped = *std::move(admission);
    }
    call.submit(inputs, options, [promise = std::move(promise)](Result<Tensors> result) mutable {
      promise.set_value(std::move(result));
    });
  }
  return future.get();
}

/// On a worker where there are any, so that what an engine keeps per thread is made there.
Result<Tensors> run_ahead(const ModelCall& call, const std::optional<Runtime>& runtime, const Tensors& inputs) {
  return run_where_it_belongs(call, runtime, inputs, {}, Help::kNever);
}

Result<void> warm_up(const ModelCall& call, const std::optional<Runtime>& runtime, int runs) {
  for (int i = 0; i < runs; ++i) {
    auto inputs = blank_inputs(call.signature, 1);
    if (!inputs) return std::move(inputs).error();
    auto ran = run_ahead(call, runtime, *inputs);
    if (!ran) return ran.error().within("warm-up on zero-filled inputs");
  }
  return {};
}

/// Whether samples of a shape other than that of blank ones may come.
bool has_fixed_samples(const Signature& signature) {
  for (const TensorSpec& spec : signature.inputs())
    if (std::any_of(spec.dims.begin() + 1, spec.dims.end(), [](const Dim& dim) { return dim.is_symbolic(); }))
      return false;
  return true;
}

/// Runs batches on zero-filled inputs until it is known which size pays, or the time is up: what is left is tried with
/// the batches of callers. A batch that fails ends it, and says nothing of calls one by one.
void try_batches(const LocalBackend& backend, const ModelCall& call, const Runtime& runtime) {
  if (!call.signature.has_batch_axis() || !has_fixed_samples(call.signature)) return;
  const auto end = detail::Clock::now() + kTrialTime;
  while (const std::size_t size = backend.next_trial(end - detail::Clock::now())) {
    auto inputs = blank_inputs(call.signature, static_cast<std::int64_t>(size));
    if (!inputs || !run_ahead(call, runtime, *inputs)) return;
  }
}

}  // namespace

Model::Model(std::shared_ptr<const State> state) : state_(std::move(state)) {}

Result<Model> Model::make(std::unique_ptr<Engine> engine, Signature signature, const ModelOptions& options) try {
  if (!engine) return Error(ErrorCode::kInvalidArgument, "there is no engine: it is nullptr");
  if (auto ok = check_options(options); !ok) return std::move(ok).error();
  auto runtime = options.runtime ? Result<Runtime>(*options.runtime) : Runtime::shared();
  if (!runtime) return std::move(runtime).error();
  const int instances = options.instances ? options.instances : runtime->options().workers;
  const auto name = options.name.empty() ? engine->info().kind : options.name;
  detail::BatchOptions batching;
  batching.has_batch_axis = signature.has_batch_axis();
  batching.max_batch = batching.has_batch_axis ? max_batch_of(options) : 1;
  batching.max_delay = options.max_delay;
  batching.merges_calls = options.batch_across_callers;
  batching.hang_after = options.hang_after;
  if (options.padding) {
    auto plan = detail::PaddingPlan::make(*options.padding, signature);
    if (!plan) return plan.error().within("ModelOptions::padding");
    batching.padding = std::make_shared<const detail::PaddingPlan>(*std::move(plan));
  }
  batching.release_memory_after = options.release_memory_after;
  auto backend = LocalBackend::make(std::move(engine), runtime->core(), instances, name, batching);
  if (!backend) return std::move(backend).error();

  auto call = std::make_shared<ModelCall>();
  call->bad_inputs = &(*backend)->counters().bad_inputs;
  if (batching.padding) call->padding = batching.padding->to_string();
  call->backend = *backend;
  call->signature = std::move(signature);
  call->max_batch = max_batch_of(options);
  auto state = std::make_shared<State>();
  state->name = options.name.empty() ? call->backend->info().kind : options.name;
  state->call = std::move(call);
  state->runtime = *std::move(runtime);
  if (auto ok = warm_up(*state->call, state->runtime, options.warmup_runs); !ok) return std::move(ok).error();
  if (options.warmup_runs > 0) try_batches(**backend, *state->call, *state->runtime);
  return Model(std::move(state));
} catch (...) {
  return detail::translate_exception();
}

Result<Model> Model::make(std::shared_ptr<Backend> backend, Signature signature, const ModelOptions& options) try {
  if (!backend) return Error(ErrorCode::kInvalidArgument, "there is no backend: it is nullptr");
  if (auto ok = check_options(options); !ok) return std::move(ok).error();
  if (options.padding)
    return Error(ErrorCode::kInvalidArgument,
                 "ModelOptions::padding needs an engine: a backend of the host's own pads where it batches");
  auto call = std::make_shared<ModelCall>();
  call->backend = std::move(backend);
  call->signature = std::move(signature);
  call->max_batch = max_batch_of(options);
  auto state = std::make_shared<State>();
  state->name = options.name.empty() ? call->backend->info().kind : options.name;
  state->call = std::move(call);
  state->runtime = options.runtime;
  if (auto ok = warm_up(*state->call, state->runtime, options.warmup_runs); !ok) return std::move(ok).error();
  return Model(std::move(state));
} catch (...) {
  return detail::translate_exception();
}

const Signature& Model::signature() const {
  return state_->call->signature;
}
const EngineInfo& Model::info() const {
  return state_->call->backend->info();
}
const std::string& Model::name() const {
  return state_->name;
}
int Model::max_batch() const {
  return static_cast<int>(state_->call->max_batch);
}

Result<Tensors> Model::run(const Tensors& inputs, const RunOptions& options) const try {
  auto result = run_where_it_belongs(*state_->call, state_->runtime, inputs, options, Help::kWhereItMay);
  if (!result) return result.error().within("model '" + state_->name + "'");
  return result;
} catch (...) {
  return detail::translate_exception();
}

}  // namespace gantry
