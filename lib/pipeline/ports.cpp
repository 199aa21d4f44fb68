// SPDX-License-Identifier: Apache-2.0
#include "pipeline/ports.hpp"

#include <gantry/signature.hpp>
#include <utility>

#include "pipeline/model_name.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

/// The signature of the model that runs first (or last); nullptr if another op does.
const Signature* signature_at_edge(const Node& node, bool is_first) {
  if (node.kind == "model") {
    const auto* model = node.params.as<ModelName>();
    return model ? &model->signature : nullptr;
  }
  const bool is_sequence = node.kind == "chain" || node.kind == "pipeline";
  if (!is_sequence || node.branches.empty()) return nullptr;
  return signature_at_edge(is_first ? *node.branches.front().node : *node.branches.back().node, is_first);
}

bool holds_tensors(const PayloadType& type) {
  return type.is<Tensor>() || type.is<Tensors>();
}

}  // namespace

std::vector<Port> input_ports(const Node& root, const PipelineOrigin* origin) {
  const Signature* signature = signature_at_edge(root, true);
  if (origin && origin->inputs.size() > 1) {
    std::vector<Port> ports;
    for (const PipelineInput& input : origin->inputs) {
      Port port{input.name, PayloadType(*input.type), {}};
      if (signature && port.type.is<Tensor>())
        for (const TensorSpec& spec : signature->inputs())
          if (spec.name == port.name) port.tensors = {spec};
      ports.push_back(std::move(port));
    }
    return ports;
  }
  Port port{"", PayloadType(*root.in), {}};
  if (signature && holds_tensors(port.type)) port.tensors = signature->inputs();
  return {std::move(port)};
}

std::vector<Port> output_ports(const Node& root) {
  Port port{"", PayloadType(*root.out), {}};
  const Signature* signature = signature_at_edge(root, false);
  if (signature && holds_tensors(port.type)) port.tensors = signature->outputs();
  return {std::move(port)};
}

}  // namespace gantry::inline GANTRY_ABI::detail
