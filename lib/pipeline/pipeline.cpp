// SPDX-License-Identifier: Apache-2.0
// The erased pipeline: admission, and the ways to call it.
#include <algorithm>
#include <gantry/pipeline.hpp>
#include <gantry/translate_exception.hpp>
#include <utility>

#include "core/return_if_error.hpp"
#include "pipeline/explain.hpp"
#include "pipeline/pipeline_step.hpp"
#include "pipeline/request.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

std::vector<Slot> to_slots(std::vector<Value> inputs) {
  std::vector<Slot> slots;
  slots.reserve(inputs.size());
  for (Value& input : inputs) slots.emplace_back(std::move(input));
  return slots;
}

constexpr int kMostLevels = 64;  // the nesting limit of JSON, and therefore of a config

/// The depth of nested stages: `each`, `fork`, `when`, and pipelines that are stages. Stops at `most` + 1.
int levels_of(const Node& node, int most) {
  if (node.branches.empty()) return 0;
  const int own = node.kind == "chain" ? 0 : 1;
  if (const auto* nested = node.params.as<NestedPlan>()) return own + nested->levels;
  if (most < own) return own;
  int deepest = 0;
  for (const Branch& branch : node.branches) {
    deepest = std::max(deepest, levels_of(*branch.node, most - own));
    if (deepest > most - own) break;
  }
  return own + deepest;
}

class CompiledPipeline final : public PipelineCore {
 public:
  CompiledPipeline(NodePtr root, int levels, Runtime runtime, const CompileOptions& options,
                   std::shared_ptr<Compiled> compiled)
      : root_(std::move(root)),
        levels_(levels),
        runtime_(std::move(runtime)),
        name_(options.name),
        notes_(options.notes),
        fuses_(options.fuse),
        compiled_(std::move(compiled)) {}

  Result<Value> run(Value input, const RunOptions& options) const override {
    return run_copied(std::move(input), options, nullptr);
  }
  Result<Value> run(Value input, const CallContext& call) const override {
    return run_copied(std::move(input), *call.context().call, &call.context());
  }
  std::vector<Result<Value>> run_batch(std::vector<Value> inputs, const RunOptions& options) const override {
    return run_many(std::move(inputs), CallOptions(options), nullptr);
  }
  std::vector<Result<Value>> run_batch(std::vector<Value> inputs, const CallContext& call) const override {
    return run_many(std::move(inputs), *call.context().call, &call.context());
  }
  std::vector<Result<Value>> run_trial(std::vector<Value> inputs) const override {
    return run_many(std::move(inputs), CallOptions::trial(), nullptr);
  }

  void submit(Value input, const RunOptions& options, Function<void(Result<Value>)> done) const override {
    ObservedRequest::Ptr observed;
    auto request = make_request(1, options, observed, [&](SubmittedRequest& r) { r.slot = Slot(std::move(input)); });
    if (!request) {
      const Error error = compiled_->failed(request.error(), {});
      if (observed) observed->end(1, 1, &error);
      return call_done(done, Result<Value>(error));
    }
    (*request)->done = std::move(done);
    post(*std::move(request));
  }

  void submit_batch(std::vector<Value> inputs, const RunOptions& options,
                    Function<void(std::vector<Result<Value>>)> done) const override {
    const std::size_t count = inputs.size();
    std::vector<Result<Value>> results;
    if (count == 0) return call_done(done, std::move(results));
    results.reserve(count);
    ObservedRequest::Ptr observed;
    auto request =
        make_request(count, options, observed, [&](SubmittedRequest& r) { r.batch = to_slots(std::move(inputs)); });
    if (!request) {
      CallOptions call;
      call.observed = observed;
      finish_batch(*compiled_, {}, count, &request.error(), call, *runtime_.core(), results);
      return call_done(done, std::move(results));
    }
    (*request)->batch_results = std::move(results);
    (*request)->batch_done = std::move(done);
    post(*std::move(request));
  }

  Error refuse(const Error& error) const noexcept override {
    compiled_->count_request(1);
    return compiled_->failed(error, {});
  }

