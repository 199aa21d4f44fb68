// SPDX-License-Identifier: Apache-2.0
// The classification ops by name.
#include <gantry/classify.hpp>
#include <gantry/registry.hpp>
#include <utility>

#include "ops/classify/read_labels.hpp"
#include "ops/ops.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

OpDescription activation_description(const char* summary, const char* reference, const char* example) {
  return {.summary = summary,
          .input = "f32",
          .output = "of the same shape",
          .parameters = {OpParameter::number("temperature", "what scores are divided by first").above(0).by_default(1)},
          .reference = reference,
          .tolerance = "1e-6 relative",
          .example = example,
          .domain = "classify"};
}

Stage<Tensor, Classes> read_top_k(ParamReader& params) {
  const std::int64_t k = params.integer("k");
  return top_k(k, read_labels(params, false));
}

OpDescription top_k_description() {
  return {.summary = "takes the best classes, best first; of equal ones the smaller index",
          .input = "f32[n]",
          .parameters = {OpParameter::integer("k", 1, kMaxK, "how many, cut to n"),
                         OpParameter::file("labels", "n lines").or_else("no labels")},
          .reference = "torch: stable descending sort (`torch.topk` leaves ties open)",
          .tolerance = "exact",
          .example = R"({"op": "top_k", "k": 5, "labels": "labels.txt"})",
          .domain = "classify"};
}

OpDescription softmax_description() {
  return activation_description("makes shares of scores, along the last axis", "torch: `(x / temperature).softmax(-1)`",
                                R"({"op": "softmax"})");
}

OpDescription sigmoid_description() {
  return activation_description("makes a share of each score", "torch: `(x / temperature).sigmoid()`",
                                R"({"op": "sigmoid"})");
}

Stage<Tensor, Classes> read_above(ParamReader& params) {
  Above options;
  options.threshold = params.floats("threshold");
  options.max_count = params.integer("max_count");
  options.labels = read_labels(params, false);
  return above(std::move(options));
}

OpDescription above_description() {
  return {
      .summary = "takes the classes whose score is above its threshold, best first; of equal ones the smaller index",
      .input = "f32[n]",
      .parameters = {OpParameter::numbers("threshold", {}, "one, or one per class").by_default(0.5),
                     OpParameter::integer("max_count", 0, kMaxK, "how many at most; 0: all").by_default(0),
                     OpParameter::file("labels", "n lines").or_else("no labels")},
      .reference = "torch: `scores > threshold`",
      .tolerance = "exact",
      .example = R"({"op": "above", "threshold": [0.5, 0.3, 0.7], "labels": "labels.txt"})",
      .domain = "classify"};
}

Stage<Classes, Classes> read_label(ParamReader& params) {
  return label(read_labels(params, true));
}

OpDescription label_classes_description() {
  return {.summary = "gives classes their labels",
          .parameters = {OpParameter::file("labels", "a line for each class")},
          .reference = "a line of the file for each index",
          .tolerance = "exact",
          .example = R"({"op": "label", "labels": "labels.txt"})",
          .domain = "classify"};
}

}  // namespace

void add_classify_ops(Registry& registry) {
  registry.add<Tensor, Tensor>(
      "softmax", [](ParamReader& params) { return softmax(params.number("temperature")); }, softmax_description);
  registry.add<Tensor, Tensor>(
      "sigmoid", [](ParamReader& params) { return sigmoid(params.number("temperature")); }, sigmoid_description);
  registry.add<Tensor, Classes>("top_k", read_top_k, top_k_description);
  registry.add<Tensor, Classes>("above", read_above, above_description);
  registry.add<Classes, Classes>("label", read_label, label_classes_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail
