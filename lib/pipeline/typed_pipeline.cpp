// SPDX-License-Identifier: Apache-2.0
// AnyPipeline::as(): the same pipeline with stated types for the open tuples of a config.
#include <gantry/any_pipeline.hpp>
#include <gantry/named_tensors.hpp>
#include <gantry/translate_exception.hpp>
#include <utility>
#include <vector>

#include "core/return_if_error.hpp"
#include "pipeline/config_tensors.hpp"
#include "pipeline/convert_node.hpp"
#include "pipeline/open_tuple.hpp"
#include "pipeline/partial_batch.hpp"
#include "pipeline/pipeline_origin.hpp"
#include "pipeline/request.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// Whether every output of `node` can be converted to `wanted`.
bool can_give(const Node& node, const TypeInfo& wanted) {
  if (same_type(*node.out, wanted)) return true;
  if (node.kind == "chain" && !node.branches.empty()) return can_give(*node.branches.back().node, wanted);
  if (node.kind == "each") return wanted.list && can_give(*node.branches[0].node, wanted.list->element());
  if (node.kind == "when") return can_give(*node.branches[0].node, wanted) && can_give(*node.branches[1].node, wanted);
  if (node.kind != "fork" || !is_open_tuple(*node.out) || !wanted.tuple || wanted.tuple->arity != node.branches.size())
    return false;
  for (std::size_t i = 0; i < node.branches.size(); ++i)
    if (!can_give(*node.branches[i].node, wanted.tuple->element(i))) return false;
  return true;
}

/// Whether `in` can represent these inputs: a tuple of their types, or Tensors if all are tensors.
bool can_take(const std::vector<PipelineInput>& inputs, const TypeInfo& in) {
  const bool is_by_name = same_type(in, type_of<Tensors>());
  if (!is_by_name && (in.tuple == nullptr || in.tuple->arity != inputs.size())) return false;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!same_type(*inputs[i].type, is_by_name ? type_of<Tensor>() : in.tuple->element(i))) return false;
  return true;
}

