// SPDX-License-Identifier: Apache-2.0
// Model::make() for a host's Backend: decides about merging, and warms up before it returns the model.
#include <algorithm>
#include <gantry/translate_exception.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "model/host_backend.hpp"
#include "model/make_model.hpp"
#include "model/model_call.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::CallOptions;
using detail::HostBackend;
using detail::ModelCall;

Error invalid(const std::string& field, const std::string& why) {
  return Error(ErrorCode::kInvalidArgument, "BackendOptions::" + field + why);
}

Result<void> check_backend_options(const BackendOptions& options, const Signature& signature) {
  const auto range = [](const char* field, int value, int low, int high) -> Result<void> {
    if (value >= low && value <= high) return {};
    return invalid(field,
                   " must be " + std::to_string(low) + ".." + std::to_string(high) + ", got " + std::to_string(value));
  };
  if (auto ok = range("max_batch", options.max_batch, 1, 65536); !ok) return ok;
  if (auto ok = range("warmup_runs", options.warmup_runs, 0, 100); !ok) return ok;
  if (options.hang_after.count() < 0) return invalid("hang_after", " may not be negative");
  return detail::check_examples("BackendOptions::examples", signature, options.examples);
}

/// The options that decide about merging, as ModelOptions.
ModelOptions merging_options(const BackendOptions& options) {
  ModelOptions same;
  same.max_batch = options.max_batch;
  same.merge = options.merge;
  same.examples = options.examples;
  return same;
}

Result<Model> make_host_model(std::shared_ptr<Backend> backend, Signature signature, const BackendOptions& options) {
  GANTRY_RETURN_IF_ERROR(check_backend_options(options, signature));
  GANTRY_ASSIGN_OR_RETURN(auto runtime, options.runtime ? Result<Runtime>(*options.runtime) : Runtime::shared());
  const EngineInfo& info = backend->info();
  const std::string name = options.name.empty() ? info.kind : options.name;
  const auto hosted =
      HostBackend::make(std::move(backend), runtime.core(),
                        {name, signature.has_batch_axis(), std::min(options.hang_after, detail::kLongestHang)});
  auto call = std::make_shared<ModelCall>();
  call->bad_inputs = &hosted->counters().bad_inputs;
  call->backend = hosted;
  call->signature = std::move(signature);
  const auto run = [&](const Tensors& inputs) { return call->run(inputs, CallOptions::trial()); };
  auto merging = detail::decide_merging(info, call->signature, merging_options(options), {}, {}, nullptr, run);
  if (!merging) return merging.error().within("the examples");
  call->max_batch = static_cast<std::size_t>(options.max_batch);
  call->max_merged = merging->limit;
  call->merging = merging->text;
  for (int i = 0; i < options.warmup_runs && !options.examples.empty() && !info.has_state; ++i)
    if (auto ran = run(options.examples[0]); !ran) return ran.error().within("warm-up on the first of the examples");
  return detail::ModelMaker::make(std::move(call), std::move(runtime), name);
}

}  // namespace

Result<Model> Model::make(std::shared_ptr<Backend> backend, Signature signature, const BackendOptions& options) try {
  if (!backend) return Error(ErrorCode::kInvalidArgument, "expected a backend, got nullptr");
  return make_host_model(std::move(backend), std::move(signature), options);
} catch (...) {
  return detail::translate_exception();
}

}  // namespace gantry::inline GANTRY_ABI
