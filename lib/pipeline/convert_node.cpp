// SPDX-License-Identifier: Apache-2.0
#include "pipeline/convert_node.hpp"

#include <gantry/translate_exception.hpp>
#include <memory>
#include <utility>

namespace gantry::inline GANTRY_ABI::detail {
namespace {

class ConvertStep final : public Step {
 public:
  explicit ConvertStep(Convert convert) : convert_(std::move(convert)) {}
  void run(Span<Slot> slots, Context&) const override {
    for (Slot& slot : slots) {
      if (!slot.ok()) continue;
      try {
        convert_(slot);
      } catch (...) {
        slot.fail(translate_exception());
      }
    }
  }

 private:
  Convert convert_;
};

class ConvertKernel final : public Kernel {
 public:
  explicit ConvertKernel(Convert convert) : convert_(std::move(convert)) {}
  std::unique_ptr<Step> make_step() const override { return std::make_unique<ConvertStep>(convert_); }

 private:
  Convert convert_;
};

}  // namespace

NodePtr make_convert_node(const std::string& name, const TypeInfo& in, const TypeInfo& out, Convert convert,
                          const std::string& text) {
  auto node = std::make_shared<Node>();
  node->kind = "callable";
  node->name = name;
  node->in = &in;
  node->out = &out;
  node->params.text = text;
  node->kernel = std::make_shared<ConvertKernel>(std::move(convert));
  return node;
}

}  // namespace gantry::inline GANTRY_ABI::detail
