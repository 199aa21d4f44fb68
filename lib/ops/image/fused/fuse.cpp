// SPDX-License-Identifier: Apache-2.0
// Which image ops become one step: image.decode, then geometric ops, then image.to_tensor, each optional, in that
// order.
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "ops/image/fused/fused_chain.hpp"
#include "ops/image/image_op.hpp"
#include "pipeline/context.hpp"

namespace gantry::detail {
namespace {

template <class In, class Out>
class FusedStep final : public Step {
 public:
  explicit FusedStep(std::shared_ptr<const FusedChain> chain) : chain_(std::move(chain)) {}

  void run(Span<Slot> slots, Context& context) const override {
    std::size_t count = 0;
    for (const Slot& slot : slots) count += slot.ok();
    BatchBlock block(count);
    for (Slot& slot : slots) {
      if (!slot.ok()) continue;
      try {
        auto result = call(slot.get<In>(), block, context);
        if (result)
          slot.set<Out>(*std::move(result));
        else
          slot.fail(named(std::move(result).error()));
      } catch (...) {
        slot.fail(named(translate_exception()));
      }
    }
  }

 private:
  Result<Out> call(const In& input, BatchBlock& block, const Context& context) const {
    if constexpr (std::is_same_v<Out, Tensor>)
      return chain_->to_tensor(input, block, context);
    else
      return chain_->to_image(input, context);
  }

  /// Memory that runs out belongs to no op; the first one stands for all.
  Error named(const Error& error) const {
    if (!error.path().empty()) return error;
    return error.within(chain_->decode        ? chain_->decode_label
                        : chain_->ops.empty() ? chain_->to_tensor_label
                                              : chain_->ops[0].label);
  }

  std::shared_ptr<const FusedChain> chain_;
};

std::unique_ptr<Step> make_fused_step(std::shared_ptr<const FusedChain> chain) {
  if (chain->decode && chain->tables) return std::make_unique<FusedStep<Bytes, Tensor>>(std::move(chain));
  if (chain->decode) return std::make_unique<FusedStep<Bytes, Image>>(std::move(chain));
  if (chain->tables) return std::make_unique<FusedStep<Image, Tensor>>(std::move(chain));
  return std::make_unique<FusedStep<Image, Image>>(std::move(chain));
}

std::string label_of(const Node& node) {
  return "stage '" + node.name + "'";
}

std::string text_of(const FusedChain& chain) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : " > ") + part; };
  if (chain.decode) add(chain.ops.empty() ? "decoded" : "only the rows and columns needed decoded (JPEG)");
  if (!chain.ops.empty()) add("moved and resampled row by row");
  if (chain.tables) add("normalised into its place in the batch");
  return text;
}

std::string reason_to_stop(const Node& node) {
  if (node.kind == "callable" || node.kind == "tap") return "what " + label_of(node) + " does cannot be seen";
  if (node.kind == "image.decode") return label_of(node) + " begins another image";
  return label_of(node) + " does not work row by row";
}

}  // namespace

Fusion ImageKernel::fuse(Span<const Branch> stages) const {
  auto chain = std::make_shared<FusedChain>();
  std::size_t count = 0;
  for (; count < stages.size() && !chain->tables; ++count) {
    const Node& node = *stages[count].node;
    if (node.error) break;
    if (const auto* decode = node.params.as<image::Decode>(); decode && count == 0) {
      chain->decode = *decode;
      chain->decode_label = label_of(node);
    } else if (const auto* geometry = dynamic_cast<const GeometryKernel*>(node.kernel.get())) {
      chain->ops.push_back({geometry->resolve(), label_of(node)});
    } else if (const auto* to_tensor = node.params.as<ToTensor>()) {
      chain->tables.emplace(to_tensor->normalize, to_tensor->format);
      chain->to_tensor_label = label_of(node);
    } else {
      break;
    }
  }
  // A single op gains nothing, unless it is the one that lays tensors into a batch.
  if (count < 2 && !chain->tables) return {};
  Fusion fusion;
  fusion.count = count;
  fusion.text = text_of(*chain);
  if (count < stages.size() && !chain->tables) fusion.stop = reason_to_stop(*stages[count].node);
  fusion.step = make_fused_step(std::move(chain));
  return fusion;
}

}  // namespace gantry::detail
