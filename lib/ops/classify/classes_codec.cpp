// SPDX-License-Identifier: Apache-2.0
// The codec of Classes: [{"index": 282, "label": "tiger cat", "score": 0.39}].
#include <algorithm>
#include <gantry/classify.hpp>
#include <gantry/registry.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/number_text.hpp"
#include "core/return_if_error.hpp"
#include "ops/classify/score_json.hpp"
#include "ops/ops.hpp"

namespace gantry::inline GANTRY_ABI::detail {
namespace {

Result<Classes> read_classes(const JsonView& json) {
  GANTRY_ASSIGN_OR_RETURN(const auto items, json.items());
  std::vector<Class> entries;
  for (const JsonView& item : items) {
    JsonFields fields(item);
    Class entry;
    entry.index = fields.integer("index");
    entry.label = fields.string("label", "");
    entry.score = read_score(fields);
    GANTRY_RETURN_IF_ERROR(fields.finish());
    entries.push_back(std::move(entry));
  }
  return Classes(std::move(entries));
}

std::string text_of(const Class& entry) {
  return std::to_string(entry.index) + (entry.label.empty() ? "" : " '" + entry.label + "'");
}

/// The expected class with got's index, at `rank` or at a rank of equal score within the tolerance; else nullptr.
const Class* counterpart(const Class& got, std::size_t rank, const Classes& expected, const Tolerance& tolerance) {
  if (expected[rank].index == got.index) return &expected[rank];
  const auto other =
      std::find_if(expected.begin(), expected.end(), [&](const Class& c) { return c.index == got.index; });
  if (other == expected.end()) return nullptr;
  return tolerance.accepts(static_cast<double>(other->score), static_cast<double>(expected[rank].score)) ? &*other
                                                                                                         : nullptr;
}

std::optional<std::string> difference(const Classes& expected, const Classes& got, const Tolerance& tolerance) {
  if (got.size() != expected.size())
    return "expected " + std::to_string(expected.size()) + " classes, got " + std::to_string(got.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const std::string place = "class " + std::to_string(i);
    const Class* match = counterpart(got[i], i, expected, tolerance);
    if (match == nullptr || match->label != got[i].label)
      return place + ": expected " + text_of(expected[i]) + ", got " + text_of(got[i]);
    if (!tolerance.accepts(static_cast<double>(got[i].score), static_cast<double>(match->score)))
      return place + " (" + text_of(*match) + "): expected score " + to_text(match->score) + ", got " +
             to_text(got[i].score) + " (" + tolerance.to_string() + ")";
    for (std::size_t j = 0; j < i; ++j)
      if (got[j].index == got[i].index) return place + ": " + text_of(got[i]) + " appears twice";
  }
  return std::nullopt;
}

}  // namespace

void add_classes_codec(Registry& registry) {
  Codec<Classes> codec;
  codec.name = "classes";
  codec.write_json = [](const Classes& classes, JsonWriter& json) {
    json.begin_list();
    for (const Class& entry : classes) {
      json.begin_object().field("index", entry.index).field("label", entry.label);
      json.field("score", entry.score).end_object();
    }
    json.end_list();
  };
  codec.read_json = read_classes;
  codec.difference = difference;
  codec.line = [](const Classes& classes) {
    std::string text;
    for (const Class& entry : classes)
      text += (text.empty() ? "" : ", ") + text_of(entry) + " " + to_fixed_text(static_cast<double>(entry.score), 3);
    return text;
  };
  registry.add_codec(std::move(codec));
}

}  // namespace gantry::inline GANTRY_ABI::detail
