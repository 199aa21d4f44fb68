// SPDX-License-Identifier: Apache-2.0
// Turns a loaded engine into a model that serves. Runs only on the given examples, apart from one batch with NaN: a
// model may rightly refuse made-up inputs, and one traced at a single batch size may crash the process at another.
#include "model/make_model.hpp"

#include <algorithm>
#include <gantry/translate_exception.hpp>
#include <optional>
#include <utility>

#include "core/return_if_error.hpp"
#include "model/batch.hpp"
#include "model/load_request.hpp"
#include "model/local_backend.hpp"
#include "model/model_call.hpp"
#include "runtime/on_worker.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::BatchSizes;
using detail::CallOptions;
using detail::LocalBackend;
using detail::ModelCall;
using detail::RowSamples;
using detail::RuntimeCore;

/// Time limit for measuring batch sizes on loading; other sizes are measured later, on the batches of callers.
constexpr auto kTrialTime = std::chrono::milliseconds(2500);

Result<void> check_range(const char* option, int value, int low, int high) {
  if (value >= low && value <= high) return {};
  return Error(ErrorCode::kInvalidArgument, std::string("ModelOptions::") + option + " must be " + std::to_string(low) +
                                                ".." + std::to_string(high) + ", got " + std::to_string(value));
}

Result<void> check_model_options(const ModelOptions& options, const Signature& signature) {
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
  if (auto ok = check_range("instances", options.instances, 0, 4096); !ok) return ok;
  return detail::check_examples("ModelOptions::examples", signature, options.examples);
}

/// Calls `work` on a worker, if there are workers, so that an engine allocates its per-thread state there.
template <class Work>
Result<Tensors> on_worker(RuntimeCore& core, Work work) {
  std::optional<Result<Tensors>> result;
  const auto done = detail::do_on_worker(
      core, [&](detail::Job job) { core.post(std::move(job)); },
      [&] {
        try {
          result = work();
        } catch (...) {  // an exception of an engine counts as a returned error
          result = detail::translate_exception();
        }
      });
  GANTRY_RETURN_IF_ERROR(done);
  return *std::move(result);
}

/// Runs an instance that serves no calls; it is made on first use.
class Trials {
 public:
  Trials(Engine& engine, const Signature& signature, const BatchSizes& sizes, RuntimeCore& core)
      : engine_(engine), signature_(signature), sizes_(sizes), core_(core) {}

  Result<Tensors> run(const Tensors& inputs) {
    return on_worker(core_, [&]() -> Result<Tensors> {
      if (!instance_) {
        GANTRY_ASSIGN_OR_RETURN(auto made, engine_.make_instance(detail::threads_for(engine_.info(), core_.options())));
        if (!made) return Error(ErrorCode::kInvalidArgument, "make_instance() returned nullptr");
        instance_ = std::move(made);
      }
      GANTRY_ASSIGN_OR_RETURN(const auto binding, signature_.check_inputs(inputs));
      auto outputs = run_in_engine(inputs);
      if (!outputs) return outputs;
      return detail::ModelCall::checked_outputs(signature_, *std::move(outputs), binding);
    });
  }

 private:
  Result<Tensors> run_in_engine(const Tensors& inputs) {
    if (!sizes_.are_fixed()) return instance_->run(inputs, CallOptions::trial());
    const auto rows = static_cast<std::size_t>(inputs[0].tensor.shape()[0]);
    return detail::run_in_sizes(sizes_, inputs, rows, false, [&](const Tensors& part, std::size_t) {
      return instance_->run(part, CallOptions::trial());
    });
  }

  Engine& engine_;
  const Signature& signature_;
  const BatchSizes& sizes_;
  RuntimeCore& core_;
  std::unique_ptr<EngineInstance> instance_;
};

