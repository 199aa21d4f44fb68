// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <gantry/detect.hpp>
#include <gantry/registry.hpp>

#include <string>
#include <utility>
#include <vector>

#include "ops/special_floats.hpp"
#include "support/codec_text.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using testing::HasSubstr;

const Codecs& codecs() {
  return test::builtin_codecs();
}

template <class T>
std::string json_of(T value) {
  return test::json_of(codecs(), std::move(value));
}

template <class T>
Result<T> read(const std::string& json) {
  return test::read_json<T>(codecs(), json);
}

template <class T>
Tensors tensors_of(T value) {
  return codecs().to_tensors(Payload::from(std::move(value))).value();
}

template <class T>
Result<T> from_tensors(Tensors tensors) {
  auto payload = codecs().from_tensors(PayloadType::of<T>(), std::move(tensors));
  if (!payload) return payload.error();
  return (*std::move(payload)).template as<T>();
}

std::string difference(Detections expected, Detections got, Tolerance tolerance = {}) {
  return codecs()
      .difference(Payload::from(std::move(expected)), Payload::from(std::move(got)), tolerance)
      .value()
      .value_or("");
}

Detections two() {
  return Detections({{3, "table", 0.75f, {1, 2, 3, 4}, Keypoints({{1, 2, 0.5f}, {3, 4, 1}})},
                     {1, "", 0.5f, {0, 0, kNan, 2}, Keypoints({{0, 0, 0}, {1, 1, 1}})}});
}

TEST(DetectionsCodec, ReadsWhatItWrites) {
  const std::string json = json_of(two());
  EXPECT_EQ(json, R"({"detections":[{"index":3,"label":"table","score":0.75,"box":[1.0,2.0,3.0,4.0],)"
                  R"("keypoints":[[1.0,2.0,0.5],[3.0,4.0,1.0]]},)"
                  R"({"index":1,"label":"","score":0.5,"box":[0.0,0.0,null,2.0],)"
                  R"("keypoints":[[0.0,0.0,0.0],[1.0,1.0,1.0]]}]})");
  EXPECT_EQ(json_of(read<Detections>(json).value()), json);
}

TEST(DetectionsCodec, SaysWhereJsonIsWrong) {
  EXPECT_THAT(read<Detections>(R"({"detections": [{"index": 3, "score": 1}]})"),
              FailsWith(ErrorCode::kInvalidArgument, "in.detections[0].box: is required"));
  EXPECT_THAT(read<Detections>(R"({"detections": [{"index": 3, "score": 1, "box": [1, 2, 3]}]})"),
              FailsWith(ErrorCode::kInvalidArgument, "in.detections[0].box: expected 4 numbers, got 3"));
  EXPECT_THAT(read<Boxes>(R"({"boxes": [[1, 2, 3, "x"]]})"),
              FailsWith(ErrorCode::kInvalidArgument, "in.boxes[0][3]: expected a number"));
}

TEST(DetectionsCodec, GivesTensors) {
  const Tensors tensors = tensors_of(two());
  EXPECT_EQ(tensors.find("boxes")->to_string(), "f32[2, 4]");
  EXPECT_EQ(tensors.find("scores")->to_string(), "f32[2]");
  EXPECT_EQ(tensors.find("labels")->values<std::int64_t>().value()[0], 3);
  EXPECT_EQ(tensors.find("keypoints")->to_string(), "f32[2, 2, 3]");
  const Tensors none = tensors_of(Detections());
  EXPECT_EQ(none.find("boxes")->to_string(), "f32[0, 4]");
  EXPECT_EQ(none.find("keypoints"), nullptr);
}

TEST(DetectionsCodec, ComparesWithinATolerance) {
  const Tolerance tolerance = Tolerance::within(0.01, 0);
  Detections off = two();
  off[0].box.x1 += 0.005f;
  EXPECT_EQ(difference(two(), off, tolerance), "");
  off[0].box.x1 += 0.125f;
  EXPECT_THAT(difference(two(), off, tolerance), HasSubstr("box[0][2]: expected 3, got 3.13"));
  EXPECT_THAT(difference(two(), Detections(), tolerance), HasSubstr("expected 2 detections, got 0"));
  Detections other = two();
  other[1].index = 2;
  EXPECT_THAT(difference(two(), other, tolerance), HasSubstr("expected class 1 0.500"));
  Detections named = two();
  named[0].label = "chair";
  EXPECT_THAT(difference(two(), named, tolerance), HasSubstr("'chair'"));
  Detections moved = two();
  moved[0].keypoints[1].y = 9;
  EXPECT_THAT(difference(two(), moved, tolerance), HasSubstr("keypoints[1][1]: expected 4, got 9"));
}

TEST(DetectionsCodec, ScoresAreHeldToTheirShareOfATolerance) {
  const Detections expected({{0, "", 0.5f, {0, 0, 1000, 500}, Keypoints({{10, 10, 0.5f}})}});
  const Tolerance tolerance = Tolerance::within(10, 0);  // pixels of 1000, so scores to 0.01
  Detections got = expected;
  got[0].box.x1 += 9, got[0].score += 0.009f, got[0].keypoints[0] = {19, 1, 0.509f};
  EXPECT_EQ(difference(expected, got, tolerance), "");
  got[0].score += 0.002f;
  EXPECT_THAT(difference(expected, got, tolerance), HasSubstr("expected score 0.5, got 0.511"));
  got[0].score = 0.5f, got[0].keypoints[0].score = 0.52f;
  EXPECT_THAT(difference(expected, got, tolerance), HasSubstr("keypoints[0][2]: expected 0.5, got 0.52"));
}

TEST(DetectionsCodec, EqualScoresMayComeInAnyOrder) {
  const Detection a{0, "", 0.5f, {0, 0, 1, 1}, {}}, b{0, "", 0.5f, {2, 2, 3, 3}, {}};
  EXPECT_EQ(difference(Detections({a, b}), Detections({b, a})), "");
  EXPECT_THAT(difference(Detections({a, b}), Detections({a, a})), HasSubstr("detection 1"));
}

TEST(RowCodecs, ReadWhatTheyWrite) {
  const Boxes boxes({{1, 2, 3, 4}});
  EXPECT_EQ(json_of(boxes), R"({"boxes":[[1.0,2.0,3.0,4.0]]})");
  EXPECT_EQ(from_tensors<Boxes>(tensors_of(boxes)).value()[0], boxes[0]);
  const Keypoints points({{1, 2, 0.5f}});
  EXPECT_EQ(json_of(points), R"({"keypoints":[[1.0,2.0,0.5]]})");
  EXPECT_EQ(read<Keypoints>(R"({"keypoints":[[1,2,0.5]]})").value()[0], points[0]);
  EXPECT_THAT(from_tensors<Keypoints>({{"", Tensor::zeros(DType::kF32, {2, 4}).value()}}),
              FailsWith(ErrorCode::kInvalidArgument, "keypoints are f32[n, 3]"));
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
