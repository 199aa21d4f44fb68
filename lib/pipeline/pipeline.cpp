// SPDX-License-Identifier: Apache-2.0
// The erased pipeline: admission, the hand-off to a worker and back, and the ways to call it.
#include <condition_variable>
#include <gantry/pipeline.hpp>
#include <mutex>
#include <utility>

#include "pipeline/context.hpp"
#include "pipeline/explain.hpp"
#include "pipeline/plan.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::detail {
namespace {

/// What requests in flight hold: the plan, but no handle of the runtime.
struct Compiled {
  StageCounters counters;
  std::unique_ptr<const Plan> plan;
  std::string scope;  // "pipeline 'cats'", or empty
  const TypeInfo* out = nullptr;

  Result<Value> finish(Slot& slot) const {
    if (!slot.ok()) return scoped(slot.error());
    if (out->compact) out->compact(slot.value().data());
    return std::move(slot.value());
  }
  Error scoped(const Error& error) const { return scope.empty() ? error : error.within(scope); }
};

std::vector<Slot> to_slots(std::vector<Value> inputs) {
  std::vector<Slot> slots;
  slots.reserve(inputs.size());
  for (Value& input : inputs) slots.emplace_back(std::move(input));
  return slots;
}

/// One blocking call; lives on the caller's stack.
class BlockingRequest {
 public:
  BlockingRequest(const Compiled& compiled, RuntimeCore& runtime, const RunOptions& call, Span<Slot> slots)
      : compiled_(compiled), slots_(slots), context_{&call, &runtime, false, nullptr} {}

  void post_and_wait() {
    context_.runtime->post([this](const Error* refusal) { begin(refusal); });
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [this] { return is_finished_; });
  }

 private:
  void begin(const Error* refusal) {
    if (refusal) {
      for (Slot& slot : slots_) slot.fail(*refusal);
      return finish();
    }
    compiled_.plan->start(slots_, context_, [this] { finish(); });
  }
  // Notifies under the lock: the caller may return, and this object be gone, as soon as the lock is free.
  void finish() {
    const std::lock_guard lock(mutex_);
    is_finished_ = true;
    finished_.notify_one();
  }

  const Compiled& compiled_;
  Span<Slot> slots_;
  Context context_;
  std::mutex mutex_;
  std::condition_variable finished_;
  bool is_finished_ = false;
};

/// The callback is the host's: nobody is there to tell what it throws, and a worker must not end the process.
void answer(Function<void(Result<Value>)>& done, Result<Value> result) noexcept {
  try {
    done(std::move(result));
  } catch (...) {
  }
}

/// One submitted request; owns everything it needs.
struct SubmittedRequest {
  std::shared_ptr<const Compiled> compiled;
  std::shared_ptr<RuntimeCore> runtime;
  RunOptions call;
  Context context;
  Slot slot;
  Function<void(Result<Value>)> done;

  static void begin(std::unique_ptr<SubmittedRequest> request, const Error* refusal) {
    if (refusal) {
      request->slot.fail(*refusal);
      return finish(std::move(request));
    }
    SubmittedRequest& r = *request;
    r.compiled->plan->start(Span<Slot>(&r.slot, 1), r.context,
                            [request = std::move(request)]() mutable { finish(std::move(request)); });
  }
  static void finish(std::unique_ptr<SubmittedRequest> request) {
    request->runtime->release();
    auto result = request->compiled->finish(request->slot);
    auto done = std::move(request->done);
    request.reset();
    answer(done, std::move(result));
  }
};

class CompiledPipeline final : public PipelineCore {
 public:
  CompiledPipeline(NodePtr root, Runtime runtime, const CompileOptions& options, std::shared_ptr<Compiled> compiled)
      : root_(std::move(root)),
        runtime_(std::move(runtime)),
        name_(options.name),
        notes_(options.notes),
        compiled_(std::move(compiled)) {}

  Result<Value> run(Value input, const RunOptions& options) const override {
    Slot slot(std::move(input));
    if (auto ran = run_slots(Span<Slot>(&slot, 1), options); !ran) return compiled_->scoped(ran.error());
    return compiled_->finish(slot);
  }

