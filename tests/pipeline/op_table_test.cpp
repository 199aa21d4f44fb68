// SPDX-License-Identifier: Apache-2.0
// A host's op with a description: defaults that are said once, and what the table of ops shows of it.
#include <gtest/gtest.h>
#include <gantry/registry.hpp>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipeline/op_table.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using nlohmann::json;
using test::FailsWith;

/// An op that gives what `read` makes of its parameters.
template <class Read>
Registry registry_with(OpDescription description, Read read) {
  Registry registry;
  registry.add<int, std::string>(
      "acme.op", [read](ParamReader& params) { return stage("acme.op", [text = read(params)](int) { return text; }); },
      std::move(description));
  return registry;
}

OpDescription every_kind() {
  OpDescription op;
  op.summary = "does something";
  op.parameters = {OpParameter::integer("i", 1, 9, "in pixels").by_default(3),
                   OpParameter::number("f", "").above(0).by_default(0.5),
                   OpParameter::numbers("v", {1, 3}, "").at_least(0).at_most(255).whole().by_default(7),
                   OpParameter::numbers("w", {}, "").not_zero().by_default(OpValue(std::vector<double>{1, 2.5})),
                   OpParameter::boolean("b", "").by_default(true),
                   OpParameter::choice("c", {"red", "blue"}, "").by_default("blue"),
                   OpParameter::of(OpParameter::Type::kString, "s", "").by_default("text"),
                   OpParameter::number("g", "").at_least(1).or_zero().or_else("none"),
                   OpParameter::file("labels", "a line each").or_else("no labels")};
  op.reference = "acme";
  op.tolerance = "exact";
  op.example = R"({"op": "acme.op", "i": 4})";
  return op;
}

json table_of(const Registry& registry) {
  return json::parse(detail::op_table_json(registry));
}

json row_of(const Registry& registry, const std::string& name) {
  const json table = table_of(registry);
  for (const json& op : table.at("ops"))
    if (op.at("name") == name) return op;
  return nullptr;
}

TEST(DescribedOp, TakesDefaultsAndChoicesFromItsDescription) {
  std::string seen;
  const Registry registry = registry_with(every_kind(), [&seen](ParamReader& p) {
    EXPECT_EQ(p.integer("i"), 3);
    EXPECT_EQ(p.number("f"), 0.5);
    EXPECT_EQ(p.numbers("v"), std::vector<double>{7});
    EXPECT_EQ(p.floats("w"), (std::vector<float>{1, 2.5f}));
    EXPECT_TRUE(p.boolean("b"));
    EXPECT_EQ(p.choice("c"), 1u);
    EXPECT_EQ(p.choice("c", {"blue", "red"}), 0u);  // by its name
    EXPECT_EQ(p.string("s"), "text");
    EXPECT_FALSE(p.has("g"));
    EXPECT_TRUE(p.file("labels").empty());
    seen = "all";
    return seen;
  });
  EXPECT_THAT((parse_stages<int, std::string>(R"([{"op": "acme.op"}])", registry)), test::IsOk());
  EXPECT_EQ(seen, "all");
}

TEST(DescribedOp, GoesBeforeTheFallbackOfItsFactory) {
  const Registry registry = registry_with(every_kind(), [](ParamReader& p) {
    EXPECT_EQ(p.integer("i", 8), 3);
    EXPECT_EQ(p.floats("v", {1}), std::vector<float>{7});
    EXPECT_TRUE(p.boolean("b", false));
    return std::string();
  });
  EXPECT_THAT((parse_stages<int, std::string>(R"([{"op": "acme.op"}])", registry)), test::IsOk());
}

TEST(DescribedOp, ReadsNothingThatIsNotDescribed) {
  const Registry registry =
      registry_with(every_kind(), [](ParamReader& p) { return std::to_string(p.integer("j", 1)); });
  EXPECT_THAT(
      (parse_stages<int, std::string>(R"([{"op": "acme.op"}])", registry)),
      FailsWith(ErrorCode::kInternal, "pipeline[0]: the factory of 'acme.op' reads 'j', which its description lacks"));
}

