// SPDX-License-Identifier: Apache-2.0
// explain(): the text is the same for both front ends.
#include "pipeline/explain.hpp"

#include <utility>

#include "pipeline/fusion.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

class Writer {
 public:
  Writer(bool fuses, const Runtime& runtime) : fuses_(fuses), runtime_(&runtime) {}
  std::string write(const Node& root) {
    write_chain(root, "pipeline", 1);
    return std::move(text_);
  }

 private:
  void write_chain(const Node& node, const std::string& path, int depth) {
    const std::vector<Branch> alone = {{"", std::make_shared<const Node>(node)}};
    const Span<const Branch> stages = node.kind == "chain" ? node.branches : alone;
    for (std::size_t i = 0; i < stages.size();) {
      const Fusion fusion = fuses_ ? next_fusion(stages.subspan(i, stages.size() - i)) : Fusion();
      const std::size_t end = i + (fusion.step ? fusion.count : 1);
      const std::string first = element(path, i);
      for (; i < end; ++i) write_node(*stages[i].node, element(path, i), depth);
      if (fusion.step) write_fusion(fusion, first, element(path, end - 1), depth);
    }
  }

  static std::string element(const std::string& path, std::size_t index) {
    return path + "[" + std::to_string(index) + "]";
  }

  void write_fusion(const Fusion& fusion, const std::string& first, const std::string& last, int depth) {
    text_ += std::string(static_cast<std::size_t>(depth) * 2, ' ') + "= one step, " + first;
    if (last != first) text_ += " to " + last;
    text_ += ": " + fusion.text;
    if (!fusion.stop.empty()) text_ += "; it ends here because " + fusion.stop;
    text_ += "\n";
  }

  void write_node(const Node& node, const std::string& path, int depth) {
    if (node.kind == "model") ++segment_;
    text_ += std::string(static_cast<std::size_t>(depth) * 2, ' ') + path + "  " + node.name;
    if (node.kind == "callable" || node.kind == "tap" || node.kind == "pipeline") text_ += " (" + node.kind + ")";
    if (!node.params.text.empty()) text_ += "(" + node.params.text + ")";
    text_ += "  " + node.in->name() + " -> " + node.out->name();
    text_ += "  [segment " + std::to_string(segment_) + "]\n";
    const auto* nested = node.params.as<NestedPlan>();
    const bool fuses = nested ? std::exchange(fuses_, nested->fuses) : fuses_;
    const Runtime* const runtime = nested ? std::exchange(runtime_, &nested->runtime) : runtime_;
    if (runtime->core() != runtime_->core()) write_runtime(depth + 1);
    for (const Branch& branch : node.branches) write_chain(*branch.node, path + "." + branch.label, depth + 1);
    fuses_ = fuses;
    runtime_ = runtime;
    if (node.kind == "model") ++segment_;
  }

  void write_runtime(int depth) {
    text_ += std::string(static_cast<std::size_t>(depth) * 2, ' ') +
             "on a runtime of its own: " + explain_threads(runtime_->options()) + "\n";
  }

  bool fuses_;
  const Runtime* runtime_;
  std::string text_;
  int segment_ = 1;
};

}  // namespace

std::string explain_threads(const RuntimeOptions& options) {
  const bool is_pooled = options.execution == Execution::kPooled;
  return (is_pooled ? "pooled, " : "caller execution, ") + std::to_string(options.workers) +
         (is_pooled ? " workers" : " engine calls") + " x " + std::to_string(options.intra_op_threads) +
         " intra-op threads";
}

std::string explain_node(const Node& root, bool fuses, const Runtime& runtime) {
  return Writer(fuses, runtime).write(root);
}

}  // namespace gantry::inline GANTRY_ABI::detail
