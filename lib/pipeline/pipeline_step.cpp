// SPDX-License-Identifier: Apache-2.0
#include "pipeline/pipeline_step.hpp"

#include <gantry/translate_exception.hpp>
#include <utility>
#include <vector>

#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// The samples of one step while they pass through the inner pipeline. Everything that its continuations need is
/// allocated here, before any work starts, since an exception in a continuation has no caller to catch it.
class NestedCall : public std::enable_shared_from_this<NestedCall> {
 public:
  NestedCall(std::shared_ptr<const Compiled> compiled, std::shared_ptr<RuntimeCore> core, Span<Slot> slots,
             Context& outer)
      : compiled_(std::move(compiled)), core_(std::move(core)), slots_(slots), outer_(outer), call_(*outer.call) {
    items_.reserve(slots.size());  // reserve first: a value must not be moved without recording its index
    origins_.reserve(slots.size());
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (!slots[i].ok()) continue;
      items_.push_back(std::move(slots[i]));
      origins_.push_back(i);
    }
    compiled_->begin(call_, items_.size(), core_->options().observer, &outer_);
    if (!is_within()) call_.leave(*outer_.runtime);
  }

  /// Runs on this thread.
  void run() {
    auto ran = run_blocking(compiled_, core_, std::move(items_), call_, outer_.runtime);
    if (!ran) return give_back(ran.error());
    items_ = *std::move(ran);
    give_back();
  }

  /// Calls `resume` after all values were moved back to the outer slots.
  void start(Function<void()> resume) {
    resume_ = std::move(resume);
    if (is_within())
      begin();
    else
      admit();
  }

 private:
  /// Runs on the runtime that has admitted the outer request.
  bool is_within() const { return core_.get() == outer_.runtime; }

  void begin() {
    context_ = {&call_, core_.get(), false, nullptr};
    began_ = call_.now();
    compiled_->plan->start(items_, context_, [self = shared_from_this()] { self->finish(); });
  }

  void admit() {
    const auto expected = compiled_->expected(items_.size(), call_);
    auto admission = [&]() -> Result<Admission> {
      try {
        return core_->admit(call_, expected);
      } catch (...) {
        return translate_exception();
      }
    }();
    if (!admission) {
      give_back(admission.error());
      return resume_();
    }
    admission_ = *std::move(admission);
    if (core_->options().execution == Execution::kCaller) {  // it has no workers: run on this thread
      context_ = {&call_, core_.get(), true, nullptr};
      run_on_caller(*compiled_, items_, context_);
      admission_.end();
      give_back();
      return resume_();
    }
    core_->post_request(
        [self = shared_from_this()](const Error* refusal) {
          if (!refusal) return self->begin();
          for (Slot& item : self->items_) item.fail(*refusal);
          self->finish();
        },
        call_, expected, items_.size());
  }

  void finish() {
    compiled_->learn(items_, call_, began_);
    admission_.end();
    if (is_within()) return resume();
    // The continuation must run on a worker of the outer pipeline's runtime.
    outer_.runtime->post([self = shared_from_this()](const Error* refusal) { self->resume(refusal); });
  }

  void resume(const Error* refusal = nullptr) {
    give_back();
    for (Slot& slot : slots_)
      if (refusal && slot.ok()) slot.fail(*refusal);
    resume_();
  }

  /// Without the pipeline's name: the outer plan adds it to errors.
  void give_back() {
    std::size_t failed = 0;
    const Error* first = nullptr;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      Slot& slot = slots_[origins_[i]];
      if (items_[i].ok()) {
        slot = std::move(items_[i]);
        compiled_->count_answer(call_);
        continue;
      }
      slot.fail(items_[i].error());
      compiled_->count_error(slot.error(), call_);
      if (failed++ == 0) first = &slot.error();
    }
    if (call_.observed) call_.observed->end(origins_.size(), failed, first);
  }
  void give_back(const Error& error) {
    for (const std::size_t origin : origins_) {
      slots_[origin].fail(error);
      compiled_->count_error(error, call_);
    }
    if (call_.observed) call_.observed->end(origins_.size(), origins_.size(), &error);
  }

  const std::shared_ptr<const Compiled> compiled_;
  const std::shared_ptr<RuntimeCore> core_;
  const Span<Slot> slots_;
  Context& outer_;
  CallOptions call_;
  Context context_;
  std::vector<Slot> items_;
  std::vector<std::size_t> origins_;
  Admission admission_;  // used if the inner runtime is another one
  Clock::time_point began_{};
  Function<void()> resume_;
};

class PipelineStep final : public Step {
 public:
  PipelineStep(std::shared_ptr<const Compiled> compiled, std::shared_ptr<RuntimeCore> core)
      : compiled_(std::move(compiled)), core_(std::move(core)) {}
  bool is_async() const override { return true; }
  void run(Span<Slot> slots, Context& context) const override { NestedCall(compiled_, core_, slots, context).run(); }
  void start(Span<Slot> slots, Context& context, Function<void()> resume) const override {
    if (context.is_inline) {
      run(slots, context);
      return resume();
    }
    std::make_shared<NestedCall>(compiled_, core_, slots, context)->start(std::move(resume));
  }

 private:
  std::shared_ptr<const Compiled> compiled_;
  std::shared_ptr<RuntimeCore> core_;
};

class PipelineKernel final : public Kernel {
 public:
  PipelineKernel(std::shared_ptr<const Compiled> compiled, std::shared_ptr<RuntimeCore> core)
      : compiled_(std::move(compiled)), core_(std::move(core)) {}
  std::unique_ptr<Step> make_step() const override { return std::make_unique<PipelineStep>(compiled_, core_); }

 private:
  std::shared_ptr<const Compiled> compiled_;
  std::shared_ptr<RuntimeCore> core_;
};

}  // namespace

std::shared_ptr<const Kernel> make_pipeline_kernel(std::shared_ptr<const Compiled> compiled,
                                                   std::shared_ptr<RuntimeCore> core) {
  return std::make_shared<PipelineKernel>(std::move(compiled), std::move(core));
}

}  // namespace gantry::inline GANTRY_ABI::detail