  std::vector<Result<Value>> run_batch(std::vector<Value> inputs, const RunOptions& options) const override {
    std::vector<Slot> slots = to_slots(std::move(inputs));
    const Result<void> ran = slots.empty() ? Result<void>() : run_slots(slots, options);
    std::vector<Result<Value>> results;
    results.reserve(slots.size());
    for (Slot& slot : slots) {
      if (ran)
        results.push_back(compiled_->finish(slot));
      else
        results.emplace_back(compiled_->scoped(ran.error()));
    }
    return results;
  }

  void submit(Value input, const RunOptions& options, Function<void(Result<Value>)> done) const override {
    RuntimeCore& core = *runtime_.core();
    const bool is_inline = runtime_.options().execution == Execution::kCaller;
    if (auto admitted = core.admit(); !admitted) return answer(done, compiled_->scoped(admitted.error()));
    auto request = std::make_unique<SubmittedRequest>();
    request->compiled = compiled_;
    request->runtime = runtime_.core();
    request->call = options;
    request->context = {&request->call, &core, is_inline, nullptr};
    request->slot = Slot(std::move(input));
    request->done = std::move(done);
    if (!is_inline) {
      core.post([request = std::move(request)](const Error* refusal) mutable {
        SubmittedRequest::begin(std::move(request), refusal);
      });
      return;
    }
    compiled_->plan->run(Span<Slot>(&request->slot, 1), request->context);
    SubmittedRequest::finish(std::move(request));
  }

  bool runs_in_place() const override { return runtime_.core()->on_worker(); }

  std::vector<Result<Value>> run_observed(std::vector<Value> inputs, StepObserver& observer) const override {
    const RunOptions call;
    Context context{&call, runtime_.core().get(), true, &observer};
    std::vector<Slot> slots = to_slots(std::move(inputs));
    compiled_->plan->run(slots, context);
    std::vector<Result<Value>> results;
    results.reserve(slots.size());
    for (Slot& slot : slots) results.push_back(compiled_->finish(slot));
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
    return text + "\n" + explain_node(*root_);
  }

  std::vector<StageStats> stats() const override {
    std::vector<StageStats> stats;
    for (const StageCounter& counter : compiled_->counters)
      stats.push_back(
          {counter.path, counter.name, counter.samples.load(), counter.errors.load(), counter.total_ns.load()});
    return stats;
  }

 private:
  Result<void> run_slots(Span<Slot> slots, const RunOptions& options) const {
    RuntimeCore& core = *runtime_.core();
    Context context{&options, &core, true, nullptr};
    if (core.on_worker()) {  // part of a request that was admitted already
      compiled_->plan->run(slots, context);
      return {};
    }
    if (auto admitted = core.admit(); !admitted) return admitted;
    if (runtime_.options().execution == Execution::kCaller) {
      compiled_->plan->run(slots, context);
    } else {
      BlockingRequest(*compiled_, core, options, slots).post_and_wait();
    }
    core.release();
    return {};
  }

  NodePtr root_;  // holds the models, and so their runtimes
  Runtime runtime_;
  std::string name_;
  std::vector<std::string> notes_;
  std::shared_ptr<Compiled> compiled_;
};

}  // namespace

PipelineCore::~PipelineCore() = default;

Result<std::shared_ptr<const PipelineCore>> PipelineCore::compile(const NodePtr& root, const CompileOptions& options) {
  auto compiled = std::make_shared<Compiled>();
  if (!options.name.empty()) compiled->scope = "pipeline '" + options.name + "'";
  compiled->out = root->out;
  auto plan = Plan::build(*root, "pipeline", compiled->counters);
  if (!plan) return compiled->scoped(plan.error());
  compiled->plan = *std::move(plan);

  auto runtime = options.runtime ? Result<Runtime>(*options.runtime) : Runtime::shared();
  if (!runtime) return compiled->scoped(runtime.error());
  return std::shared_ptr<const PipelineCore>(
      std::make_shared<CompiledPipeline>(root, *std::move(runtime), options, std::move(compiled)));
}

}  // namespace gantry::detail