  bool runs_in_place() const override { return runtime_.core()->on_worker(); }

  std::vector<Result<Value>> run_observed(std::vector<Value> inputs, StepObserver& observer) const override {
    const CallOptions call = CallOptions::trial();
    Context context{&call, runtime_.core().get(), true, &observer};
    std::vector<Slot> slots = to_slots(std::move(inputs));
    const Plan& plan = compiled_->unfused ? *compiled_->unfused : *compiled_->plan;
    const auto ran = run_as_request(*runtime_.core(), call, slots.size(), [&] { plan.run(slots, context); });
    std::vector<Result<Value>> results;
    results.reserve(slots.size());
    for (Slot& slot : slots) {
      if (!ran && slot.ok()) slot.fail(ran.error());
      results.push_back(compiled_->finish(slot, call, *runtime_.core()));
    }
    return results;
  }

  std::string explain() const override {
    const RuntimeOptions& options = runtime_.options();
    std::string text = name_.empty() ? "pipeline" : "pipeline '" + name_ + "'";
    text += ": " + root_->in->name() + " -> " + root_->out->name();
    for (const std::string& note : notes_) text += "\n  " + note;
    text += "\n  runtime: ";
    text += explain_threads(options) + ", at most " + std::to_string(options.max_in_flight) +
            " requests in flight; CPU budget " + runtime_.budget_explanation();
    return text + "\n" + explain_node(*root_, fuses_, runtime_);
  }

  std::vector<StageStats> stats() const override { return compiled_->stats().stages; }
  const Node& root() const override { return *root_; }

  NodePtr make_stage_node() const override {
    auto node = std::make_shared<Node>();
    node->kind = "pipeline";
    node->name = compiled_->name;
    node->in = root_->in;
    node->out = root_->out;
    node->params = Params::of(NestedPlan{fuses_, runtime_, levels_}, "");
    node->branches = {{"stages", root_}};
    node->kernel = make_pipeline_kernel(compiled_, runtime_.core());
    node->keep_alive = {root_};  // the parameters hold the runtime's handle
    return node;
  }

 private:
  void begin(CallOptions& call, std::size_t samples, const Context* outer) const {
    call.time_source = &runtime_.core()->time();
    compiled_->begin(call, samples, runtime_.options().observer, outer);
    if (outer && outer->runtime && outer->runtime != runtime_.core().get()) call.leave(*outer->runtime);
  }
  static const RuntimeCore* runtime_of(const Context* outer) { return outer ? outer->runtime : nullptr; }

  /// run_one() with a copy of the options; the copy may throw std::bad_alloc.
  template <class Options>
  Result<Value> run_copied(Value input, const Options& options, const Context* outer) const try {
    return run_one(std::move(input), CallOptions(options), outer);
  } catch (...) {
    return refuse(translate_exception());
  }

  /// `outer`: the call that this one is part of, or nullptr.
  Result<Value> run_one(Value input, CallOptions call, const Context* outer) const {
    begin(call, 1, outer);
    auto result = [&]() -> Result<Value> {
      try {
        std::vector<Slot> slots;
        slots.emplace_back(std::move(input));
        auto ran = run_blocking(compiled_, runtime_.core(), std::move(slots), call, runtime_of(outer));
        if (!ran) return compiled_->failed(ran.error(), call);
        return compiled_->finish((*ran)[0], call, *runtime_.core());
      } catch (...) {
        return compiled_->failed(translate_exception(), call);
      }
    }();
    if (call.observed) call.observed->end(1, result ? 0 : 1, result ? nullptr : &result.error());
    return result;
  }

  std::vector<Result<Value>> run_many(std::vector<Value> inputs, CallOptions call, const Context* outer) const {
    const std::size_t count = inputs.size();
    if (count == 0) return {};
    std::vector<Result<Value>> results;
    results.reserve(count);
    begin(call, count, outer);
    auto ran = [&]() -> Result<std::vector<Slot>> {
      try {
        return run_blocking(compiled_, runtime_.core(), to_slots(std::move(inputs)), call, runtime_of(outer));
      } catch (...) {
        return translate_exception();
      }
    }();
    finish_batch(*compiled_, ran ? Span<Slot>(*ran) : Span<Slot>(), count, ran ? nullptr : &ran.error(), call,
                 *runtime_.core(), results);
    return results;
  }