/// The first example; only its first sample if the engine does not support its batch size.
Result<Tensors> warm_up_input(const ModelOptions& options, const detail::BatchOptions& batching) {
  const Tensors& example = options.examples[0];
  if (!batching.sizes.are_fixed() || batching.may_split) return example;
  const bool fits = batching.sizes.fit(static_cast<std::size_t>(example[0].tensor.shape()[0]));
  return fits ? example : detail::take_rows(example, 0, 1);
}

Result<void> warm_up(const ModelCall& call, RuntimeCore& core, const ModelOptions& options,
                     const detail::BatchOptions& batching) {
  if (options.examples.empty() || call.backend->info().has_state) return {};
  GANTRY_ASSIGN_OR_RETURN(const auto input, warm_up_input(options, batching));
  for (int i = 0; i < options.warmup_runs; ++i) {
    const auto ran = on_worker(core, [&] { return call.run(input, CallOptions::trial()); });
    if (!ran) return ran.error().within("warm-up on the first of the examples");
  }
  return {};
}

/// False if requests may have samples of other shapes than the examples, for which measured times say nothing.
bool has_fixed_samples(const Signature& signature) {
  for (const TensorSpec& spec : signature.inputs())
    if (std::any_of(spec.dims.begin() + 1, spec.dims.end(), [](const Dim& dim) { return dim.is_symbolic(); }))
      return false;
  return true;
}

/// Runs batches until it is known which size pays, or the time is up. If a size gives wrong rows, the next smaller size
/// becomes the limit for merging.
void try_batches(LocalBackend& backend, ModelCall& call, RuntimeCore& core, const RowSamples& samples,
                 const BatchSizes& sizes) {
  if (!has_fixed_samples(call.signature)) return;
  const auto run = [&](const Tensors& inputs) {
    return on_worker(core, [&] { return call.run(inputs, CallOptions::trial()); });
  };
  const auto end = core.now() + kTrialTime;
  while (const std::size_t size = backend.next_trial(end - core.now()))
    if (const auto wrong = samples.try_batch(size, run)) {
      const std::size_t before = std::max<std::size_t>(1, sizes.are_fixed() ? sizes.up_to(size - 1) : size / 2);
      if (size <= sizes.smallest()) return;  // decide_merging() has just proven it; keep it
      call.max_merged = before;
      call.merging =
          "merges up to " + std::to_string(before) + " samples, since they depend on each other in " + *wrong;
      backend.limit_merging(before);
    }
}

}  // namespace

Result<void> detail::check_examples(const char* option, const Signature& signature,
                                    const std::vector<Tensors>& examples) {
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const std::string where = option + std::string("[") + std::to_string(i) + "]";
    if (auto fits = signature.check_inputs(examples[i]); !fits) return fits.error().within(where);
    for (const NamedTensor& input : examples[i])
      if (!input.tensor.device().is_cpu())
        return Error(ErrorCode::kInvalidArgument, "must be on the CPU, got " + input.tensor.to_string())
            .within("input '" + input.name + "'")
            .within(where);
  }
  return {};
}

