// SPDX-License-Identifier: Apache-2.0
#include "cli/render.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <gantry/bytes.hpp>
#include <gantry/classify.hpp>
#include <gantry/image.hpp>
#include <gantry/tensor.hpp>

namespace gantry::cli {
namespace {

using detail::Value;

template <class T>
const T* as(const Value& value) {
  return detail::same_type(value.type(), detail::type_of<T>()) ? &value.get<T>() : nullptr;
}

/// The double with the fewest digits that reads back as this float: 0.3946, not 0.39460000395774841.
double shortest(float value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double result = value;
  std::from_chars(text.data(), end, result);
  return result;
}

Json number(float value) {
  return std::isfinite(value) ? Json(shortest(value)) : Json(nullptr);
}

float widen(Float16 half) {
  const int exponent = (half.bits >> 10) & 31;
  const int mantissa = half.bits & 1023;
  const float sign = half.bits >> 15 ? -1.0f : 1.0f;
  if (exponent == 31) return mantissa ? std::nanf("") : sign * HUGE_VALF;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
  return sign * std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
}

float widen(BFloat16 half) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(half.bits) << 16);
}

template <class T>
Json element(T value) {
  if constexpr (std::is_same_v<T, float>)
    return number(value);
  else if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>)
    return number(widen(value));
  else if constexpr (std::is_same_v<T, double>)
    return std::isfinite(value) ? Json(value) : Json(nullptr);
  else
    return Json(value);
}

template <class T>
Json elements(const Tensor& tensor) {
  Json list = Json::array();
  const T* data = static_cast<const T*>(tensor.data());
  for (std::int64_t i = 0; i < tensor.numel(); ++i) list.push_back(element(data[i]));
  return list;
}

Json elements_of(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::kF32:
      return elements<float>(tensor);
    case DType::kF16:
      return elements<Float16>(tensor);
    case DType::kBF16:
      return elements<BFloat16>(tensor);
    case DType::kF64:
      return elements<double>(tensor);
    case DType::kU8:
      return elements<std::uint8_t>(tensor);
    case DType::kI8:
      return elements<std::int8_t>(tensor);
    case DType::kI16:
      return elements<std::int16_t>(tensor);
    case DType::kI32:
      return elements<std::int32_t>(tensor);
    case DType::kI64:
      return elements<std::int64_t>(tensor);
    case DType::kBool:
      return elements<bool>(tensor);
  }
  return nullptr;
}

Json tensor_json(const Tensor& tensor) {
  const Tensor dense = tensor.contiguous().value();
  Json shape = Json::array();
  for (const std::int64_t extent : dense.shape()) shape.push_back(extent);
  return {{"dtype", to_string(dense.dtype())}, {"shape", shape}, {"data", elements_of(dense)}};
}

Json classes_json(const Classes& classes) {
  Json list = Json::array();
  for (const Class& entry : classes)
    list.push_back({{"index", entry.index}, {"label", entry.label}, {"score", number(entry.score)}});
  return {{"classes", list}};
}

/// A copy of the list, taken apart.
Json list_json(const Value& value) {
  Value copy = value.copy();
  if (!copy.has_value()) return {{"type", value.type().name()}};
  std::vector<Value> items(value.type().list->size(copy.data()));
  value.type().list->explode(copy.data(), items.data());
  Json list = Json::array();
  for (const Value& item : items) list.push_back(render(item));
  return {{"list", list}};
}

Json tuple_json(const Value& value) {
  Json list = Json::array();
  for (std::size_t i = 0; i < value.type().tuple->arity; ++i) {
    const Value item = value.type().tuple->copy_element(value.data(), i);
    list.push_back(item.has_value() ? render(item) : Json{{"type", value.type().tuple->element(i).name()}});
  }
  return {{"tuple", list}};
}

}  // namespace

Json render(const Value& value) {
  if (const auto* classes = as<Classes>(value)) return classes_json(*classes);
  if (const auto* tensor = as<Tensor>(value)) return {{"tensors", {{"output", tensor_json(*tensor)}}}};
  if (const auto* tensors = as<Tensors>(value)) {
    Json named = Json::object();
    for (const NamedTensor& item : *tensors) named[item.name] = tensor_json(item.tensor);
    return {{"tensors", named}};
  }
  if (const auto* image = as<Image>(value))
    return {
        {"image", {{"width", image->width()}, {"height", image->height()}, {"colour", to_string(image->colour())}}}};
  if (const auto* bytes = as<Bytes>(value)) return {{"bytes", {{"size", bytes->size()}}}};
  if (const auto* tuple = as<detail::ValueTuple>(value)) {
    Json list = Json::array();
    for (const Value& item : tuple->items) list.push_back(render(item));
    return {{"tuple", list}};
  }
  if (value.type().list) return list_json(value);
  if (value.type().tuple) return tuple_json(value);
  return {{"type", value.type().name()}};
}

Json render(const Error& error) {
  const std::string code = to_string(error.code());
  return {{"code", code}, {"message", error.to_string().substr(code.size() + 2)}};
}

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace gantry::cli
