// SPDX-License-Identifier: Apache-2.0
#include "cli/render.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <gantry/classify.hpp>
#include <gantry/image.hpp>
#include <limits>
#include <tuple>
#include <vector>

namespace gantry::cli {
namespace {

using detail::Value;

template <class T>
std::string line_of(T payload) {
  return to_line(render(Value(std::move(payload))));
}

template <class T>
Tensor tensor_of(std::vector<T> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return Tensor::from<T>(Span<const T>(values.data(), values.size()), {count}).value();
}

TEST(Render, WritesClassesInOrderWithTheShortestNumbersThatReadBackEqual) {
  EXPECT_EQ(line_of(Classes({{282, "tiger cat", 0.3946f}, {0, "", 1.0f}})),
            R"({"classes":[{"index":282,"label":"tiger cat","score":0.3946},{"index":0,"label":"","score":1.0}]})");
}

TEST(Render, WritesALoneTensorAsOutput) {
  EXPECT_EQ(line_of(Tensor::from<std::int64_t>(
                        Span<const std::int64_t>(std::vector<std::int64_t>{-1, 1LL << 60}.data(), 2), {2, 1})
                        .value()),
            R"({"tensors":{"output":{"dtype":"i64","shape":[2,1],"data":[-1,1152921504606846976]}}})");
}

TEST(Render, WritesEveryDType) {
  const auto data = [](const Tensor& tensor) { return to_line(render(Value(tensor))["tensors"]["output"]["data"]); };
  EXPECT_EQ(data(tensor_of<float>({0.1f, 16777216.0f})), "[0.1,16777216.0]");
  EXPECT_EQ(data(tensor_of<double>({0.1})), "[0.1]");
  EXPECT_EQ(data(tensor_of<std::uint8_t>({0, 255})), "[0,255]");
  EXPECT_EQ(data(tensor_of<std::int8_t>({-128})), "[-128]");
  EXPECT_EQ(data(tensor_of<std::int16_t>({-32768})), "[-32768]");
  EXPECT_EQ(data(tensor_of<std::int32_t>({-2147483647})), "[-2147483647]");
  const bool yes_no[] = {true, false};
  EXPECT_EQ(data(Tensor::from<bool>(yes_no, {2}).value()), "[true,false]");
  // 1, -2, the smallest subnormal, the largest number, infinity
  EXPECT_EQ(data(tensor_of<Float16>({{0x3c00}, {0xc000}, {0x0001}, {0x7bff}, {0x7c00}})),
            "[1.0,-2.0,5.9604645e-08,65504.0,null]");
  EXPECT_EQ(data(tensor_of<BFloat16>({{0x3f80}, {0xc000}, {0x7f80}})), "[1.0,-2.0,null]");
}

TEST(Render, WritesNumbersThatJsonLacksAsNull) {
  const float nan = std::nanf(""), infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(to_line(render(Value(tensor_of<float>({nan, -infinity, 1})))["tensors"]["output"]["data"]),
            "[null,null,1.0]");
}

TEST(Render, WritesAViewInTheOrderOfItsShape) {
  const Tensor matrix = tensor_of<std::uint8_t>({1, 2, 3, 4, 5, 6}).reshape({2, 3}).value();
  const std::size_t axes[] = {1, 0};
  EXPECT_EQ(line_of(matrix.permute(axes).value()),
            R"({"tensors":{"output":{"dtype":"u8","shape":[3,2],"data":[1,4,2,5,3,6]}}})");
}

TEST(Render, WritesTensorsByName) {
  EXPECT_EQ(line_of(Tensors{{"b", tensor_of<std::uint8_t>({1})}, {"a", tensor_of<std::uint8_t>({2})}}),
            R"({"tensors":{"b":{"dtype":"u8","shape":[1],"data":[1]},"a":{"dtype":"u8","shape":[1],"data":[2]}}})");
}

TEST(Render, WritesListsAndTuplesOfAnything) {
  const Image image = Image::make(3, 2, Colour::kRgb).value();
  EXPECT_EQ(line_of(std::vector<Image>{image}), R"({"list":[{"image":{"width":3,"height":2,"colour":"rgb"}}]})");
  EXPECT_EQ(line_of(std::make_tuple(Bytes(std::string("abc")), std::vector<Classes>{})),
            R"({"tuple":[{"bytes":{"size":3}},{"list":[]}]})");
  std::vector<Value> items;
  items.emplace_back(Classes());
  EXPECT_EQ(line_of(detail::ValueTuple(std::move(items))), R"({"tuple":[{"classes":[]}]})");
}

TEST(Render, NamesATypeItDoesNotKnow) {
  EXPECT_EQ(line_of(3), R"({"type":"int"})");
}

TEST(Render, WritesAnErrorsCodeAndItsPlace) {
  const Error error = Error(ErrorCode::kInvalidArgument, "truncated").within("stage 'image.decode'").within("each[3]");
  EXPECT_EQ(to_line(render(error)),
            R"({"code":"invalid_argument","message":"each[3] > stage 'image.decode': truncated"})");
}

TEST(Render, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(to_line(Json{{"input", "a\xff"}}), "{\"input\":\"a\xef\xbf\xbd\"}");
}

}  // namespace
}  // namespace gantry::cli