TEST(DescribedOp, NamesAllItsParametersWhereAKeyIsUnknown) {
  const Registry registry = registry_with(every_kind(), [](ParamReader& p) { return std::to_string(p.integer("i")); });
  EXPECT_THAT((parse_stages<int, std::string>(R"([{"op": "acme.op", "lables": "x"}])", registry)),
              FailsWith(ErrorCode::kInvalidArgument,
                        "pipeline[0].lables: unknown key; expected one of b, c, f, g, i, labels, op, s, v, w"));
}

TEST(OpTable, HoldsWhatWasSaid) {
  const Registry registry = registry_with(every_kind(), [](ParamReader&) { return std::string(); });
  const json op = row_of(registry, "acme.op");
  EXPECT_EQ(op.at("domain"), "acme");
  EXPECT_EQ(op.at("takes"), "int");
  EXPECT_EQ(op.at("example"), json::parse(R"({"op": "acme.op", "i": 4})"));
  const json expected = json::parse(R"([
    {"name": "i", "type": "integer", "required": false, "meaning": "in pixels", "default": 3, "minimum": 1, "maximum": 9},
    {"name": "f", "type": "number", "required": false, "meaning": "", "default": 0.5, "exclusive_minimum": 0},
    {"name": "v", "type": "numbers", "required": false, "meaning": "", "default": 7, "counts": [1, 3], "minimum": 0,
     "maximum": 255, "whole": true},
    {"name": "w", "type": "numbers", "required": false, "meaning": "", "default": [1, 2.5], "nonzero": true},
    {"name": "b", "type": "boolean", "required": false, "meaning": "", "default": true},
    {"name": "c", "type": "choice", "required": false, "meaning": "", "default": "blue", "choices": ["red", "blue"]},
    {"name": "s", "type": "string", "required": false, "meaning": "", "default": "text"},
    {"name": "g", "type": "number", "required": false, "meaning": "", "absent": "none", "minimum": 1, "or_zero": true},
    {"name": "labels", "type": "file", "required": false, "meaning": "a line each", "absent": "no labels"}])");
  EXPECT_EQ(op.at("parameters"), expected);
}

TEST(OpTable, HasOpsThatNobodyDescribed) {
  Registry registry;
  registry.add<std::vector<int>, int>("plain", [](ParamReader&) {
    return stage("plain", [](const std::vector<int>& all) { return static_cast<int>(all.size()); });
  });
  const json op = row_of(registry, "plain");
  EXPECT_EQ(op.at("domain"), "other");
  EXPECT_EQ(op.at("takes"), "list<int>");
  EXPECT_TRUE(op.at("parameters").empty());
  EXPECT_FALSE(op.contains("example"));
}

TEST(OpTable, HasTheOpsOfEveryRegistryAndItsPredicates) {
  Registry registry;
  registry.add_predicate(Predicate<int>("is_even", [](const int& x) { return x % 2 == 0; }), "whether it is even");
  for (const char* name : {"each", "fork", "when", "model"}) EXPECT_FALSE(row_of(registry, name).is_null()) << name;
  EXPECT_EQ(table_of(registry).at("predicates"),
            json::parse(R"([{"name": "is_even", "takes": "int", "summary": "whether it is even"}])"));
}

TEST(OpTable, KeepsAnExampleThatIsNoJsonAsText) {
  OpDescription op;
  op.summary = "is described badly";
  op.example = "{oops \xff";
  const Registry registry = registry_with(op, [](ParamReader&) { return std::string(); });
  EXPECT_EQ(row_of(registry, "acme.op").at("example"), "{oops \xEF\xBF\xBD");
}

TEST(OpTable, SaysLimitsInWords) {
  const OpDescription op = every_kind();
  const auto text = [&](const char* name) { return detail::limits_text(*op.find(name)); };
  EXPECT_EQ(text("i"), "1..9");
  EXPECT_EQ(text("f"), "above 0");
  EXPECT_EQ(text("v"), "1 or 3 integers, 0..255");
  EXPECT_EQ(text("w"), "numbers, not 0");
  EXPECT_EQ(text("c"), "red, blue");
  EXPECT_EQ(text("g"), "0 or from 1 on");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
