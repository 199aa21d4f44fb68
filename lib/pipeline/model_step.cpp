// SPDX-License-Identifier: Apache-2.0
// The stage of a model: samples are checked one by one, stacked along the batch axis, run, and split.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <gantry/model_stage.hpp>
#include <gantry/pipeline.hpp>
#include <gantry/translate_exception.hpp>
#include <memory>
#include <string>
#include <utility>

#include "core/return_if_error.hpp"
#include "model/batch.hpp"
#include "model/make_model.hpp"
#include "model/model_call.hpp"
#include "pipeline/model_name.hpp"
#include "runtime/context.hpp"
#include "runtime/runtime_core.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Slots that go into one engine call: samples of equal shapes.
struct ModelGroup {
  std::vector<std::size_t> slots;  // indices
  std::vector<Tensors> samples;    // one per slot, in signature order
};

bool have_equal_shapes(const Tensors& a, const Tensors& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].tensor.shape() != b[i].tensor.shape()) return false;
  return true;
}

class ModelStep final : public Step {
 public:
  ModelStep(std::shared_ptr<const ModelCall> model, const ModelName& name, bool takes_tensor, bool gives_tensor)
      : model_(std::move(model)),
        name_(name.text),
        label_(name.is_one_of_several ? "model '" + name.text + "'" : ""),
        takes_tensor_(takes_tensor),
        gives_tensor_(gives_tensor) {}

  bool is_async() const override { return true; }

  void run(Span<Slot> slots, Context& context) const override {
    for (const ModelGroup& group : make_groups(slots)) run_group(group, slots, context);
  }

  void start(Span<Slot> slots, Context& context, Function<void()> resume) const override {
    if (context.is_inline) {
      run(slots, context);
      return resume();
    }
    auto pending = std::make_shared<Pending>();
    pending->slots = slots;
    pending->context = &context;
    pending->resume = std::move(resume);
    auto groups = make_groups(slots);
    pending->count.store(groups.size() + 1);  // the extra one is released after all groups were started
    for (ModelGroup& group : groups) start_group(std::move(group), pending);
    finish_one(pending);
  }

 private:
  /// State of one start() that its groups share.
  struct Pending {
    Span<Slot> slots;
    Context* context = nullptr;
    Function<void()> resume;
    std::atomic<std::size_t> count{0};
  };
  using PendingPtr = std::shared_ptr<Pending>;

  static void finish_one(const PendingPtr& pending) {
    if (pending->count.fetch_sub(1) != 1) return;
    // A backend may complete on any thread; the continuation must run on a worker of the pipeline's runtime.
    if (pending->context->runtime->on_worker()) return pending->resume();
    pending->context->runtime->post([pending](const Error* refusal) {
      for (Slot& slot : pending->slots)
        if (refusal && slot.ok()) slot.fail(*refusal);
      pending->resume();
    });
  }

