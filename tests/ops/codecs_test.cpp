// SPDX-License-Identifier: Apache-2.0
// The codecs of the built-in payloads: what they write is what documents state, and reads back.
#include <gtest/gtest.h>

#include <cmath>
#include <gantry/classify.hpp>
#include <gantry/image.hpp>
#include <gantry/registry.hpp>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

#include "support/codec_text.hpp"
#include "support/matchers.hpp"

namespace gantry::inline GANTRY_ABI {
namespace {

using test::FailsWith;
using test::HasCode;

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
std::string difference(T expected, T got, Tolerance tolerance = {}) {
  return codecs()
      .difference(Payload::from(std::move(expected)), Payload::from(std::move(got)), tolerance)
      .value()
      .value_or("");
}

template <class T>
Tensor tensor_of(std::vector<T> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return Tensor::from<T>(Span<const T>(values.data(), values.size()), {count}).value();
}

template <class T>
std::string data_of(std::vector<T> values) {
  const std::string json = json_of(tensor_of(std::move(values)));
  const auto begin = json.find("\"data\":") + 7;
  return json.substr(begin, json.size() - 3 - begin);
}

TEST(ClassesCodec, WritesClassesInOrderWithTheShortestNumbersThatReadBackEqual) {
  const std::string json =
      R"({"classes":[{"index":282,"label":"tiger cat","score":0.3946},{"index":0,"label":"","score":1.0}]})";
  EXPECT_EQ(json_of(Classes({{282, "tiger cat", 0.3946f}, {0, "", 1.0f}})), json);
  const Classes again = read<Classes>(json).value();
  EXPECT_EQ(again[0].score, 0.3946f);
  EXPECT_EQ(again[0].label, "tiger cat");
  EXPECT_EQ(read<Classes>(R"({"classes": [{"index": 1, "score": 0.5}]})").value()[0].label, "");
}

TEST(ClassesCodec, AScoreThatJsonLacksIsNull) {
  const std::string json = R"({"classes":[{"index":1,"label":"","score":null}]})";
  EXPECT_EQ(json_of(Classes({{1, "", std::nanf("")}})), json);
  EXPECT_TRUE(std::isnan(read<Classes>(json).value()[0].score));
}

TEST(ClassesCodec, SaysWhereJsonIsWrong) {
  EXPECT_THAT(read<Classes>(R"({"classes": [{"index": "1", "score": 0}]})"),
              FailsWith(ErrorCode::kInvalidArgument, "in.classes[0].index: expected an integer, got \"1\""));
  EXPECT_THAT(read<Classes>(R"({"classes": [{"index": 1, "score": 0, "colour": 1}]})"),
              FailsWith(ErrorCode::kInvalidArgument, "in.classes[0].colour: unknown key"));
}

TEST(ClassesCodec, ComparesIndicesLabelsAndScoresInOrder) {
  const Classes expected({{1, "a", 0.5f}, {2, "b", 0.25f}});
  const auto near = Tolerance::within(0.3, 0);
  EXPECT_EQ(difference(expected, expected), "");
  EXPECT_EQ(difference(expected, Classes({{1, "a", 0.5f}})), "expected 2 classes, got 1");
  EXPECT_EQ(difference(expected, Classes({{1, "a", 0.5f}, {2, "c", 0.25f}})), "class 1: expected 2 'b', got 2 'c'");
  EXPECT_EQ(difference(expected, Classes({{1, "a", 0.5f}, {2, "b", 0.125f}})),
            "class 1 (2 'b'): expected score 0.25, got 0.125 (exact)");
  EXPECT_EQ(difference(expected, Classes({{2, "b", 0.4f}, {1, "a", 0.4f}}), near), "") << "they may change places";
  EXPECT_EQ(difference(expected, Classes({{2, "b", 0.25f}, {1, "a", 0.5f}})), "class 0: expected 1 'a', got 2 'b'");
  EXPECT_EQ(difference(expected, Classes({{1, "a", 0.5f}, {1, "a", 0.5f}}), near), "class 1: 1 'a' appears twice");
}

TEST(TensorCodec, WritesALoneTensorAsOutput) {
  const std::vector<std::int64_t> values = {-1, 1LL << 60};
  const std::string json = R"({"tensors":{"output":{"dtype":"i64","shape":[2,1],"data":[-1,1152921504606846976]}}})";
  EXPECT_EQ(json_of(Tensor::from<std::int64_t>(Span<const std::int64_t>(values), {2, 1}).value()), json);
  EXPECT_EQ(read<Tensor>(json).value().values<std::int64_t>().value()[1], 1LL << 60);
}

TEST(TensorCodec, WritesEveryDType) {
  EXPECT_EQ(data_of<float>({0.1f, 16777216.0f}), "[0.1,16777216.0]");
  EXPECT_EQ(data_of<double>({0.1}), "[0.1]");
  EXPECT_EQ(data_of<std::uint8_t>({0, 255}), "[0,255]");
  EXPECT_EQ(data_of<std::int8_t>({-128}), "[-128]");
  EXPECT_EQ(data_of<std::int16_t>({-32768}), "[-32768]");
  EXPECT_EQ(data_of<std::int32_t>({-2147483647}), "[-2147483647]");
  const bool yes_no[] = {true, false};
  EXPECT_EQ(json_of(Tensor::from<bool>(yes_no, {2}).value()),
            R"({"tensors":{"output":{"dtype":"bool","shape":[2],"data":[true,false]}}})");
  // 1, -2, the smallest subnormal, the largest number, infinity
  EXPECT_EQ(data_of<Float16>({{0x3c00}, {0xc000}, {0x0001}, {0x7bff}, {0x7c00}}),
            "[1.0,-2.0,5.9604645e-08,65504.0,null]");
  EXPECT_EQ(data_of<BFloat16>({{0x3f80}, {0xc000}, {0x7f80}}), "[1.0,-2.0,null]");
}

TEST(TensorCodec, WritesNumbersThatJsonLacksAsNullAndReadsThemAsNan) {
  const float nan = std::nanf(""), infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(data_of<float>({nan, -infinity, 1}), "[null,null,1.0]");
  const auto read_back =
      read<Tensor>(R"({"tensors": {"x": {"dtype": "f32", "shape": [2], "data": [null, 1]}}})").value();
  EXPECT_TRUE(std::isnan(read_back.values<float>().value()[0]));
}

TEST(TensorCodec, WritesAViewInTheOrderOfItsShape) {
  const Tensor matrix = tensor_of<std::uint8_t>({1, 2, 3, 4, 5, 6}).reshape({2, 3}).value();
  const std::size_t axes[] = {1, 0};
  EXPECT_EQ(json_of(matrix.permute(axes).value()),
            R"({"tensors":{"output":{"dtype":"u8","shape":[3,2],"data":[1,4,2,5,3,6]}}})");
}

TEST(TensorCodec, ReadsWhatItWritesOfEveryDType) {
  for (const char* tensor :
       {R"({"dtype":"f16","shape":[2],"data":[0.5,65504.0]})", R"({"dtype":"bf16","shape":[1,1],"data":[-2.0]})",
        R"({"dtype":"f64","shape":[],"data":[0.1]})", R"({"dtype":"u8","shape":[2],"data":[0,255]})",
        R"({"dtype":"i8","shape":[1],"data":[-128]})", R"({"dtype":"i16","shape":[1],"data":[7]})",
        R"({"dtype":"i32","shape":[0,3],"data":[]})", R"({"dtype":"bool","shape":[1],"data":[true]})"}) {
    const std::string json = R"({"tensors":{"output":)" + std::string(tensor) + "}}";
    EXPECT_EQ(json_of(read<Tensor>(json).value()), json);
  }
}

TEST(TensorCodec, RefusesJsonThatIsNoTensor) {
  const auto refused = [](const std::string& tensor, const char* text) {
    EXPECT_THAT(read<Tensor>(R"({"tensors": {"x": )" + tensor + "}}"),
                FailsWith(ErrorCode::kInvalidArgument, std::string("in.tensors.x") + text));
  };
  refused("[1]", ": expected an object, got a list");
  refused(R"({"dtype": "f31", "shape": [1], "data": [1]})", ".dtype: unknown dtype 'f31'");
  refused(R"({"dtype": "f32", "shape": [-1], "data": []})", ".shape[0]: expected a size, got -1");
  refused(R"({"dtype": "f32", "shape": 1, "data": []})", ".shape: expected a list of sizes, got 1");
  refused(R"({"dtype": "f32", "shape": [3], "data": [1, 2]})", ".data: expected a list of 3 values, got 2");
  refused(R"({"dtype": "f32", "shape": [4611686018427387904, 4], "data": []})", ".shape: is not a valid tensor shape");
  refused(R"({"dtype": "f32", "shape": [4611686018427387904], "data": [1]})", ".data: expected a list of 4611686018");
  refused(R"({"dtype": "f32", "shape": [1], "data": ["a"]})", ".data[0]: expected a number or null, got \"a\"");
  refused(R"({"dtype": "u8", "shape": [1], "data": [256]})", ".data[0]: expected a number of u8, got 256");
  refused(R"({"dtype": "i64", "shape": [1], "data": [0.5]})", ".data[0]: expected a number of i64, got 0.5");
  refused(R"({"dtype": "bool", "shape": [1], "data": [1]})", ".data[0]: expected true or false, got 1");
  EXPECT_THAT(read<Tensor>(R"({"tensors": {}})"), FailsWith(ErrorCode::kInvalidArgument, "expected one tensor, got 0"));
}

TEST(TensorsCodec, WritesAndReadsTensorsByName) {
  const std::string json =
      R"({"tensors":{"b":{"dtype":"u8","shape":[1],"data":[1]},"a":{"dtype":"u8","shape":[1],"data":[2]}}})";
  const Tensors tensors{{"b", tensor_of<std::uint8_t>({1})}, {"a", tensor_of<std::uint8_t>({2})}};
  EXPECT_EQ(json_of(tensors), json);
  EXPECT_EQ(difference(read<Tensors>(json).value(), tensors), "");
  EXPECT_EQ(difference(tensors, Tensors{{"b", tensors[0].tensor}}), "expected 2 tensors, got 1");
  EXPECT_EQ(difference(tensors, Tensors{{"b", tensors[0].tensor}, {"c", tensors[1].tensor}}), "tensor 'a' is missing");
  EXPECT_EQ(difference(tensors, Tensors{{"a", tensors[0].tensor}, {"b", tensors[0].tensor}}),
            "tensor 'a': element [0]: expected 2, got 1 (exact)");
  EXPECT_THAT(codecs().from_tensors(PayloadType::of<Tensors>(), Tensors{{"", tensors[0].tensor}}),
              FailsWith(ErrorCode::kInvalidArgument, "name=a.npy,name=b.npy"));
}

TEST(ImageCodec, IsMadeOfPixelsAndOfFiles) {
  const auto type = PayloadType::of<Image>();
  const auto image = [&](const Shape& shape) {
    return codecs().from_tensors(type, Tensors{{"", Tensor::zeros(DType::kU8, shape).value()}});
  };
  EXPECT_EQ(image({2, 3}).value().get_if<Image>()->colour(), Colour::kGray);
  EXPECT_EQ(image({2, 3, 3}).value().get_if<Image>()->width(), 3);
  EXPECT_EQ(image({2, 3, 4}).value().get_if<Image>()->colour(), Colour::kRgba);
  EXPECT_THAT(image({2, 3, 2}), FailsWith(ErrorCode::kInvalidArgument, "got u8[2, 3, 2]"));
  EXPECT_THAT(codecs().from_tensors(type, Tensors{{"", Tensor::zeros(DType::kF32, {2, 3, 3}).value()}}),
              FailsWith(ErrorCode::kInvalidArgument, "got f32[2, 3, 3]"));
  EXPECT_THAT(codecs().from_bytes(type, Bytes(std::string("no picture")), "image/png"),
              HasCode(ErrorCode::kInvalidArgument));
  EXPECT_EQ(json_of(Image::make(3, 2, Colour::kRgb).value()), R"({"image":{"width":3,"height":2,"colour":"rgb"}})");
  EXPECT_THAT(codecs().read_json(type, JsonView()), FailsWith(ErrorCode::kUnsupported, "cannot be read from JSON"));
}

TEST(BytesCodec, TakesAnyFileAsItIs) {
  const auto type = PayloadType::of<Bytes>();
  const Bytes file(std::string("{}"));
  for (const char* media_type : {"", "application/json", "application/x-npy", "image/jpeg"})
    EXPECT_EQ(codecs().from_bytes(type, file, media_type).value().get_if<Bytes>()->size(), 2u) << media_type;
  EXPECT_EQ(difference(file, file), "");
  EXPECT_EQ(difference(file, Bytes(std::string("{]"))), "expected 2 bytes, got 2, which differ from byte 1 on");
  EXPECT_EQ(difference(file, Bytes()), "expected 2 bytes, got 0, which differ from byte 0 on");
  EXPECT_EQ(json_of(file), R"({"bytes":{"size":2}})");
  EXPECT_EQ(codecs().to_tensors(Payload::from(file)).value()[0].tensor.shape(), (Shape{2}));
}

TEST(Codecs, WriteListsAndTuplesOfBuiltinPayloads) {
  const Image image = Image::make(3, 2, Colour::kRgb).value();
  EXPECT_EQ(json_of(std::vector<Image>{image}), R"({"list":[{"image":{"width":3,"height":2,"colour":"rgb"}}]})");
  EXPECT_EQ(json_of(std::make_tuple(Bytes(std::string("abc")), std::vector<Classes>{})),
            R"({"tuple":[{"bytes":{"size":3}},{"list":[]}]})");
  EXPECT_EQ(codecs().line(Payload::from(std::make_tuple(image, tensor_of<float>({1})))).value(), "(3x2 rgb, f32[1])");
}

}  // namespace
}  // namespace gantry::inline GANTRY_ABI
