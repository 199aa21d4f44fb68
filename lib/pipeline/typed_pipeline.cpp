// SPDX-License-Identifier: Apache-2.0
// AnyPipeline::as(): the same pipeline under types that are stated, where a config left those of tuples open.
#include <gantry/any_pipeline.hpp>
#include <gantry/named_tensors.hpp>
#include <utility>
#include <vector>

#include "pipeline/config_tensors.hpp"
#include "pipeline/pipeline_origin.hpp"

namespace gantry::detail {
namespace {

bool is_open_tuple(const TypeInfo& type) {
  return same_type(type, type_of<ValueTuple>());
}

/// Whether what `node` gives can be converted to `wanted`, whatever the input.
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

/// Whether `in` can stand for these inputs: a tuple of their types, or Tensors where all are tensors.
bool can_take(const std::vector<PipelineInput>& inputs, const TypeInfo& in) {
  const bool is_by_name = same_type(in, type_of<Tensors>());
  if (!is_by_name && (in.tuple == nullptr || in.tuple->arity != inputs.size())) return false;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!same_type(*inputs[i].type, is_by_name ? type_of<Tensor>() : in.tuple->element(i))) return false;
  return true;
}

/// `in` as what the inner pipeline takes. What is not there stays empty, and the op that selects it says so.
Value take_inputs(const TypeInfo& in, const TypeInfo& inner, const std::vector<PipelineInput>& inputs, Value input) {
  std::vector<Value> values(inputs.size());
  const auto* named = in.tuple ? nullptr : &input.get<Tensors>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (named == nullptr)
      values[i] = inputs[i].type->copy(in.tuple->at(input.data(), i));
    else if (const Tensor* tensor = named->find(inputs[i].name))
      values[i] = Value(Tensor(*tensor));
  }
  return join_inputs(inner, inputs, std::move(values));
}

/// Converts each value, for a stage before or behind a pipeline that is one itself.
class ConvertKernel final : public Kernel {
 public:
  using Convert = std::function<Result<Value>(Value)>;
  explicit ConvertKernel(Convert convert) : convert_(std::move(convert)) {}
  std::unique_ptr<Step> make_step() const override { return std::make_unique<ConvertStep>(convert_); }

 private:
  class ConvertStep final : public Step {
   public:
    explicit ConvertStep(Convert convert) : convert_(std::move(convert)) {}
    void run(Span<Slot> slots, Context&) const override {
      for (Slot& slot : slots) {
        if (!slot.ok()) continue;
        try {
          auto result = convert_(std::move(slot.value()));
          if (result)
            slot.set_value(*std::move(result));
          else
            slot.fail(std::move(result).error());
        } catch (...) {
          slot.fail(translate_exception());
        }
      }
    }

   private:
    Convert convert_;
  };

  Convert convert_;
};

NodePtr make_convert_node(std::string name, const TypeInfo& in, const TypeInfo& out, ConvertKernel::Convert convert) {
  auto node = std::make_shared<Node>();
  node->kind = "callable";
  node->name = std::move(name);
  node->in = &in;
  node->out = &out;
  node->kernel = std::make_shared<ConvertKernel>(std::move(convert));
  return node;
}

/// Converts what another pipeline gives, and what it takes where it has several inputs.
class TypedPipeline final : public PipelineCore {
 public:
  /// `inputs`: empty where `in` is what the other takes.
  TypedPipeline(std::shared_ptr<const PipelineCore> inner, const TypeInfo& in, const TypeInfo& out,
                std::vector<PipelineInput> inputs)
      : inner_(std::move(inner)), root_(inner_->root()), out_(out), inputs_(std::move(inputs)) {
    root_.in = &in;
    root_.out = &out_;
  }

  Result<Value> run(Value input, const RunOptions& options) const override {
    return converted(inner_->run(taken(std::move(input)), options), out_);
  }
  std::vector<Result<Value>> run_batch(std::vector<Value> inputs, const RunOptions& options) const override {
    for (Value& input : inputs) input = taken(std::move(input));
    return converted(inner_->run_batch(std::move(inputs), options));
  }
  Result<Value> run(Value input, const CallContext& call) const override {
    return converted(inner_->run(taken(std::move(input)), call), out_);
  }
  std::vector<Result<Value>> run_batch(std::vector<Value> inputs, const CallContext& call) const override {
    for (Value& input : inputs) input = taken(std::move(input));
    return converted(inner_->run_batch(std::move(inputs), call));
  }
  std::vector<Result<Value>> run_trial(std::vector<Value> inputs) const override {
    for (Value& input : inputs) input = taken(std::move(input));
    return converted(inner_->run_trial(std::move(inputs)));
  }
  void submit(Value input, const RunOptions& options, Function<void(Result<Value>)> done) const override {
    inner_->submit(taken(std::move(input)), options,
                   [done = std::move(done), out = &out_](Result<Value> result) mutable {
                     done(converted(std::move(result), *out));
                   });
  }
  bool runs_in_place() const override { return inner_->runs_in_place(); }
  std::vector<Result<Value>> run_observed(std::vector<Value> inputs, StepObserver& observer) const override {
    for (Value& input : inputs) input = taken(std::move(input));
    return converted(inner_->run_observed(std::move(inputs), observer));
  }
  std::string explain() const override { return inner_->explain(); }
  std::vector<StageStats> stats() const override { return inner_->stats(); }
  const Node& root() const override { return root_; }
  NodePtr make_stage_node() const override {
    NodePtr chain = inner_->make_stage_node();
    if (!inputs_.empty())
      chain = chain_nodes(make_convert_node("inputs", *root_.in, *inner_->root().in,
                                            [in = root_.in, inner = inner_->root().in, inputs = inputs_](Value input) {
                                              return take_inputs(*in, *inner, inputs, std::move(input));
                                            }),
                          chain);
    if (same_type(*inner_->root().out, out_)) return chain;
    return chain_nodes(chain, make_convert_node("collect", *inner_->root().out, out_, [out = &out_](Value value) {
                         return convert(std::move(value), *out);
                       }));
  }

 private:
  Value taken(Value input) const {
    return inputs_.empty() ? std::move(input) : take_inputs(*root_.in, *inner_->root().in, inputs_, std::move(input));
  }
  static Result<Value> converted(Result<Value> result, const TypeInfo& out) {
    if (!result) return result;
    return convert(*std::move(result), out);
  }
  std::vector<Result<Value>> converted(std::vector<Result<Value>> results) const {
    for (Result<Value>& result : results) result = converted(std::move(result), out_);
    return results;
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

}  // namespace gantry::detail