  /// `fill` moves the inputs into the request. `observed` is set even if it fails.
  template <class Fill>
  Result<std::unique_ptr<SubmittedRequest>> make_request(std::size_t samples, const RunOptions& options,
                                                         ObservedRequest::Ptr& observed, Fill fill) const try {
    CallOptions call(options);
    begin(call, samples, nullptr);
    observed = call.observed;
    GANTRY_RETURN_IF_ERROR(call.interruption());
    const bool is_inline = runtime_.options().execution == Execution::kCaller;
    const auto expected = is_inline ? Clock::duration::zero() : compiled_->expected(samples, call);
    GANTRY_ASSIGN_OR_RETURN(auto admission, runtime_.core()->admit(call, expected));
    auto request = std::make_unique<SubmittedRequest>();
    request->expected = expected;
    request->compiled = compiled_;
    request->core = runtime_.core();
    request->call = std::move(call);
    if (request->call.observed) request->posted = request->call.now();
    request->context = {&request->call, runtime_.core().get(), is_inline, nullptr};
    fill(*request);
    request->admission = std::move(admission);
    return request;
  } catch (...) {
    return translate_exception();
  }

  void post(std::unique_ptr<SubmittedRequest> request) const {
    SubmittedRequest& r = *request;
    if (r.context.is_inline) {
      run_on_caller(*compiled_, r.slots(), r.context);
      return SubmittedRequest::finish(std::move(request));
    }
    r.core->post_request([request = std::move(request)](
                             const Error* refusal) mutable { SubmittedRequest::begin(std::move(request), refusal); },
                         r.call, r.expected, r.slots().size());
  }

  NodePtr root_;  // holds the models, and thereby their runtimes
  int levels_;    // depth of nested stages
  Runtime runtime_;
  std::string name_;
  std::vector<std::string> notes_;
  bool fuses_;
  std::shared_ptr<Compiled> compiled_;
};

}  // namespace

PipelineCore::~PipelineCore() = default;

Result<std::shared_ptr<const PipelineCore>> PipelineCore::compile(const NodePtr& root,
                                                                  const CompileOptions& options) try {
  if (!root) return Error(ErrorCode::kInvalidArgument, "there is no stage to compile");
  auto compiled = std::make_shared<Compiled>();
  if (!options.name.empty()) compiled->scope = "pipeline '" + options.name + "'";
  compiled->name = options.name.empty() ? "pipeline" : options.name;
  compiled->version = options.version;
  compiled->out = root->out;
  const int levels = levels_of(*root, kMostLevels);
  if (levels > kMostLevels)
    return compiled->scoped(Error(ErrorCode::kInvalidArgument,
                                  "its stages lie within one another (each, fork, when, pipelines) over more than " +
                                      std::to_string(kMostLevels) + " levels; chain them instead"));
  auto plan = Plan::build(*root, "pipeline", options.fuse, compiled->counters);
  if (!plan) return compiled->scoped(plan.error());
  compiled->plan = *std::move(plan);
  if (compiled->plan->has_fused()) {
    auto unfused = Plan::build(*root, "pipeline", false, compiled->observed_counters);
    if (!unfused) return compiled->scoped(unfused.error());
    compiled->unfused = *std::move(unfused);
  }

  auto runtime = options.runtime ? Result<Runtime>(*options.runtime) : Runtime::shared();
  if (!runtime) return compiled->scoped(runtime.error());
  runtime->core()->members().add(std::weak_ptr<const RuntimePipeline>(compiled));
  return std::shared_ptr<const PipelineCore>(
      std::make_shared<CompiledPipeline>(root, levels, *std::move(runtime), options, std::move(compiled)));
} catch (...) {
  return translate_exception();
}

}  // namespace gantry::inline GANTRY_ABI::detail
