// SPDX-License-Identifier: Apache-2.0
// The image ops that become one step: image.decode, then geometric ops, then image.to_tensor, each optional, in that
// order.
#include <gantry/translate_exception.hpp>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "ops/image/fused/fused_chain.hpp"
#include "ops/image/image_op.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// The chain as a callable on one image.
template <class In, class Out>
struct FusedCall {
  Result<Out> operator()(const In& input, const CallContext& call) const try {
    auto result = run(input, call);
    return result ? std::move(result) : Result<Out>(named(result.error()));
  } catch (...) {
    return named(translate_exception());
  }

  Result<Out> run(const In& input, const CallContext& call) const {
    if constexpr (std::is_same_v<Out, Tensor>)
      return chain->to_tensor(input, call);
    else
      return chain->to_image(input, call);
  }

  /// An error without a stage, as out of memory, gets the name of the first op.
  Error named(const Error& error) const {
    if (!error.path().empty()) return error;
    return error.within(chain->decode        ? chain->decode_label
                        : chain->ops.empty() ? chain->to_tensor_label
                                             : chain->ops[0].label);
  }

  std::shared_ptr<const FusedChain> chain;
};

template <class In, class Out>
std::unique_ptr<Step> make_step_of(std::shared_ptr<const FusedChain> chain) {
  using Call = FusedCall<In, Out>;
  return std::make_unique<MapStep<In, Out, Call>>(std::make_shared<const Call>(Call{std::move(chain)}));
}

std::unique_ptr<Step> make_fused_step(std::shared_ptr<const FusedChain> chain) {
  if (chain->decode && chain->tables) return make_step_of<Bytes, Tensor>(std::move(chain));
  if (chain->decode) return make_step_of<Bytes, Image>(std::move(chain));
  if (chain->tables) return make_step_of<Image, Tensor>(std::move(chain));
  return make_step_of<Image, Image>(std::move(chain));
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
  // A single op gains nothing, unless it is the one that writes tensors into a batch.
  if (count < 2 && !chain->tables) return {};
  Fusion fusion;
  fusion.count = count;
  fusion.text = text_of(*chain);
  if (count < stages.size() && !chain->tables) fusion.stop = reason_to_stop(*stages[count].node);
  fusion.step = make_fused_step(std::move(chain));
  return fusion;
}

}  // namespace gantry::inline GANTRY_ABI::detail
