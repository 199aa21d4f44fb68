// SPDX-License-Identifier: Apache-2.0
// The ops on embeddings by name.
#include <gantry/embeddings.hpp>
#include <gantry/registry.hpp>
#include <utility>

#include "model/npy.hpp"
#include "ops/classify/read_labels.hpp"
#include "ops/ops.hpp"
#include "ops/parameters.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

OpDescription l2_normalize_description() {
  return {.summary = "divides each row of the last axis by its length",
          .input = "f32",
          .output = "of the same shape",
          .parameters = {OpParameter::number("eps", "the least divisor").at_least(1e-37).by_default(1e-12)},
          .reference = "torch: `nn.functional.normalize(dim=-1)`",
          .tolerance = "1e-6 relative",
          .example = R"({"op": "l2_normalize"})",
          .domain = "embeddings"};
}

/// After a mistake, `params` holds the error and the stage does not matter.
Stage<Tensor, Classes> read_nearest(ParamReader& params) {
  const Bytes file = params.file("table");
  const auto metric = static_cast<Metric>(params.choice("metric"));
  const std::int64_t k = params.integer("k");
  Labels labels = read_labels(params, false);
  auto rows = params.has("table") ? parse_npy(file) : Result<Tensor>(Error(ErrorCode::kInvalidArgument, "is missing"));
  auto table = rows ? VectorTable::make(*rows, metric) : Result<VectorTable>(rows.error());
  if (table) return nearest(*std::move(table), k, std::move(labels));
  params.fail("table", table.error().message());
  const Tensor none = Tensor::from<float>(std::vector<float>{0}, {1, 1}).value();
  return nearest(VectorTable::make(none).value(), 1);
}

OpDescription nearest_description() {
  return {.summary = "finds the rows of a table that are nearest, best first; of equal ones the smaller index",
          .input = "f32[d]",
          .parameters = {OpParameter::file("table", "a .npy file of f32[n, d]"),
                         OpParameter::choice("metric", {"cosine", "dot", "l2"},
                                             "what scores are: the cosine; the dot product; the distance, negative")
                             .by_default("cosine"),
                         OpParameter::integer("k", 1, kMaxK, "how many, cut to n"),
                         OpParameter::file("labels", "n lines").or_else("no labels")},
          .reference =
              "torch: `normalize(table) @ normalize(vector)`, `table @ vector`, `-cdist`, then a stable "
              "descending sort",
          .tolerance = "1e-6 of the product of both lengths",
          .example = R"({"op": "embeddings.nearest", "table": "known.npy", "k": 5, "labels": "known.txt"})",
          .domain = "embeddings"};
}

}  // namespace

void add_embedding_ops(Registry& registry) {
  registry.add<Tensor, Tensor>(
      "l2_normalize", [](ParamReader& params) { return l2_normalize(params.number("eps")); }, l2_normalize_description);
  registry.add<Tensor, Classes>("embeddings.nearest", read_nearest, nearest_description);
}

}  // namespace gantry::inline GANTRY_ABI::detail
