// SPDX-License-Identifier: Apache-2.0
// Pipeline<In, Out>: a compiled chain of stages, ready to be called from any thread.
//
//   Pipeline<Bytes, Classes> pipeline = compile(chain, runtime).value();
//   Result<Classes> classes = pipeline.run(jpeg, {within(50ms)});
#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gantry/call_context.hpp>
#include <gantry/kept_promise.hpp>
#include <gantry/model_stage.hpp>
#include <gantry/package_info.hpp>
#include <gantry/run_options.hpp>
#include <gantry/runtime.hpp>
#include <gantry/span.hpp>
#include <gantry/stage.hpp>
#include <gantry/translate_exception.hpp>

namespace gantry {
inline namespace GANTRY_ABI {

struct CompileOptions {
  /// Unset: the shared runtime.
  std::optional<Runtime> runtime;
  /// Name in messages, "pipeline 'cats' > ...", and in RuntimeStats::pipelines. Empty: no such prefix.
  std::string name;
  /// Version of what it serves, for PipelineStats::version. open() sets the package's.
  std::string version;
  /// Lines that explain() prints above the plan.
  std::vector<std::string> notes;
  /// Runs neighbouring stages as one step if that gives the same results faster; explain() shows which stages. false:
  /// each declared stage is its own step, for comparisons.
  bool fuse = true;

  CompileOptions() = default;
  CompileOptions(Runtime r) : runtime(std::move(r)) {}  // NOLINT(google-explicit-constructor)
};

namespace detail {

/// Sees the slots after every step of a plan, for golden checks and AnyPipeline::run_until().
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  /// `path`: "pipeline[3].do[1]". Called on the thread that ran the step. A slot that the observer fails stops here.
  virtual void after(const std::string& path, Span<Slot> slots) = 0;
  /// Called before a model runs, with its inputs. `name`: the op's name for the model; without one, Model::name().
  virtual void before_model(const std::string& name, const Tensors& inputs) {
    (void)name;
    (void)inputs;
  }
};

/// The type-erased pipeline.
class GANTRY_API PipelineCore {
 public:
  virtual ~PipelineCore();
  static Result<std::shared_ptr<const PipelineCore>> compile(const NodePtr& root, const CompileOptions& options);

  virtual Result<Value> run(Value input, const RunOptions& options) const = 0;
  virtual Result<Value> run(Value input, const CallContext& call) const = 0;
  virtual std::vector<Result<Value>> run_batch(std::vector<Value> inputs, const RunOptions& options) const = 0;
  virtual std::vector<Result<Value>> run_batch(std::vector<Value> inputs, const CallContext& call) const = 0;
  /// A check before the pipeline serves; it does not count as traffic.
  virtual std::vector<Result<Value>> run_trial(std::vector<Value> inputs) const = 0;
  virtual void submit(Value input, const RunOptions& options, Function<void(Result<Value>)> done) const = 0;
  virtual void submit_batch(std::vector<Value> inputs, const RunOptions& options,
                            Function<void(std::vector<Result<Value>>)> done) const = 0;
  /// Returns the error of an input that failed before run(): counted, and with the pipeline's name.
  virtual Error refuse(const Error& error) const noexcept = 0;
  /// True on a worker of the pipeline's runtime: a wait for another worker could last forever there.
  virtual bool runs_in_place() const = 0;
  /// Runs unfused, on one thread, and shows each step to `observer`. Admitted as a request, but not counted as traffic.
  virtual std::vector<Result<Value>> run_observed(std::vector<Value> inputs, StepObserver& observer) const = 0;
  virtual std::string explain() const = 0;
  virtual std::vector<StageStats> stats() const = 0;
  /// The declaration that was compiled.
  virtual const Node& root() const = 0;
  /// This pipeline as a stage of another.
  virtual NodePtr make_stage_node() const = 0;
};

/// The package that a pipeline came from, and the codecs that it was opened with.
struct PipelineOrigin;
GANTRY_API const PackageInfo& package_of(const PipelineOrigin* origin);

}  // namespace detail

/// A compiled pipeline.
///
/// Ownership: shares the plan, its models and its runtime; copies are cheap.
/// Threads:   thread-safe: every member may be called concurrently.
/// Errors:    those of its stages, with the path of the stage; cancelled, deadline_exceeded, resource_exhausted (too
///            many in flight), unavailable (after shutdown). internal, "input > threw ...", if moving or copying an
///            input or a result throws here. The caller handles exceptions of its own copy for the parameter.
/// Cost:      run() costs one hand-off to a worker and one back; none if this thread may help
///            (RuntimeOptions::callers_help), in caller execution, and on a worker of the pipeline's own runtime, where
///            it runs in place.
template <class In, class Out>
class Pipeline {
 public:
  explicit Pipeline(std::shared_ptr<const detail::PipelineCore> core,
                    std::shared_ptr<const detail::PipelineOrigin> origin = {})
      : core_(std::move(core)), origin_(std::move(origin)) {}

  Result<Out> run(In input, const RunOptions& options = {}) const { return run_moved(input, options); }

  /// For use within a stage of another pipeline: runs as part of its call, with that call's deadline, cancellation,
  /// priority, tenant and trace. On the same runtime it runs on this thread, without a second admission; another
  /// runtime admits it, and this thread waits for it. A stage from stage() holds no thread while it waits.
  Result<Out> run(In input, const CallContext& call) const { return run_moved(input, call); }

