// SPDX-License-Identifier: Apache-2.0
// explain(): the same text whichever front end declared the chain.
#include "pipeline/explain.hpp"

namespace gantry::detail {
namespace {

class Writer {
 public:
  std::string write(const Node& root) {
    write_chain(root, "pipeline", 1);
    return std::move(text_);
  }

 private:
  void write_chain(const Node& node, const std::string& path, int depth) {
    if (node.kind != "chain") return write_node(node, path + "[0]", depth);
    for (std::size_t i = 0; i < node.branches.size(); ++i)
      write_node(*node.branches[i].node, path + "[" + std::to_string(i) + "]", depth);
  }

  void write_node(const Node& node, const std::string& path, int depth) {
    if (node.kind == "model") ++segment_;
    text_ += std::string(static_cast<std::size_t>(depth) * 2, ' ') + path + "  " + node.name;
    if (node.kind == "callable" || node.kind == "tap") text_ += " (" + node.kind + ")";
    if (!node.params.text.empty()) text_ += "(" + node.params.text + ")";
    text_ += "  " + node.in->name() + " -> " + node.out->name();
    text_ += "  [segment " + std::to_string(segment_) + "]\n";
    for (const Branch& branch : node.branches) write_chain(*branch.node, path + "." + branch.label, depth + 1);
    if (node.kind == "model") ++segment_;
  }

  std::string text_;
  int segment_ = 1;
};

}  // namespace

std::string explain_node(const Node& root) {
  return Writer().write(root);
}

}  // namespace gantry::detail
