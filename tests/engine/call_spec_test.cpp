// SPDX-License-Identifier: Apache-2.0
// The pytree descriptions in an AOTInductor library, against signatures.
#include "engine/call_spec.hpp"

#include <gtest/gtest.h>

#include "support/matchers.hpp"

namespace gantry::test {
namespace {

using libtorch::map_call;
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

TEST(MapCall, GoesByPosition) {
  const auto map = map_call(call_of(kTwo, kNoneNamed), spec_of(tuple_of(kTwo)), two_by_two()).value();
  EXPECT_THAT(map.inputs, ElementsAre(0, 1));
  EXPECT_THAT(map.outputs, ElementsAre(0, 1));
}

TEST(MapCall, GoesByNameInDicts) {
  const auto map = map_call(call_of("", dict_of(R"([\"b\", \"a\"])", kTwo)),
                            spec_of(dict_of(R"([\"d\", \"c\"])", kTwo)), two_by_two())
                       .value();
  EXPECT_THAT(map.inputs, ElementsAre(1, 0));
  EXPECT_THAT(map.outputs, ElementsAre(1, 0));
}

TEST(MapCall, GoesByPositionInDictsOfOtherOrRepeatedNames) {
  for (const char* keys : {R"([\"d\", \"x\"])", R"([\"d\", \"d\"])", "null", "{"}) {
    const auto map = map_call(call_of(kTwo, kNoneNamed), spec_of(dict_of(keys, kTwo)), two_by_two()).value();
    EXPECT_THAT(map.outputs, ElementsAre(0, 1)) << keys;
  }
}

TEST(MapCall, RefusesOtherNumbersOfTensors) {
  EXPECT_THAT(map_call(call_of(kLeaf, kNoneNamed), spec_of(tuple_of(kTwo)), two_by_two()),
              FailsWith(ErrorCode::kInvalidArgument, "takes 1 tensors"));
  EXPECT_THAT(map_call(call_of(kTwo, kNoneNamed), spec_of(kLeaf), two_by_two()),
              FailsWith(ErrorCode::kInvalidArgument, "gives 1 tensors"));
}

TEST(MapCall, RefusesWhatItCannotRead) {
  const std::string good = spec_of(tuple_of(kTwo));
  for (const char* bad : {"", "{", "[]", "[1]", "[1, 2]", "[1, {}]", R"([1, {"type": "x"}])", "null"})
    EXPECT_THAT(map_call(bad, good, two_by_two()), FailsWith(ErrorCode::kInvalidArgument, "cannot be read")) << bad;
  std::string deep = kLeaf;
  for (int i = 0; i < 200; ++i) deep = tuple_of(deep);
  EXPECT_THAT(map_call(spec_of(deep), good, two_by_two()), FailsWith(ErrorCode::kInvalidArgument, "cannot be read"));
}

}  // namespace
}  // namespace gantry::test