  /// Fails the slots whose samples do not fit the signature, and groups the others.
  std::vector<ModelGroup> make_groups(Span<Slot> slots) const {
    const std::size_t limit = model_->max_merged;
    std::vector<ModelGroup> groups;
    std::vector<std::size_t> open;  // groups with room, at most one for each shape
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (!slots[i].ok()) continue;
      auto sample = take_sample(slots[i]);
      if (!sample) {
        slots[i].fail(here(model_->bad_input(std::move(sample).error())));
        continue;
      }
      auto place = std::find_if(open.begin(), open.end(),
                                [&](std::size_t g) { return have_equal_shapes(groups[g].samples[0], *sample); });
      if (place == open.end()) {
        groups.emplace_back();
        place = open.insert(open.end(), groups.size() - 1);
      }
      ModelGroup& group = groups[*place];
      group.slots.push_back(i);
      group.samples.push_back(*std::move(sample));
      if (group.slots.size() == limit) open.erase(place);
    }
    return groups;
  }

  Result<Tensors> take_sample(Slot& slot) const {
    const Signature& signature = model_->signature;
    Tensors given;
    if (takes_tensor_)
      given.add(signature.inputs()[0].name, std::move(slot.get<Tensor>()));
    else
      given = std::move(slot.get<Tensors>());
    SymbolBinding binding;
    Tensors sample;
    for (std::size_t i = 0; i < signature.inputs().size(); ++i) {
      const TensorSpec& spec = signature.inputs()[i];
      const Tensor* tensor = given.find(spec.name);
      if (tensor == nullptr) return Error(ErrorCode::kInvalidArgument, "input '" + spec.name + "' is missing");
      GANTRY_RETURN_IF_ERROR(signature.check_sample(i, *tensor, binding));
      if (!tensor->device().is_cpu())
        return Error(ErrorCode::kInvalidArgument,
                     "input '" + spec.name + "' must be on the CPU, got " + tensor->to_string());
      sample.add(spec.name, *tensor);
    }
    if (given.size() == sample.size()) return sample;
    for (const NamedTensor& item : given)
      if (sample.find(item.name) == nullptr)
        return Error(ErrorCode::kInvalidArgument, "unknown input '" + item.name + "'");
    return Error(ErrorCode::kInvalidArgument, "an input appears twice");
  }

  Result<Tensors> stack_group(const ModelGroup& group) const {
    if (!model_->signature.has_batch_axis()) return group.samples[0];
    Tensors batch;
    std::vector<Tensor> column(group.samples.size());
    for (std::size_t input = 0; input < group.samples[0].size(); ++input) {
      for (std::size_t i = 0; i < column.size(); ++i) column[i] = group.samples[i][input].tensor;
      GANTRY_ASSIGN_OR_RETURN(auto stacked, stack(column));
      batch.add(group.samples[0][input].name, std::move(stacked));
    }
    return batch;
  }

  void run_group(const ModelGroup& group, Span<Slot> slots, Context& context) const {
    auto batch = stack_group(group);
    if (batch && context.observer) context.observer->before_model(name_, *batch);
    auto outputs = batch ? model_->run(*batch, *context.call) : std::move(batch);
    if (can_split(group, outputs)) {
      for (const ModelGroup& half : split(group)) run_group(half, slots, context);
      return;
    }
    distribute(group, outputs, slots);
  }

  /// A started group, shared by the step and the backend. The first completion counts.
  struct GroupCall {
    ModelGroup group;
    std::atomic<bool> is_answered{false};
  };

  /// Does not throw: from here on backends use the slots, and each group must complete exactly once.
  void start_group(ModelGroup group, const PendingPtr& pending) const noexcept {
    std::shared_ptr<GroupCall> call;
    try {
      call = std::make_shared<GroupCall>();
      call->group = std::move(group);
      auto batch = stack_group(call->group);
      if (!batch) return answer(*call, batch, pending);
      model_->submit(*batch, *pending->context->call,
                     [this, call, pending](const Result<Tensors>& outputs) { answer(*call, outputs, pending); });
    } catch (...) {
      const Error error = translate_exception();
      if (call) return answer(*call, error, pending);
      fail_group(group, here(error), pending->slots);
      finish_one(pending);
    }
  }

  void answer(GroupCall& call, const Result<Tensors>& outputs, const PendingPtr& pending) const noexcept {
    if (call.is_answered.exchange(true)) return;  // the backend completed before: it calls twice, or calls and throws
    const ModelGroup& group = call.group;
    try {
      if (can_split(group, outputs)) {
        auto halves = split(group);
        pending->count.fetch_add(1);
        for (ModelGroup& half : halves) start_group(std::move(half), pending);
        return;
      }
      distribute(group, outputs, pending->slots);
    } catch (...) {
      fail_group(group, here(translate_exception()), pending->slots);
    }
    finish_one(pending);
  }

  /// Adds the model's name to an error if the config has several models.
  Error here(const Error& error) const noexcept { return label_.empty() ? error : error.within(label_); }

  static void fail_group(const ModelGroup& group, const Error& error, Span<Slot> slots) {
    for (const std::size_t slot : group.slots)
      if (slots[slot].ok()) slots[slot].fail(error);
  }

  /// An engine's error does not say which sample caused it: split the group until the failing sample is alone.
  bool can_split(const ModelGroup& group, const Result<Tensors>& outputs) const {
    return !outputs && outputs.error().code() == ErrorCode::kModelError && group.slots.size() > 1 &&
           !model_->backend->info().mutates_inputs;
  }

  static std::vector<ModelGroup> split(const ModelGroup& group) {
    std::vector<ModelGroup> halves(2);
    const std::size_t middle = group.slots.size() / 2;
    for (std::size_t i = 0; i < group.slots.size(); ++i) {
      ModelGroup& half = halves[i < middle ? 0 : 1];
      half.slots.push_back(group.slots[i]);
      half.samples.push_back(group.samples[i]);
    }
    return halves;
  }

  void distribute(const ModelGroup& group, const Result<Tensors>& outputs, Span<Slot> slots) const {
    for (std::size_t i = 0; i < group.slots.size(); ++i) {
      Slot& slot = slots[group.slots[i]];
      auto sample = outputs ? unstack_sample(*outputs, static_cast<std::int64_t>(i)) : Result<Tensors>(outputs.error());
      if (!sample) {
        slot.fail(here(std::move(sample).error()));
      } else if (gives_tensor_) {
        slot.set<Tensor>((*sample)[0].tensor);
      } else {
        slot.set<Tensors>(*std::move(sample));
      }
    }
  }

  Result<Tensors> unstack_sample(const Tensors& outputs, std::int64_t index) const {
    const Signature& signature = model_->signature;
    if (!signature.has_batch_axis()) return outputs;
    Tensors sample;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      // If an output has no rows, the call has a single sample.
      GANTRY_ASSIGN_OR_RETURN(
          auto tensor, signature.has_rows(i) ? unstack(outputs[i].tensor, index) : Result<Tensor>(outputs[i].tensor));
      sample.add(outputs[i].name, std::move(tensor));
    }
    return sample;
  }

  std::shared_ptr<const ModelCall> model_;
  const std::string name_;
  const std::string label_;  // the model's name in errors; empty if errors do not name it
  const bool takes_tensor_;
  const bool gives_tensor_;
};