Result<Model> detail::make_model(std::shared_ptr<Engine> engine, Signature signature, const ModelOptions& options,
                                 const BatchEvidence& evidence) {
  GANTRY_RETURN_IF_ERROR(check_model_options(options, signature));
  GANTRY_ASSIGN_OR_RETURN(auto runtime, options.runtime ? Result<Runtime>(*options.runtime) : Runtime::shared());
  RuntimeCore& core = *runtime.core();
  const EngineInfo& info = engine->info();

  BatchOptions batching;
  if (options.padding) {
    auto plan = PaddingPlan::make(*options.padding, signature);
    if (!plan) return plan.error().within("ModelOptions::padding");
    batching.padding = std::make_shared<const PaddingPlan>(*std::move(plan));
  }
  GANTRY_ASSIGN_OR_RETURN(
      auto sizes, signature.has_batch_axis() ? BatchSizes::make(info.batch_sizes) : Result<BatchSizes>(BatchSizes()));
  batching.sizes = std::move(sizes);
  Trials trials(*engine, signature, batching.sizes, core);
  auto merging = decide_merging(info, signature, options, evidence, batching.sizes, batching.padding,
                                [&](const Tensors& inputs) { return trials.run(inputs); });
  if (!merging) return merging.error().within("the examples");
  batching.has_batch_axis = signature.has_batch_axis();
  batching.max_batch = merging->limit;
  batching.max_delay = options.max_delay;
  batching.may_split = merging->independent;
  batching.merges_calls = options.batch_across_callers && merging->limit > 1;
  batching.hang_after = std::min(options.hang_after, detail::kLongestHang);
  batching.release_memory_after = options.release_memory_after;
  const std::string name = options.name.empty() ? info.kind : options.name;
  const int wanted = info.has_state ? 1 : runtime.options().workers;
  GANTRY_ASSIGN_OR_RETURN(auto backend,
                          LocalBackend::make(std::move(engine), runtime.core(),
                                             options.instances ? options.instances : wanted, name, batching));

  auto call = std::make_shared<ModelCall>();
  call->bad_inputs = &backend->counters().bad_inputs;
  if (batching.padding) call->padding = batching.padding->to_string();
  call->backend = backend;
  call->signature = std::move(signature);
  call->max_batch = max_batch_of(options);
  call->max_merged = merging->limit;
  call->merging = merging->text;
  GANTRY_RETURN_IF_ERROR(warm_up(*call, core, options, batching));
  if (batching.merges_calls && merging->samples && options.warmup_runs > 0)
    try_batches(*backend, *call, core, *merging->samples, batching.sizes);
  return ModelMaker::make(std::move(call), std::move(runtime), name);
}

Model detail::ModelMaker::make(std::shared_ptr<const ModelCall> call, Runtime runtime, const std::string& name) {
  return Model(std::make_shared<const Model::State>(Model::State{std::move(call), std::move(runtime), name}));
}

std::shared_ptr<const detail::ModelCall> detail::ModelMaker::call_of(const Model& model) {
  return model.state_->call;
}

namespace {

/// Options for another engine would be ignored, which is likely a typo, so they are an error. Exception:
/// libtorch::Options sets options for both engines of LibTorch, of which only one loads the model.
Result<void> check_engine_options(const std::string& kind, const ModelOptions& options) {
  const std::string component = engine_component(kind);
  for (const auto& [given, values] : options.engine_options) {
    const bool is_related = !component.empty() && engine_component(given) == component;
    if (given == kind || is_related) continue;
    return Error(ErrorCode::kInvalidArgument, "ModelOptions::engine_options are for an engine '" + given +
                                                  "', but an engine '" + kind + "' loads the model");
  }
  return {};
}

}  // namespace

Result<Model> Model::load(const EngineLoader& engine, const std::string& path, const Signature& signature,
                          const ModelOptions& options) try {
  GANTRY_ASSIGN_OR_RETURN(auto file, ModelFile::open(path));
  const std::string kind = engine.kind();
  GANTRY_RETURN_IF_ERROR(check_engine_options(kind, options));
  GANTRY_ASSIGN_OR_RETURN(const auto request,
                          detail::make_load_request(kind, {{std::move(file), 0}}, signature, options));
  GANTRY_ASSIGN_OR_RETURN(auto loaded, detail::load_engine(engine, request));
  ModelOptions named = options;
  if (named.name.empty()) named.name = path.substr(path.rfind('/') + 1);  // without a slash: npos + 1 is 0
  return make(std::move(loaded), signature, named);
} catch (...) {
  return detail::translate_exception();
}

Result<Model> Model::make(std::unique_ptr<Engine> engine, Signature signature, const ModelOptions& options) try {
  if (!engine) return Error(ErrorCode::kInvalidArgument, "expected an engine, got nullptr");
  return detail::make_model(std::move(engine), std::move(signature), options, {});
} catch (...) {
  return detail::translate_exception();
}

}  // namespace gantry::inline GANTRY_ABI