  /// One result per input, in order; a failing item does not affect the others. Inputs are copied.
  std::vector<Result<Out>> run_batch(Span<const In> inputs, const RunOptions& options = {}) const {
    return run_copies(inputs, options);
  }
  /// For use within a stage, as run().
  std::vector<Result<Out>> run_batch(Span<const In> inputs, const CallContext& call) const {
    return run_copies(inputs, call);
  }

  /// Calls `done` exactly once, without a lock: on a worker; or on this thread in caller execution, or if the request
  /// is refused. The library drops an exception that `done` throws.
  void submit(In input, const RunOptions& options, Function<void(Result<Out>)> done) const {
    submit_moved(input, options, std::move(done));
  }
  std::future<Result<Out>> submit(In input, const RunOptions& options = {}) const {
    detail::KeptPromise<Out> promise;
    auto future = promise.get_future();
    if (core_->runs_in_place())
      promise.set_value(run_moved(input, options));
    else
      submit_moved(input, options, [promise = std::move(promise)](Result<Out> result) mutable {
        promise.set_value(std::move(result));
      });
    return future;
  }

  /// This pipeline as a stage of another, with its name in errors and explain(), and with its own stats. On the same
  /// runtime it is part of the outer request, which is admitted once. Another runtime admits, queues or refuses it,
  /// with the outer call's deadline, cancellation, priority, tenant and trace. No thread waits for it meanwhile, except
  /// the caller in caller execution.
  Stage<In, Out> stage() const { return Stage<In, Out>(core_->make_stage_node()); }

  /// The plan as text: stages with their types and parameters, segments, engine, runtime.
  std::string explain() const { return core_->explain(); }
  /// Counters of the stages; Runtime::stats() has them for all pipelines of a runtime.
  std::vector<StageStats> stats() const { return core_->stats(); }
  /// The package of a pipeline that open() returned; empty for others.
  const PackageInfo& package() const { return detail::package_of(origin_.get()); }

  /// For gantry's own layers.
  const std::shared_ptr<const detail::PipelineCore>& core() const { return core_; }
  const std::shared_ptr<const detail::PipelineOrigin>& origin() const { return origin_; }

 private:
  template <class Call>
  Result<Out> run_moved(In& input, const Call& call) const {
    return unbox(run_boxed(input, call));
  }
  template <class Call>
  Result<detail::Value> run_boxed(In& input, const Call& call) const try {
    return core_->run(detail::Value(std::move(input)), call);
  } catch (...) {
    return bad_input();
  }

  template <class Call>
  std::vector<Result<Out>> run_copies(Span<const In> inputs, const Call& call) const {
    std::vector<Result<Out>> results;
    results.reserve(inputs.size());
    std::vector<std::optional<Error>> refused;  // empty, or one entry for each input, once one is refused
    std::vector<Result<detail::Value>> ran;     // results of the inputs that were not refused
    try {
      ran = core_->run_batch(box_copies(inputs, refused), call);
    } catch (...) {  // no memory for the batch itself
      while (results.size() < inputs.size()) results.emplace_back(bad_input());
      return results;
    }
    auto next = ran.begin();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const bool is_refused = i < refused.size() && refused[i];
      try {
        results.emplace_back(is_refused ? Result<Out>(*refused[i]) : unbox(std::move(*next++)));
      } catch (...) {
        results.emplace_back(detail::translate_exception().within("result"));
      }
    }
    return results;
  }
  std::vector<detail::Value> box_copies(Span<const In> inputs, std::vector<std::optional<Error>>& refused) const {
    std::vector<detail::Value> values;
    values.reserve(inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      try {
        values.emplace_back(In(inputs[i]));
      } catch (...) {
        refused.resize(inputs.size());
        refused[i] = bad_input();
      }
    }
    return values;
  }

  void submit_moved(In& input, const RunOptions& options, Function<void(Result<Out>)> done) const {
    auto unboxed = [done = std::move(done)](Result<detail::Value> result) mutable { done(unbox(std::move(result))); };
    detail::Value value;
    Function<void(Result<detail::Value>)> answer;
    try {
      value = detail::Value(std::move(input));
      answer = std::move(unboxed);
    } catch (...) {
      return refuse(unboxed);
    }
    core_->submit(std::move(value), options, std::move(answer));
  }
  template <class Answer>
  void refuse(Answer& answer) const try {
    answer(bad_input());
  } catch (...) {  // exceptions of the callback
  }

  /// In a catch block: the exception that was thrown while the input was boxed.
  Error bad_input() const noexcept { return core_->refuse(detail::translate_exception().within("input")); }
  static Result<Out> unbox(Result<detail::Value> result) try {
    if (!result) return std::move(result).error();
    return std::move(result->template get<Out>());
  } catch (...) {
    return detail::translate_exception().within("result");
  }

  std::shared_ptr<const detail::PipelineCore> core_;
  std::shared_ptr<const detail::PipelineOrigin> origin_;
};

/// Checks and plans the chain. invalid_argument names the first stage whose parameters are outside their limits.
template <class In, class Out>
Result<Pipeline<In, Out>> compile(const Stage<In, Out>& chain, const CompileOptions& options = {}) {
  auto core = detail::PipelineCore::compile(chain.node(), options);
  if (!core) return std::move(core).error();
  return Pipeline<In, Out>(*std::move(core));
}

}  // namespace GANTRY_ABI
}  // namespace gantry
