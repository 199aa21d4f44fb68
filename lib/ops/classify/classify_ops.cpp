// SPDX-License-Identifier: Apache-2.0
// The classification ops by name.
#include <gantry/classify.hpp>
#include <gantry/registry.hpp>
#include <utility>

#include "ops/ops.hpp"

namespace gantry::detail {
namespace {

Labels read_labels(ParamReader& params) {
  const Bytes file = params.file("labels");
  if (!params.has("labels")) return {};
  auto labels = Labels::parse(file);
  if (labels) return *std::move(labels);
  params.fail("labels", labels.error().message());
  return {};
}

}  // namespace

void add_classify_ops(Registry& registry) {
  registry.add<Tensor, Tensor>("softmax", [](ParamReader&) { return softmax(); });
  registry.add<Tensor, Tensor>("sigmoid", [](ParamReader&) { return sigmoid(); });
  registry.add<Tensor, Classes>("top_k", [](ParamReader& params) {
    const std::int64_t k = params.integer("k");
    return top_k(k, read_labels(params));
  });
  registry.add<Classes, Classes>("label", [](ParamReader& params) {
    if (!params.has("labels")) params.fail("labels", "is missing");
    return label(read_labels(params));
  });
}

}  // namespace gantry::detail
