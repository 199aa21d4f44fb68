// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <gantry/detect/quads.hpp>
#include <gantry/registry.hpp>

#include <string>
#include <utility>

#include "ops/detect/quads/quad_fixtures.hpp"
#include "support/codec_text.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::builtin_codecs;
using test::FailsWith;
using test::json_of;
using test::kNan;
using test::quads_of;
using test::read_json;
using test::upright;
using testing::HasSubstr;

Result<Quads> read(const std::string& json) {
  return read_json<Quads>(builtin_codecs(), json);
}

std::string difference(const Quads& expected, const Quads& got, Tolerance tolerance = {}) {
  return builtin_codecs().difference(Payload::from(expected), Payload::from(got), tolerance).value().value_or("");
}

TEST(QuadsCodec, ReadsWhatItWrites) {
  const std::string json = json_of(builtin_codecs(), quads_of({upright(1, 2, 3, kNan)}));
  EXPECT_EQ(json, R"({"quads":[{"quad":[[1.0,2.0],[3.0,2.0],[3.0,null],[1.0,null]],"score":0.5}]})");
  EXPECT_EQ(json_of(builtin_codecs(), read(json).value()), json);
}

TEST(QuadsCodec, SaysWhereJsonIsWrong) {
  EXPECT_THAT(read(R"({"quads": [{"score": 1}]})"), FailsWith(ErrorCode::kInvalidArgument, "quads[0].quad"));
  EXPECT_THAT(read(R"({"quads": [{"quad": [[1, 2]], "score": 1}]})"),
              FailsWith(ErrorCode::kInvalidArgument, "expected 4 corners, got 1"));
  EXPECT_THAT(read(R"({"quads": [{"quad": [[1], [1, 2], [1, 2], [1, 2]], "score": 1}]})"),
              FailsWith(ErrorCode::kInvalidArgument, "expected 2 numbers, x and y, got 1"));
  EXPECT_THAT(read(R"({"quads": [{"quad": [[1, 2], [1, 2], [1, 2], [1, 2]], "score": 1, "label": "a"}]})"),
              FailsWith(ErrorCode::kInvalidArgument, "label"));
}

TEST(QuadsCodec, HasTensorsBothWays) {
  const Quads quads = quads_of({upright(1, 2, 3, 4), upright(5, 6, 7, 8)});
  Tensors tensors = builtin_codecs().to_tensors(Payload::from(quads)).value();
  EXPECT_EQ(tensors.find("quads")->shape(), (Shape{2, 4, 2}));
  EXPECT_EQ(tensors.find("scores")->shape(), (Shape{2}));
  const Payload back = builtin_codecs().from_tensors(PayloadType::of<Quads>(), std::move(tensors)).value();
  EXPECT_EQ(difference(quads, *back.get_if<Quads>()), "");
  Tensors wrong{{"quads", Tensor::make(DType::kF32, {2, 8}).value()},
                {"scores", Tensor::make(DType::kF32, {2}).value()}};
  EXPECT_THAT(builtin_codecs().from_tensors(PayloadType::of<Quads>(), wrong),
              FailsWith(ErrorCode::kInvalidArgument, "quads are f32[n, 4, 2] and scores f32[n], got f32[2, 8]"));
}

TEST(QuadsCodec, ComparesInPixelsAndInAnyOrder) {
  const Quad a = upright(10, 20, 100, 40), b = upright(10, 60, 100, 80);
  Quad near = a;
  near.corners[2].x += 0.25f;
  EXPECT_EQ(difference(quads_of({a, b}), quads_of({b, a})), "");
  EXPECT_EQ(difference(quads_of({a, b}), quads_of({near, b}), Tolerance{false, 0.25, 0}), "");
  EXPECT_THAT(difference(quads_of({a, b}), quads_of({near, b}), Tolerance{false, 0.2, 0}),
              HasSubstr("quad 0: got 0.500 at (10.0, 20.0)"));
  EXPECT_THAT(difference(quads_of({a, b}), quads_of({a, a})), HasSubstr("quad 1"));
  EXPECT_EQ(difference(quads_of({a}), quads_of({a, b})), "expected 1 quads, got 2");
  Quads scored = quads_of({a});
  scored[0].score = 0.501f;
  EXPECT_EQ(difference(quads_of({a}), scored, Tolerance{false, 0.2, 0}), "") << "0.2 of 100 pixels is 0.002 of a score";
  EXPECT_NE(difference(quads_of({a}), scored, Tolerance{false, 0.05, 0}), "");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
