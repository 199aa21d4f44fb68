// SPDX-License-Identifier: Apache-2.0
// Model: the handle, and calls through it with plain tensors.
#include <algorithm>
#include <gantry/model.hpp>
#include <gantry/translate_exception.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "model/model_call.hpp"
#include "runtime/awaited_result.hpp"
#include "runtime/context.hpp"
#include "runtime/current_thread.hpp"
#include "runtime/helping_caller.hpp"
#include "runtime/outside_wait.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using detail::CallOptions;
using detail::ModelCall;
using detail::RuntimeCore;
using ModelCallPtr = std::shared_ptr<const ModelCall>;

Error too_late() {
  return Error(ErrorCode::kDeadlineExceeded, "the deadline passed before the result was ready")
      .with_reason(ErrorReason::kDeadlinePassed);
}

/// Runs on this thread, so it cannot return before the engine does, not even at the deadline.
Result<Tensors> run_here(const ModelCall& call, RuntimeCore* core, const Tensors& inputs, const CallOptions& options) {
  auto result = call.run(inputs, options);
  if (!result || !options.is_past_deadline()) return result;
  if (core) core->counters().deadline_misses.add();
  return too_late();
}

/// Runs on a worker. The caller stops waiting at the deadline; the job that is still running keeps the call alive.
Result<Tensors> run_on_worker(const ModelCallPtr& call, RuntimeCore& core, const Tensors& inputs,
                              const CallOptions& options) {
  detail::AwaitedResult<Tensors> result;
  detail::Admission helped;  // for a helping caller; otherwise submit() admits
  {
    const detail::HelpingCaller helper(core, options, detail::Clock::duration::zero());
    if (helper) {
      GANTRY_ASSIGN_OR_RETURN(auto admission, core.admit(options));
      helped = std::move(admission);
    }
    call->submit(inputs, options,
                 [call, giver = result.giver()](Result<Tensors> given) mutable { giver.set(std::move(given)); });
  }
  if (!detail::wait_outside(core, result, options.deadline)) {
    core.counters().deadline_misses.add();
    return too_late();
  }
  return result.take();
}

Result<Tensors> run_where_it_belongs(const ModelCallPtr& call, const Runtime& runtime, const Tensors& inputs,
                                     const CallOptions& options, const RuntimeCore* admitted_by) {
  RuntimeCore* const core = runtime.core().get();
  if (core->on_worker()) return run_here(*call, nullptr, inputs, options);  // part of a request that is counted already
  if (core == admitted_by) {  // the same, on a thread that user code started and its worker waits for
    const detail::CallerScope caller(*core);
    return run_here(*call, nullptr, inputs, options);
  }
  GANTRY_RETURN_IF_ERROR(options.interruption());
  if (runtime.options().execution == Execution::kPooled) return run_on_worker(call, *core, inputs, options);
  GANTRY_ASSIGN_OR_RETURN(auto admission, core->admit(options));
  const detail::CallerScope caller(*core);
  return run_here(*call, core, inputs, options);
}

}  // namespace

Model::Model(std::shared_ptr<const State> state) : state_(std::move(state)) {}

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
const std::string& Model::merging() const {
  return state_->call->merging;
}

Result<Tensors> Model::run(const Tensors& inputs, const RunOptions& options) const {
  CallOptions call(options);
  call.time_source = &state_->runtime.core()->time();
  return run(inputs, call, nullptr);
}

Result<Tensors> Model::run(const Tensors& inputs, const CallContext& call) const {
  return run(inputs, *call.context().call, call.context().runtime);
}

Result<Tensors> Model::run(const Tensors& inputs, const CallOptions& options, const RuntimeCore* admitted_by) const
    try {
  auto result = run_where_it_belongs(state_->call, state_->runtime, inputs, options, admitted_by);
  if (!result) return result.error().within("model '" + state_->name + "'");
  return result;
} catch (...) {
  return detail::translate_exception();
}

}  // namespace gantry::inline GANTRY_ABI