class ModelKernel final : public Kernel {
 public:
  ModelKernel(std::shared_ptr<const ModelCall> model, ModelName name, bool takes_tensor, bool gives_tensor)
      : model_(std::move(model)), name_(std::move(name)), takes_tensor_(takes_tensor), gives_tensor_(gives_tensor) {}
  std::unique_ptr<Step> make_step() const override {
    return std::make_unique<ModelStep>(model_, name_, takes_tensor_, gives_tensor_);
  }

 private:
  std::shared_ptr<const ModelCall> model_;
  ModelName name_;
  bool takes_tensor_;
  bool gives_tensor_;
};

}  // namespace

NodePtr make_model_node(const Model& model, const TypeInfo& in, const TypeInfo& out, const std::string& name,
                        bool is_one_of_several) {
  const std::shared_ptr<const ModelCall> call = ModelMaker::call_of(model);
  const Signature& signature = model.signature();
  const bool takes_tensor = same_type(in, type_of<Tensor>());
  const bool gives_tensor = same_type(out, type_of<Tensor>());
  auto node = std::make_shared<Node>();
  node->kind = node->name = "model";
  node->in = &in;
  node->out = &out;
  const ModelName called{name.empty() ? model.name() : name, is_one_of_several, signature};
  node->params = Params::of(called, "");
  node->params.text = "'" + model.name() + "', " + signature.to_string() +
                      ", max_batch=" + std::to_string(model.max_batch()) + ", " + model.merging() + ", " +
                      (call->padding.empty() ? "" : "pads " + call->padding + ", ") + model.info().description;
  if (!model.info().matching.empty()) node->params.text += ", " + model.info().matching;
  if (takes_tensor && signature.inputs().size() != 1)
    node->error = Error(ErrorCode::kInvalidArgument, "a stage over Tensor needs a model with one input, this one has " +
                                                         std::to_string(signature.inputs().size()));
  if (gives_tensor && signature.outputs().size() != 1)
    node->error =
        Error(ErrorCode::kInvalidArgument, "a stage that gives Tensor needs a model with one output, this one has " +
                                               std::to_string(signature.outputs().size()));
  node->kernel = std::make_shared<ModelKernel>(call, called, takes_tensor, gives_tensor);
  node->keep_alive = {std::make_shared<const Model>(model)};  // which keeps its runtime alive
  return node;
}

}  // namespace gantry::inline GANTRY_ABI::detail
