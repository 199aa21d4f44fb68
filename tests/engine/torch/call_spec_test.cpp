// SPDX-License-Identifier: Apache-2.0
// The pytree descriptions in an AOTInductor library, against signatures.
#include "engine/torch/call_spec.hpp"

#include <gtest/gtest.h>

#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI::test {
namespace {

using libtorch::CallSpec;
using libtorch::map_call;
using libtorch::read_call_spec;
using testing::ElementsAre;

constexpr const char* kLeaf = R"({"type": null, "context": null, "children_spec": []})";

std::string tuple_of(const std::string& children) {
  return R"({"type": "builtins.tuple", "context": "null", "children_spec": [)" + children + "]}";
}
std::string dict_of(const std::string& keys, const std::string& children) {
  return R"({"type": "builtins.dict", "context": ")" + keys + R"(", "children_spec": [)" + children + "]}";
}
std::string spec_of(const std::string& tree) {
  return "[1, " + tree + "]";
}
/// The arguments of a call: a tuple of positional ones and a dict of named ones.
std::string call_of(const std::string& positional, const std::string& named) {
  return spec_of(tuple_of(tuple_of(positional) + ", " + named));
}
const std::string kNoneNamed = dict_of("[]", "");
const std::string kTwo = std::string(kLeaf) + ", " + kLeaf;

Signature two_by_two() {
  return Signature::parse("a:f32[batch]; b:f32[batch]", "c:f32[batch]; d:f32[batch]").value();
}

CallSpec result(const std::string& tree) {
  return read_call_spec(call_of(kTwo, kNoneNamed), spec_of(tree)).value();
}

using Names = std::vector<std::optional<std::string>>;

TEST(CallSpec, HasNoNamesForPositionalArgumentsAndFlatResults) {
  const auto spec = result(tuple_of(kTwo));
  EXPECT_THAT(spec.inputs, ElementsAre("", ""));
  EXPECT_EQ(spec.outputs, (Names{"", ""}));
  EXPECT_EQ(result(kLeaf).outputs, Names{""});
}

TEST(CallSpec, NamesArgumentsByKeyword) {
  const auto spec = read_call_spec(call_of(kLeaf, dict_of(R"([\"b\", \"a\"])", kTwo)), spec_of(kLeaf)).value();
  EXPECT_THAT(spec.inputs, ElementsAre("", "b", "a"));
}

TEST(CallSpec, NamesNestedResultsByTheirPath) {
  EXPECT_EQ(result(tuple_of(kLeaf + (", " + tuple_of(kTwo)))).outputs, (Names{"0", "1.0", "1.1"}));
  EXPECT_EQ(result(dict_of(R"([\"d\", \"c\"])", kTwo)).outputs, (Names{"d", "c"}));
  EXPECT_EQ(result(tuple_of(dict_of(R"([\"boxes\"])", kLeaf))).outputs, (Names{"0.boxes"}));
  EXPECT_EQ(result(dict_of(R"([\"a\"])", tuple_of(kTwo))).outputs, (Names{"a.0", "a.1"}));
  EXPECT_EQ(result(dict_of("[5, 7]", kTwo)).outputs, (Names{"5", "7"}));
}

TEST(CallSpec, GoesByIndexWhereKeysCannotBeRead) {
  for (const char* keys : {"null", "{", R"([\"d\"])", "[[1], [2]]"})
    EXPECT_EQ(result(tuple_of(dict_of(keys, kTwo))).outputs, (Names{"0.0", "0.1"})) << keys;
}

TEST(CallSpec, RefusesWhatItCannotRead) {
  const std::string good = spec_of(tuple_of(kTwo));
  for (const char* bad : {"", "{", "[]", "[1]", "[1, 2]", "[1, {}]", R"([1, {"type": "x"}])", "null"}) {
    EXPECT_THAT(read_call_spec(bad, good), FailsWith(ErrorCode::kInvalidArgument, "cannot be read")) << bad;
    EXPECT_THAT(read_call_spec(call_of(kTwo, kNoneNamed), bad),
                FailsWith(ErrorCode::kInvalidArgument, "cannot be read"))
        << bad;
  }
  std::string deep = kLeaf;
  for (int i = 0; i < 200; ++i) deep = tuple_of(deep);
  EXPECT_THAT(read_call_spec(call_of(kTwo, kNoneNamed), spec_of(deep)),
              FailsWith(ErrorCode::kInvalidArgument, "cannot be read"));
}

TEST(MapCall, GoesByPositionWithoutNames) {
  const auto map = map_call({{"", ""}, {"", ""}}, two_by_two()).value();
  EXPECT_THAT(map.inputs, ElementsAre(0, 1));
  EXPECT_THAT(map.outputs, ElementsAre(0, 1));
  EXPECT_EQ(map.matching, "inputs by position, outputs by position");
}

TEST(MapCall, GoesByNameInAnyOrder) {
  const auto map = map_call({{"b", "a"}, {"d", "c"}}, two_by_two()).value();
  EXPECT_THAT(map.inputs, ElementsAre(1, 0));
  EXPECT_THAT(map.outputs, ElementsAre(1, 0));
  EXPECT_EQ(map.matching, "inputs by name, outputs by name");
}

TEST(MapCall, LeavesOutWhatIsNoneAndKeepsItsPlace) {
  EXPECT_THAT(map_call({{"", ""}, {"", std::nullopt, ""}}, two_by_two()).value().outputs, ElementsAre(0, 2));
  EXPECT_THAT(map_call({{"", ""}, {std::nullopt, "d", "c"}}, two_by_two()).value().outputs, ElementsAre(2, 1));
}

TEST(MapCall, RefusesNamesThatMatchInPart) {
  EXPECT_THAT(map_call({{"a", "x"}, {"", ""}}, two_by_two()), FailsWith(ErrorCode::kInvalidArgument, "a, x"));
  EXPECT_THAT(map_call({{"", ""}, {"c", "x"}}, two_by_two()), FailsWith(ErrorCode::kInvalidArgument, "c, x"));
}

TEST(MapCall, RefusesOtherNumbersOfTensors) {
  EXPECT_THAT(map_call({{""}, {"", ""}}, two_by_two()), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(map_call({{"", "", ""}, {"", ""}}, two_by_two()), HasCode(ErrorCode::kInvalidArgument));
  EXPECT_THAT(map_call({{"", ""}, {""}}, two_by_two()), FailsWith(ErrorCode::kInvalidArgument, "gives 1 tensors"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI::test
