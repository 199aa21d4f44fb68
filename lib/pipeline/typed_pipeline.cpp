// SPDX-License-Identifier: Apache-2.0
// AnyPipeline::as(): the same pipeline under types that are stated, where a config left those of tuples open.
#include <gantry/any_pipeline.hpp>
#include <utility>

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

/// Converts what another pipeline gives.
class CollectingPipeline final : public PipelineCore {
 public:
  CollectingPipeline(std::shared_ptr<const PipelineCore> inner, const TypeInfo& out)
      : inner_(std::move(inner)), root_(inner_->root()), out_(out) {
    root_.out = &out_;
  }

  Result<Value> run(Value input, const RunOptions& options) const override {
    return converted(inner_->run(std::move(input), options), out_);
  }
  std::vector<Result<Value>> run_batch(std::vector<Value> inputs, const RunOptions& options) const override {
    return converted(inner_->run_batch(std::move(inputs), options));
  }
  void submit(Value input, const RunOptions& options, Function<void(Result<Value>)> done) const override {
    inner_->submit(std::move(input), options, [done = std::move(done), out = &out_](Result<Value> result) mutable {
      done(converted(std::move(result), *out));
    });
  }
  bool runs_in_place() const override { return inner_->runs_in_place(); }
  std::vector<Result<Value>> run_observed(std::vector<Value> inputs, StepObserver& observer) const override {
    return converted(inner_->run_observed(std::move(inputs), observer));
  }
  std::string explain() const override { return inner_->explain(); }
  std::vector<StageStats> stats() const override { return inner_->stats(); }
  const Node& root() const override { return root_; }

 private:
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
};

}  // namespace

Result<std::shared_ptr<const PipelineCore>> as_typed(std::shared_ptr<const PipelineCore> core, const TypeInfo& in,
                                                     const TypeInfo& out) {
  const Node& root = core->root();
  if (!same_type(*root.in, in))
    return Error(ErrorCode::kInvalidArgument, "the pipeline takes " + root.in->name() + ", not " + in.name());
  if (same_type(*root.out, out)) return core;
  if (!can_give(root, out))
    return Error(ErrorCode::kInvalidArgument, "the pipeline gives " + root.out->name() + ", not " + out.name());
  return std::shared_ptr<const PipelineCore>(std::make_shared<CollectingPipeline>(std::move(core), out));
}

}  // namespace gantry::detail
