// SPDX-License-Identifier: Apache-2.0
// The erased pipeline: admission, and the ways to call it.
#include <gantry/pipeline.hpp>
#include <utility>

#include "pipeline/explain.hpp"
#include "pipeline/request.hpp"
#include "runtime/rounding_scope.hpp"

namespace gantry::detail {
namespace {

std::vector<Slot> to_slots(std::vector<Value> inputs) {
  std::vector<Slot> slots;
  slots.reserve(inputs.size());
  for (Value& input : inputs) slots.emplace_back(std::move(input));
  return slots;
}

class CompiledPipeline final : public PipelineCore {
 public:
  CompiledPipeline(NodePtr root, Runtime runtime, const CompileOptions& options, std::shared_ptr<Compiled> compiled)
      : root_(std::move(root)),
        runtime_(std::move(runtime)),
        name_(options.name),
        notes_(options.notes),
        fuses_(options.fuse),
        compiled_(std::move(compiled)) {}

  Result<Value> run(Value input, const RunOptions& options) const override {
    compiled_->count_requests(1, options);
    const ObservedCall call(runtime_.options().observer, compiled_->name, options, 1);
    auto result = run_one(std::move(input), call.options());
    call.end(result ? 0 : 1, result ? nullptr : &result.error());
    return result;
  }

  std::vector<Result<Value>> run_batch(std::vector<Value> inputs, const RunOptions& options) const override {
    const std::size_t count = inputs.size();
    if (count == 0) return {};
    compiled_->count_requests(count, options);
    std::vector<Result<Value>> results;
    results.reserve(count);
    const ObservedCall call(runtime_.options().observer, compiled_->name, options, count);
    auto ran = [&]() -> Result<std::vector<Slot>> {
      try {
        return run_slots(to_slots(std::move(inputs)), call.options());
      } catch (...) {
        return translate_exception();
      }
    }();
    std::size_t failed = 0;
    const Error* first = nullptr;
    for (std::size_t i = 0; i < count; ++i) {
      if (ran)
        results.push_back(compiled_->finish((*ran)[i], options, *runtime_.core()));
      else
        results.emplace_back(compiled_->failed(ran.error(), options));
      if (!results.back() && failed++ == 0) first = &results.back().error();
    }
    call.end(failed, first);
    return results;
  }

  void submit(Value input, const RunOptions& options, Function<void(Result<Value>)> done) const override {
    compiled_->count_requests(1, options);
    const auto observed = ObservedRequest::begin(runtime_.options().observer, compiled_->name, options, 1);
    auto request = make_request(std::move(input), options, observed);
    if (!request) {
      const Error error = compiled_->failed(request.error(), options);
      if (observed) observed->end(1, 1, &error);
      return answer(done, error);
    }
    (*request)->done = std::move(done);
    if (!(*request)->context.is_inline) {
      auto job = *std::move(request);
      SubmittedRequest* const raw = job.get();
      return raw->core->post_request(
          [job = std::move(job)](const Error* refusal) mutable { SubmittedRequest::begin(std::move(job), refusal); },
          raw->call, raw->expected, 1);
    }
    run_on_caller(Span<Slot>(&(*request)->slot, 1), (*request)->context);
    SubmittedRequest::finish(*std::move(request));
  }

  bool runs_in_place() const override { return runtime_.core()->on_worker(); }

  std::vector<Result<Value>> run_observed(std::vector<Value> inputs, StepObserver& observer) const override {
    RunOptions call;
    call.is_trial = true;
    Context context{&call, runtime_.core().get(), true, &observer};
    const RoundingScope rounding;
    std::vector<Slot> slots = to_slots(std::move(inputs));
    const Plan& plan = compiled_->unfused ? *compiled_->unfused : *compiled_->plan;
    plan.run(slots, context);
    std::vector<Result<Value>> results;
    results.reserve(slots.size());
    for (Slot& slot : slots) results.push_back(compiled_->finish(slot, call, *runtime_.core()));
    return results;
  }

  std::string explain() const override {
    const RuntimeOptions& options = runtime_.options();
    std::string text = name_.empty() ? "pipeline" : "pipeline '" + name_ + "'";
    text += ": " + root_->in->name() + " -> " + root_->out->name();
    for (const std::string& note : notes_) text += "\n  " + note;
    text += "\n  runtime: ";
    text += options.execution == Execution::kPooled ? "pooled, " : "caller execution, ";
    text += std::to_string(options.workers) + (options.execution == Execution::kPooled ? " workers" : " engine calls") +
            " x " + std::to_string(options.intra_op_threads) + " intra-op threads, at most " +
            std::to_string(options.max_in_flight) + " requests in flight; CPU budget " + runtime_.budget_explanation();
    return text + "\n" + explain_node(*root_, fuses_);
  }

  std::vector<StageStats> stats() const override { return compiled_->stats().stages; }
  const Node& root() const override { return *root_; }

 private:
  Result<Value> run_one(Value input, const RunOptions& options) const try {
    std::vector<Slot> slots;
    slots.emplace_back(std::move(input));
    auto ran = run_slots(std::move(slots), options);
    if (!ran) return compiled_->failed(ran.error(), options);
    return compiled_->finish((*ran)[0], options, *runtime_.core());
  } catch (...) {
    return compiled_->failed(translate_exception(), options);
  }

  Result<std::vector<Slot>> run_slots(std::vector<Slot> slots, const RunOptions& options) const {
    const std::shared_ptr<RuntimeCore>& core = runtime_.core();
    if (auto interruption = options.interruption()) return *interruption;
    Context context{&options, core.get(), true, nullptr};
    if (core->on_worker()) {  // part of a request that was admitted already
      compiled_->plan->run(slots, context);
      return slots;
    }
    const auto expected = compiled_->expected(slots.size(), options);
    auto admission = core->admit(options, expected);
    if (!admission) return std::move(admission).error();
    if (runtime_.options().execution == Execution::kCaller) {
      run_on_caller(slots, context);
      return slots;
    }
    return std::make_shared<BlockingRequest>(compiled_, core, options, std::move(slots), *std::move(admission),
                                             expected)
        ->post_and_wait();
  }

  Result<std::unique_ptr<SubmittedRequest>> make_request(Value input, const RunOptions& options,
                                                         const ObservedRequest::Ptr& observed) const try {
    if (auto interruption = options.interruption()) return *interruption;
    const auto expected = compiled_->expected(1, options);
    auto admission = runtime_.core()->admit(options, expected);
    if (!admission) return std::move(admission).error();
    auto request = std::make_unique<SubmittedRequest>();
    request->expected = expected;
    request->compiled = compiled_;
    request->core = runtime_.core();
    request->call = options;
    if (observed) {
      request->observed = request->call.observed = observed;
      request->posted = Clock::now();
    }
    request->context = {&request->call, runtime_.core().get(), runtime_.options().execution == Execution::kCaller,
                        nullptr};
    request->slot = Slot(std::move(input));
    request->admission = *std::move(admission);
    return request;
  } catch (...) {
    return translate_exception();
  }

  void run_on_caller(Span<Slot> slots, Context& context) const {
    const CallerScope caller(*context.runtime);
    const RoundingScope rounding;
    compiled_->plan->run(slots, context);
  }

  NodePtr root_;  // holds the models, and so their runtimes
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
  compiled->out = root->out;
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
  runtime->core()->add_pipeline(compiled);
  return std::shared_ptr<const PipelineCore>(
      std::make_shared<CompiledPipeline>(root, *std::move(runtime), options, std::move(compiled)));
} catch (...) {
  return translate_exception();
}

}  // namespace gantry::detail