/// Converts `input`, of type `in`, to the input type of the inner pipeline.
Result<Value> take_inputs(const TypeInfo& in, const TypeInfo& inner, const std::vector<PipelineInput>& inputs,
                          const Value& input) try {
  if (in.tuple == nullptr) GANTRY_RETURN_IF_ERROR(check_input_names(input.get<Tensors>(), inputs));
  std::vector<Value> values(inputs.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = in.tuple ? inputs[i].type->copy(in.tuple->at(input.data(), i))
                         : Value(Tensor(*input.get<Tensors>().find(inputs[i].name)));
  return join_inputs(inner, inputs, std::move(values));
} catch (...) {
  return translate_exception();
}

/// The frames of named tensors in the order of `inputs`.
SlotFrames::List in_order(const SlotFrames& frames, const Tensors& tensors, const std::vector<PipelineInput>& inputs) {
  std::vector<KnownFrames> known(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    for (std::size_t at = 0; at < tensors.size(); ++at)
      if (tensors[at].name == inputs[i].name) known[i] = frames.element(at).known();
  return std::make_shared<const std::vector<KnownFrames>>(std::move(known));
}

void set_form(Slot& slot, Result<Value> form) {
  if (form)
    slot.set_form(*std::move(form));
  else
    slot.fail(std::move(form).error());
}

/// Wraps another pipeline: converts its output, and its input if it has several inputs.
class TypedPipeline final : public PipelineCore {
 public:
  /// `inputs`: empty if `in` is the input type of the wrapped pipeline.
  TypedPipeline(std::shared_ptr<const PipelineCore> inner, const TypeInfo& in, const TypeInfo& out,
                std::vector<PipelineInput> inputs)
      : inner_(std::move(inner)), root_(inner_->root()), out_(out), inputs_(std::move(inputs)) {
    root_.in = &in;
    root_.out = &out_;
  }

  Result<Value> run(Value input, const RunOptions& options) const override { return run_one(input, options); }
  std::vector<Result<Value>> run_batch(std::vector<Value> inputs, const RunOptions& options) const override {
    return run_all(std::move(inputs), [&](auto taken) { return inner_->run_batch(std::move(taken), options); });
  }
  Result<Value> run(Value input, const CallContext& call) const override { return run_one(input, call); }
  std::vector<Result<Value>> run_batch(std::vector<Value> inputs, const CallContext& call) const override {
    return run_all(std::move(inputs), [&](auto taken) { return inner_->run_batch(std::move(taken), call); });
  }
  std::vector<Result<Value>> run_trial(std::vector<Value> inputs) const override {
    return run_all(std::move(inputs), [&](auto taken) { return inner_->run_trial(std::move(taken)); });
  }
  void submit(Value input, const RunOptions& options, Function<void(Result<Value>)> done) const override {
    auto taken = take(input);
    if (!taken) return call_done(done, Result<Value>(inner_->refuse(taken.error())));
    inner_->submit(*std::move(taken), options, [done = std::move(done), out = &out_](Result<Value> result) mutable {
      done(converted(std::move(result), *out));
    });
  }
  void submit_batch(std::vector<Value> inputs, const RunOptions& options,
                    Function<void(std::vector<Result<Value>>)> done) const override {
    auto batch = take_all(std::move(inputs));
    auto values = batch.take_values();
    inner_->submit_batch(std::move(values), options,
                         [done = std::move(done), batch = std::move(batch), out = &out_](auto ran) mutable {
                           done(finished(std::move(batch), std::move(ran), *out));
                         });
  }
  Error refuse(const Error& error) const noexcept override { return inner_->refuse(error); }
  bool runs_in_place() const override { return inner_->runs_in_place(); }
  std::vector<Result<Value>> run_observed(std::vector<Value> inputs, StepObserver& observer) const override {
    return run_all(std::move(inputs), [&](auto taken) { return inner_->run_observed(std::move(taken), observer); });
  }
  std::string explain() const override { return inner_->explain(); }
  std::vector<StageStats> stats() const override { return inner_->stats(); }
  const Node& root() const override { return root_; }
  NodePtr make_stage_node() const override {
    NodePtr chain = inner_->make_stage_node();
    if (!inputs_.empty())
      chain = chain_nodes(
          make_convert_node("inputs", *root_.in, *inner_->root().in,
                            [in = root_.in, inner = inner_->root().in, inputs = inputs_](Slot& slot) {
                              auto taken = take_inputs(*in, *inner, inputs, slot.value());
                              if (taken && !in->tuple && slot.frames().of_elements())
                                slot.frames().set_of_elements(in_order(slot.frames(), slot.get<Tensors>(), inputs));
                              set_form(slot, std::move(taken));
                            }),
          chain);
    if (same_type(*inner_->root().out, out_)) return chain;
    return chain_nodes(chain, make_convert_node("collect", *inner_->root().out, out_, [out = &out_](Slot& slot) {
                         set_form(slot, convert(std::move(slot.value()), *out));
                       }));
  }

 private:
  Result<Value> take(Value& input) const {
    return inputs_.empty() ? std::move(input) : take_inputs(*root_.in, *inner_->root().in, inputs_, input);
  }
  template <class Call>
  Result<Value> run_one(Value& input, const Call& call) const {
    auto taken = take(input);
    if (!taken) return inner_->refuse(taken.error());
    return converted(inner_->run(*std::move(taken), call), out_);
  }
  PartialBatch<Value> take_all(std::vector<Value> inputs) const {
    return {std::move(inputs), [this](Value& input) -> Result<Value> {
              auto taken = take(input);
              if (!taken) return inner_->refuse(taken.error());
              return taken;
            }};
  }
  static std::vector<Result<Value>> finished(PartialBatch<Value> batch, std::vector<Result<Value>> ran,
                                             const TypeInfo& out) {
    return std::move(batch).finish(std::move(ran),
                                   [&](Result<Value> result) { return converted(std::move(result), out); });
  }
  /// `run` gets the inputs that could be converted.
  template <class Run>
  std::vector<Result<Value>> run_all(std::vector<Value> inputs, const Run& run) const {
    auto batch = take_all(std::move(inputs));
    auto ran = run(batch.take_values());
    return finished(std::move(batch), std::move(ran), out_);
  }
  static Result<Value> converted(Result<Value> result, const TypeInfo& out) try {
    if (!result) return result;
    return convert(*std::move(result), out);
  } catch (...) {
    return translate_exception().within("result");
  }

  const std::shared_ptr<const PipelineCore> inner_;
  Node root_;
  const TypeInfo& out_;
  const std::vector<PipelineInput> inputs_;
};

}  // namespace

Result<std::shared_ptr<const PipelineCore>> as_typed(std::shared_ptr<const PipelineCore> core, const TypeInfo& in,
                                                     const TypeInfo& out, const PipelineOrigin* origin) {
  const Node& root = core->root();
  std::vector<PipelineInput> inputs;
  if (!same_type(*root.in, in) && same_type(*root.in, type_of<InputValues>()) && origin) inputs = origin->inputs;
  if (!same_type(*root.in, in) && (inputs.empty() || !can_take(inputs, in)))
    return Error(ErrorCode::kInvalidArgument, "the pipeline takes " + root.in->name() + ", not " + in.name());
  if (inputs.empty() && same_type(*root.out, out)) return core;
  if (!can_give(root, out))
    return Error(ErrorCode::kInvalidArgument, "the pipeline gives " + root.out->name() + ", not " + out.name());
  return std::shared_ptr<const PipelineCore>(
      std::make_shared<TypedPipeline>(std::move(core), in, out, std::move(inputs)));
}

}  // namespace gantry::inline GANTRY_ABI::detail
